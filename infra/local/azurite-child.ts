/**
 * Runs Azurite in this process and ends with its parent: standard input is a pipe whose other end the
 * parent holds, so it closes however the parent dies, SIGKILL included.
 */
import { createRequire } from 'node:module';

const GRACE_MS = 4000;

process.stdin.on('error', () => {}).on('close', shutDown);
process.stdin.resume();
process.on('SIGTERM', exitSoon).on('SIGINT', exitSoon);
createRequire(import.meta.url)('azurite/dist/src/azurite.js');

function shutDown() {
  // Azurite's own handler closes its servers and writes its database when a folder is used.
  process.emit('SIGTERM');
}

function exitSoon() {
  // A client's kept-alive connection must not keep the emulator up.
  setTimeout(() => process.exit(0), GRACE_MS).unref();
  process.stdin.unref();
}

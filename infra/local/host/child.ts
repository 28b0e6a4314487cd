/**
 * The host as a process of its own, which a crash test may kill. Takes its options as JSON in the first
 * argument; prints one line of JSON, `{"ready":true,"url":...}` or `{"ready":false,"error":...}`; logs
 * as JSON lines to standard error. Ends with its parent, whose pipe it has as standard input.
 */
import { answerCalls } from './calls.ts';
import { type HostOptions, startHost } from './host.ts';
import { describe, type LogRecord } from './log.ts';
import { stopOnSignals } from './signals.ts';

const say = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`);
const log = (record: LogRecord) => process.stderr.write(`${JSON.stringify(record)}\n`);

try {
  const options = JSON.parse(process.argv[2] ?? '{}') as HostOptions;
  const host = await startHost({ ...options, log });
  stopOnSignals(() => host.stop());
  answerCalls(host);
  process.stdin.on('close', () => process.exit(0)).resume();
  say({ ready: true, url: host.url, pid: process.pid, functions: host.functions.map((each) => each.name) });
} catch (error) {
  say({ ready: false, error: describe(error) });
  process.exitCode = 1;
}

/** `npm start [appDir]`: the app in the local host, on Azurite. */
import path from 'node:path';
import { describeError } from '../../shared/errors.ts';
import { type Azurite, findOrStartAzurite } from './azurite.ts';
import { type Host, startHost } from './host/host.ts';
import { type LogRecord, oneLine } from './host/log.ts';
import { readLocalSettings } from './host/settings.ts';
import { stopOnSignals } from './host/signals.ts';
import { welcome } from './welcome.ts';

process.setSourceMapsEnabled(true);
const appDir = path.resolve(process.argv[2] ?? path.join(import.meta.dirname, '../..'));
const QUIETER = new Set(['trace', 'debug']);

try {
  const azurite = await storage();
  try {
    const host = await startHost({
      appDir,
      log,
      env: azurite ? { AzureWebJobsStorage: azurite.connectionString } : {},
    });
    stopOnSignals(() => stop(host, azurite));
    process.stdout.write(welcome(host, azurite));
  } catch (error) {
    await azurite?.stop();
    throw error;
  }
} catch (error) {
  process.stderr.write(`${refusal(error)}\n`);
  process.exitCode = 1;
}

/** Azurite, unless the settings name a storage account that is not the emulator's. */
async function storage(): Promise<Azurite | undefined> {
  const named = process.env['AzureWebJobsStorage'] ?? readLocalSettings(appDir)['AzureWebJobsStorage'];
  const isEmulator = !named || /UseDevelopmentStorage=true/i.test(named);
  return isEmulator ? findOrStartAzurite({ folder: path.join(appDir, '.azurite') }) : undefined;
}

async function stop(host: Host, azurite: Azurite | undefined): Promise<void> {
  process.stdout.write('Stopping.\n');
  await host.stop();
  await azurite?.stop();
}

/** Faults in settings are the operator's to mend: their own words, and no stack around them. */
function refusal(error: unknown): string {
  const { code, remedy, message, stack } = error as Partial<
    Record<'code' | 'remedy' | 'message' | 'stack', string>
  >;
  if (code === 'config') return [message, remedy].filter(Boolean).join('\n');
  if (code === 'EADDRINUSE') return `${message}. Set PORT to another port.`;
  return stack ?? describeError(error);
}

function log(record: LogRecord): void {
  if (!QUIETER.has(record.level)) process.stderr.write(`${oneLine(record)}\n`);
}

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';

/** The emulator's account and key, published by Microsoft: not a secret. */
const ACCOUNT = 'devstoreaccount1';
const KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

const HOST = '127.0.0.1';
const SERVICES = ['Blob', 'Queue', 'Table'] as const;
type Service = (typeof SERVICES)[number];

export interface AzuritePorts {
  readonly blobPort: number;
  readonly queuePort: number;
  readonly tablePort: number;
}

export const DEFAULT_PORTS: AzuritePorts = { blobPort: 10_000, queuePort: 10_001, tablePort: 10_002 };

export interface Azurite extends AzuritePorts {
  readonly connectionString: string;
  /** True where this process started it; `stop` leaves a found one alone. */
  readonly started: boolean;
  stop(): Promise<void>;
}

export interface AzuriteOptions {
  /** Free ports are taken for those not named. */
  readonly ports?: Partial<AzuritePorts>;
  /** Where data is kept; in memory only when absent. */
  readonly folder?: string;
  /** How long starting may take, milliseconds. */
  readonly limitMs?: number;
}

export const connectionStringFor = (ports: AzuritePorts): string =>
  [
    'DefaultEndpointsProtocol=http',
    `AccountName=${ACCOUNT}`,
    `AccountKey=${KEY}`,
    `BlobEndpoint=http://${HOST}:${ports.blobPort}/${ACCOUNT}`,
    `QueueEndpoint=http://${HOST}:${ports.queuePort}/${ACCOUNT}`,
    `TableEndpoint=http://${HOST}:${ports.tablePort}/${ACCOUNT}`,
  ].join(';');

export async function startAzurite(options: AzuriteOptions = {}): Promise<Azurite> {
  const child = spawnAzurite(options);
  try {
    const ports = await listeningPorts(child, options.limitMs ?? 60_000);
    child.stdout?.resume();
    const connectionString = connectionStringFor(ports);
    return { ...ports, connectionString, started: true, stop: () => stopChild(child) };
  } catch (error) {
    await stopChild(child);
    throw error;
  }
}

/** Uses the emulator that already listens on these ports, else starts one there. */
export async function findOrStartAzurite(
  options: AzuriteOptions & { readonly ports?: AzuritePorts } = {},
): Promise<Azurite> {
  const ports = options.ports ?? DEFAULT_PORTS;
  const listening = await Promise.all([ports.blobPort, ports.queuePort, ports.tablePort].map(answers));
  if (!listening.every(Boolean)) return startAzurite({ ...options, ports });
  return { ...ports, connectionString: connectionStringFor(ports), started: false, stop: async () => {} };
}

function spawnAzurite(options: AzuriteOptions): ChildProcess {
  const port = (name: keyof AzuritePorts) => [`--${name}`, String(options.ports?.[name] ?? 0)];
  const keep =
    options.folder === undefined ? ['--inMemoryPersistence'] : ['--location', path.resolve(options.folder)];
  const flags = [
    ...['blobHost', 'queueHost', 'tableHost'].flatMap((name) => [`--${name}`, HOST]),
    ...['blobPort', 'queuePort', 'tablePort'].flatMap((name) => port(name as keyof AzuritePorts)),
    ...keep,
    // The SDKs send a newer API version than Azurite knows.
    '--skipApiVersionCheck',
    '--disableTelemetry',
    '--silent',
  ];
  // Its own process group: a Ctrl-C in the terminal must reach the host first, which then stops this one.
  return spawn(process.execPath, [path.join(import.meta.dirname, 'azurite-child.ts'), ...flags], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
}

/** Reads the ports from Azurite's own announcements: a port chosen here could be taken before it starts. */
async function listeningPorts(child: ChildProcess, limitMs: number): Promise<AzuritePorts> {
  const said: string[] = [];
  const found = new Map<Service, number>();
  const signal = AbortSignal.timeout(limitMs);
  const all = new Promise<void>((resolve, reject) => {
    child.stderr!.on('data', (chunk: Buffer) => said.push(chunk.toString()));
    createInterface(child.stdout!).on('line', (line) => {
      said.push(`${line}\n`);
      noteListening(line, found);
      if (found.size === SERVICES.length) resolve();
    });
    child.once('error', reject);
    child.once('exit', (code) =>
      reject(new Error(`Azurite ended with ${code} before it listened: ${said.join('')}`)),
    );
    signal.addEventListener('abort', () =>
      reject(new Error(`Azurite did not listen in time: ${said.join('')}`)),
    );
  });
  await all;
  return { blobPort: found.get('Blob')!, queuePort: found.get('Queue')!, tablePort: found.get('Table')! };
}

function noteListening(line: string, found: Map<Service, number>) {
  const match = /Azurite (Blob|Queue|Table) service is successfully listening at http:\/\/.*:(\d+)/.exec(
    line,
  );
  if (match) found.set(match[1] as Service, Number(match[2]));
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const last = setTimeout(() => child.kill('SIGKILL'), 6000);
  await exited;
  clearTimeout(last);
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, HOST);
    const settle = (listening: boolean) => {
      socket.destroy();
      resolve(listening);
    };
    socket.setTimeout(1000, () => settle(false));
    socket.once('connect', () => settle(true)).once('error', () => settle(false));
  });
}

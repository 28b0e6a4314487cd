import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { callerOf } from './calls.ts';
import type { HostOptions } from './host.ts';
import type { LogRecord } from './log.ts';

/** A host in a process of its own. */
export interface HostProcess {
  readonly url: string;
  readonly pid: number;
  readonly functions: readonly string[];
  /** What it logged, oldest first; the last thousand records. */
  readonly logs: readonly LogRecord[];
  /** Resolves with how it ended. */
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  /** As the host's own. */
  idle(limitMs?: number): Promise<void>;
  runTimer(name: string): Promise<void>;
  kill(signal: NodeJS.Signals): void;
  /** SIGTERM, and waits for the end. */
  stop(): Promise<void>;
}

type FirstLine =
  | {
      readonly ready: true;
      readonly url: string;
      readonly pid: number;
      readonly functions: readonly string[];
    }
  | { readonly ready: false; readonly error: string };

const KEPT_LOGS = 1000;

export async function startHostProcess(options: Omit<HostOptions, 'log'>): Promise<HostProcess> {
  const script = path.join(import.meta.dirname, 'child.ts');
  const child = spawn(process.execPath, [...nodeArguments(options.env), script, JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'pipe', 'ipc'],
    // Settings are the worker's environment from its start: its memory allocator reads it before any code of ours runs.
    env: { ...process.env, ...options.env },
  });
  const logs = collectLogs(child);
  const exited = once(child, 'exit').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
  }));
  const first = await firstLine(child, exited);
  if (!first.ready) throw new Error(first.error);
  const call = callerOf(child);
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
  };
  return {
    url: first.url,
    pid: first.pid,
    functions: first.functions,
    logs,
    exited,
    idle: (limitMs) => call('idle', limitMs),
    runTimer: (name) => call('runTimer', name),
    kill: (signal) => child.kill(signal),
    stop,
  };
}

/** The real host hands this setting's words to its Node worker. */
const nodeArguments = (env: HostOptions['env']): string[] =>
  (env?.['languageWorkers__node__arguments'] ?? '').split(' ').filter((word) => word !== '');

async function firstLine(child: ChildProcess, exited: Promise<unknown>): Promise<FirstLine> {
  const lines = createInterface(child.stdout!);
  const ended = exited.then(() =>
    JSON.stringify({ ready: false, error: 'The host ended before it was ready.' }),
  );
  const line = await Promise.race([once(lines, 'line').then(([text]) => text as string), ended]);
  child.stdout!.resume();
  return JSON.parse(line) as FirstLine;
}

function collectLogs(child: ChildProcess): LogRecord[] {
  const logs: LogRecord[] = [];
  createInterface(child.stderr!).on('line', (line) => {
    logs.push(parseLog(line));
    if (logs.length > KEPT_LOGS) logs.shift();
  });
  return logs;
}

function parseLog(line: string): LogRecord {
  try {
    return JSON.parse(line) as LogRecord;
  } catch {
    // The app, or Node itself, wrote to standard error.
    return { level: 'error', category: 'stderr', message: line };
  }
}

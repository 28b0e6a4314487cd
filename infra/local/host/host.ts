import { loadApp } from './app.ts';
import type { HostedFunction } from './functions.ts';
import { readHostSettings } from './host-json.ts';
import { untilIdle } from './idle.ts';
import type { Invocation } from './invocations.ts';
import { silent } from './log.ts';
import { type Machinery, wireUp } from './machinery.ts';
import type { HostOptions } from './options.ts';
import type { Route } from './routes.ts';
import { listen, type RunningServer } from './server.ts';
import { applySettings, readLocalSettings } from './settings.ts';

export type { HostOptions } from './options.ts';

export interface Host {
  readonly url: string;
  readonly functions: readonly HostedFunction[];
  readonly routes: readonly Route[];
  /** The last few hundred, oldest first. */
  readonly invocations: readonly Invocation[];
  /** Resolves when nothing runs and all trigger queues are empty; rejects after `limitMs` (10 minutes). */
  idle(limitMs?: number): Promise<void>;
  /** Runs a timer now, after any run of it under way; rejects with the function's error. */
  runTimer(name: string): Promise<void>;
  /** Takes no new work, waits for what runs, resolves to whether all of it ended. */
  stop(): Promise<boolean>;
}

/** The environment and the patched `require` are the process's: two hosts would mix theirs. */
let occupied = false;

/** Starts a stand-in for the Azure Functions host in this process. One host at a time. */
export async function startHost(options: HostOptions): Promise<Host> {
  if (occupied) throw new Error('This process has a host already: stop it, or use startHostProcess.');
  occupied = true;
  const restoreEnv = applySettings(process.env, options.env ?? {}, readLocalSettings(options.appDir));
  const release = () => {
    restoreEnv();
    occupied = false;
  };
  try {
    return await open(options, release);
  } catch (error) {
    release();
    throw error;
  }
}

async function open(options: HostOptions, release: () => void): Promise<Host> {
  const settings = readHostSettings(options.appDir, process.env);
  const app = await loadApp(options.appDir, options.log ?? silent);
  const stopping = new AbortController();
  try {
    const machinery = wireUp(app, { settings, options, env: process.env, stopping: stopping.signal });
    const server = await serve(machinery, options, stopping.signal);
    startTriggers(machinery, options);
    const stop = async () => {
      stopping.abort();
      const quiet = await halt(server, machinery, options.stopGraceMs ?? 10_000);
      await app.terminate().finally(release);
      return quiet;
    };
    return handleOf(server, machinery, onceOnly(stop));
  } catch (error) {
    await app.terminate();
    throw error;
  }
}

function handleOf(server: RunningServer, machinery: Machinery, stop: () => Promise<boolean>): Host {
  const { functions, routes, timers, listeners, invoker, activity } = machinery;
  const queues = listeners.map((listener) => listener.queue);
  return {
    url: server.url,
    functions,
    routes,
    invocations: invoker.invocations,
    idle: (limitMs = 600_000) => untilIdle(activity, queues, limitMs),
    runTimer: async (name) => timerNamed(timers, name).run(),
    stop,
  };
}

function serve(
  { serve, activity }: Machinery,
  options: HostOptions,
  stopping: AbortSignal,
): Promise<RunningServer> {
  const port = options.port ?? Number(process.env['PORT'] || 7071);
  return listen({ port, serve, activity, log: options.log ?? silent, stopping });
}

function startTriggers({ timers, listeners }: Machinery, options: HostOptions) {
  if (options.timers ?? true) timers.filter((timer) => !timer.disabled).forEach((timer) => timer.start());
  listeners.forEach((listener) => listener.start());
}

/** No new work first, then what runs gets its time, and what still runs then is given up. */
async function halt(
  server: RunningServer,
  { listeners, activity }: Machinery,
  graceMs: number,
): Promise<boolean> {
  server.stopListening();
  await Promise.all(listeners.map((listener) => listener.stopped()));
  const quiet = await activity.quiet(graceMs);
  listeners.forEach((listener) => listener.abandon());
  await server.close();
  return quiet;
}

function timerNamed(timers: Machinery['timers'], name: string) {
  const found = timers.find((timer) => timer.name === name);
  const names = timers.map((timer) => timer.name).join(', ') || 'none';
  if (!found) throw new Error(`No timer is named '${name}'; there are ${names}.`);
  return found;
}

function onceOnly<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => (result ??= work());
}

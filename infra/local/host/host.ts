import { Activity } from './activity.ts';
import { Admin } from './admin.ts';
import { type App, loadApp } from './app.ts';
import { describeFunction, type HostedFunction } from './functions.ts';
import { type HostSettings, readHostSettings } from './host-json.ts';
import { HttpFront } from './http-front.ts';
import { untilIdle } from './idle.ts';
import { type Invocation, Invoker } from './invocations.ts';
import type { HostKeys } from './keys.ts';
import { type Log, silent } from './log.ts';
import { Outputs } from './outputs.ts';
import { QueueListener } from './queue-listener.ts';
import { Queues } from './queues.ts';
import { type Route, routesOf, shadowedRoutes } from './routes.ts';
import { listen, type RunningServer, type Serve } from './server.ts';
import { applySettings, type Env, readLocalSettings } from './settings.ts';
import { TimerTrigger } from './timer-trigger.ts';

export interface HostOptions {
  /** Holds package.json, whose `main` names the compiled app, and host.json. */
  readonly appDir: string;
  /** 0: any free one. PORT, else 7071, by default. */
  readonly port?: number;
  /** App settings; they win over the environment, which wins over local.settings.json. */
  readonly env?: Readonly<Env>;
  readonly keys?: HostKeys;
  readonly log?: Log;
  /** False: timers run only when asked to. */
  readonly timers?: boolean;
  /** Time an HTTP answer may take; 230 s by default, as Azure's load balancer gives. */
  readonly httpLimitMs?: number;
  /** Longest pause between looks at an empty queue; host.json's maxPollingInterval caps it. 1 s by default. */
  readonly pollMs?: number;
  /**
   * How long a message stays invisible when its host dies; 30 s by default, where Azure takes 10 minutes.
   * Renewed while the function runs.
   */
  readonly queueLeaseMs?: number;
  /** How long `stop` waits for running invocations; 10 s by default. */
  readonly stopGraceMs?: number;
}

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

/** Starts a stand-in for the Azure Functions host in this process. One host at a time. */
export async function startHost(options: HostOptions): Promise<Host> {
  const log = options.log ?? silent;
  const restoreEnv = applySettings(process.env, options.env ?? {}, readLocalSettings(options.appDir));
  try {
    const settings = readHostSettings(options.appDir, process.env);
    const app = await loadApp(options.appDir, log);
    return await assemble(app, settings, options, log, restoreEnv).catch(async (error: unknown) => {
      await app.terminate();
      throw error;
    });
  } catch (error) {
    restoreEnv();
    throw error;
  }
}

async function assemble(
  app: App,
  settings: HostSettings,
  options: HostOptions,
  log: Log,
  restoreEnv: () => void,
): Promise<Host> {
  const functions = app.functions.map((metadata) => describeFunction(metadata, process.env));
  const queues = new Queues(process.env);
  const outputs = new Outputs(queues, settings.queues.messageEncoding);
  functions.forEach((each) => outputs.check(each));
  const stopping = new AbortController();
  const activity = new Activity();
  const invoker = new Invoker({
    app,
    activity,
    log,
    functionTimeoutMs: settings.functionTimeoutMs,
    stopping: stopping.signal,
    sendOutputs: (of, response) => outputs.send(of, response),
  });
  const shared = { invoker, activity, log, stopping: stopping.signal };
  const timers = ofType(functions, 'timer').map((of) => new TimerTrigger({ of, ...shared }));
  const listeners = listenersOf(functions, queues, settings, options, shared);
  const routes = routesOf(ofType(functions, 'http'), settings.routePrefix);
  warnOfShadowed(routes, log);
  const serve = serveWith(functions, timers, routes, invoker, options);
  const server = await listen({ port: portOf(options), serve, activity, log, stopping: stopping.signal });
  if (options.timers ?? true)
    timers.filter((timer) => isEnabled(functions, timer.name)).forEach((timer) => timer.start());
  listeners.forEach((listener) => listener.start());
  return {
    url: server.url,
    functions,
    routes,
    invocations: invoker.invocations,
    idle: (limitMs = 600_000) =>
      untilIdle(
        activity,
        listeners.map((each) => each.queue),
        limitMs,
      ),
    runTimer: async (name) => timerNamed(timers, name).run(),
    stop: onceOnly(async () => {
      stopping.abort();
      const quiet = await halt(server, listeners, activity, options.stopGraceMs ?? 10_000);
      await app.terminate();
      restoreEnv();
      return quiet;
    }),
  };
}

type Shared = Pick<
  ConstructorParameters<typeof QueueListener>[0],
  'invoker' | 'activity' | 'log' | 'stopping'
>;

function listenersOf(
  functions: readonly HostedFunction[],
  queues: Queues,
  settings: HostSettings,
  options: HostOptions,
  shared: Shared,
): QueueListener[] {
  const leaseMs = options.queueLeaseMs ?? 30_000;
  const longestPollMs = Math.min(options.pollMs ?? 1000, settings.queues.maxPollingIntervalMs);
  return ofType(functions, 'queue')
    .filter((of) => !of.disabled)
    .map((of) => {
      const service = queues.service(of.connection);
      return new QueueListener({ of, service, settings: settings.queues, leaseMs, longestPollMs, ...shared });
    });
}

function serveWith(
  functions: readonly HostedFunction[],
  timers: readonly TimerTrigger[],
  routes: readonly Route[],
  invoker: Invoker,
  options: HostOptions,
): Serve {
  const { keys, httpLimitMs = 230_000 } = options;
  const admin = new Admin({ functions, timers, invoker, keys });
  const front = new HttpFront({ routes, invoker, keys, httpLimitMs });
  return (request, response, url) =>
    url.pathname.startsWith('/admin/')
      ? admin.serve(request, response, url)
      : front.serve(request, response, url);
}

/** No new work first, then what runs gets its time, and what still runs then is given up. */
async function halt(
  server: RunningServer,
  listeners: readonly QueueListener[],
  activity: Activity,
  graceMs: number,
) {
  server.stopListening();
  await Promise.all(listeners.map((listener) => listener.stopped()));
  const quiet = await activity.quiet(graceMs);
  listeners.forEach((listener) => listener.abandon());
  await server.close();
  return quiet;
}

const ofType = <T extends HostedFunction['type']>(functions: readonly HostedFunction[], type: T) =>
  functions.filter((each): each is Extract<HostedFunction, { type: T }> => each.type === type);

const isEnabled = (functions: readonly HostedFunction[], name: string): boolean =>
  functions.some((each) => each.name === name && !each.disabled);

function timerNamed(timers: readonly TimerTrigger[], name: string): TimerTrigger {
  const found = timers.find((timer) => timer.name === name);
  if (!found)
    throw new Error(
      `No timer is named '${name}'; there are ${timers.map((timer) => timer.name).join(', ') || 'none'}.`,
    );
  return found;
}

function warnOfShadowed(routes: readonly Route[], log: Log) {
  for (const { route, by } of shadowedRoutes(routes)) {
    const message = `${route.path} of '${route.function.name}' is shadowed by ${by.path} of '${by.function.name}': Azure tries routes in the order of function names.`;
    log({ level: 'warning', category: 'host', message, functionName: route.function.name });
  }
}

const portOf = (options: HostOptions): number => options.port ?? Number(process.env['PORT'] || 7071);

function onceOnly<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => (result ??= work());
}

import { Activity } from './activity.ts';
import { Admin } from './admin.ts';
import type { App } from './app.ts';
import { describeFunction, type HostedFunction } from './functions.ts';
import type { HostSettings } from './host-json.ts';
import { HttpFront } from './http-front.ts';
import { Invoker } from './invocations.ts';
import { type Log, silent } from './log.ts';
import type { HostOptions } from './options.ts';
import { Outputs } from './outputs.ts';
import { QueueListener } from './queue-listener.ts';
import { Queues } from './queues.ts';
import { type Route, routesOf, shadowedRoutes } from './routes.ts';
import type { Serve } from './server.ts';
import type { Env } from './settings.ts';
import { TimerTrigger } from './timer-trigger.ts';

/** A loaded app's triggers, wired up and not yet started. */
export interface Machinery {
  readonly functions: readonly HostedFunction[];
  readonly routes: readonly Route[];
  readonly timers: readonly TimerTrigger[];
  readonly listeners: readonly QueueListener[];
  readonly invoker: Invoker;
  readonly activity: Activity;
  readonly serve: Serve;
}

export interface Surroundings {
  readonly settings: HostSettings;
  readonly options: HostOptions;
  readonly env: Readonly<Env>;
  readonly stopping: AbortSignal;
}

/** Whatever is wrong with a function's bindings comes out here, before anything runs. */
export function wireUp(app: App, around: Surroundings): Machinery {
  const functions = app.functions.map((metadata) => describeFunction(metadata, around.env));
  const queues = new Queues(around.env);
  const shared = shareableParts(app, functions, queues, around);
  const timers = ofType(functions, 'timer').map((of) => new TimerTrigger({ of, ...shared }));
  const listeners = listenersOf(functions, queues, around, shared);
  const routes = routesOf(ofType(functions, 'http'), around.settings.routePrefix);
  warnOfShadowed(routes, shared.log);
  const { invoker, activity } = shared;
  const serve = serveWith(functions, timers, routes, invoker, around.options);
  return { functions, routes, timers, listeners, invoker, activity, serve };
}

interface Shared {
  readonly invoker: Invoker;
  readonly activity: Activity;
  readonly log: Log;
  readonly stopping: AbortSignal;
}

function shareableParts(
  app: App,
  functions: readonly HostedFunction[],
  queues: Queues,
  around: Surroundings,
): Shared {
  const { settings, stopping } = around;
  const log = around.options.log ?? silent;
  const activity = new Activity();
  const outputs = new Outputs(queues, settings.queues.messageEncoding);
  functions.forEach((each) => outputs.check(each));
  const sendOutputs: Outputs['send'] = (of, response) => outputs.send(of, response);
  const { functionTimeoutMs } = settings;
  return {
    invoker: new Invoker({ app, activity, log, functionTimeoutMs, stopping, sendOutputs }),
    activity,
    log,
    stopping,
  };
}

function listenersOf(
  functions: readonly HostedFunction[],
  queues: Queues,
  { settings, options }: Surroundings,
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
  { keys, httpLimitMs = 230_000 }: HostOptions,
): Serve {
  const admin = new Admin({ functions, timers, invoker, keys });
  const front = new HttpFront({ routes, invoker, keys, httpLimitMs });
  return (request, response, url) =>
    url.pathname.startsWith('/admin/')
      ? admin.serve(request, response, url)
      : front.serve(request, response, url);
}

const ofType = <T extends HostedFunction['type']>(functions: readonly HostedFunction[], type: T) =>
  functions.filter((each): each is Extract<HostedFunction, { type: T }> => each.type === type);

function warnOfShadowed(routes: readonly Route[], log: Log) {
  for (const { route, by } of shadowedRoutes(routes)) {
    const [name, other] = [route.function.name, by.function.name];
    const message =
      `${route.path} of '${name}' is shadowed by ${by.path} of '${other}': ` +
      'Azure tries routes in the order of function names.';
    log({ level: 'warning', category: 'host', message, functionName: name });
  }
}

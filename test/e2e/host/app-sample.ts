/** A function app that shows what the host hands over and does with what it gets back. */
import {
  app,
  type HttpRequest,
  type HttpResponseInit,
  type InvocationContext,
  output,
} from '@azure/functions';

interface Order {
  readonly name: string;
  /** Fails while the message was fetched no more often than this. */
  readonly failures?: number;
  readonly waitMs?: number;
  readonly next?: readonly unknown[];
}

/** What functions saw, for tests that load this app into their own process. */
const seen = ((globalThis as { sampleSeen?: unknown[] }).sampleSeen ??= []);
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const settings = process.env;

app.setup({ capabilities: {} });
app.hook.preInvocation(
  (context) => void (context.hookData['began'] = context.invocationContext.functionName),
);
app.hook.postInvocation((context) => {
  if (context.hookData['began'] === 'hooked')
    context.result = { body: 'by the hook' } satisfies HttpResponseInit;
});
app.hook.appTerminate(() => void seen.push({ terminated: true }));

app.http('echo', { route: 'echo/{kind?}', methods: ['GET', 'POST', 'PUT', 'HEAD'], handler: echo });

async function echo(request: HttpRequest): Promise<HttpResponseInit> {
  const body = Buffer.from(await request.arrayBuffer()).toString('base64');
  const { method, url, params, user } = request;
  const query = Object.fromEntries(request.query);
  return {
    jsonBody: { method, url, params, query, headers: Object.fromEntries(request.headers), body, user },
  };
}

app.http('mirror', {
  methods: ['POST'],
  handler: async (request) => ({
    body: Buffer.from(await request.arrayBuffer()),
    headers: { 'content-type': 'application/octet-stream', 'x-mirror': 'yes' },
    status: 201,
  }),
});

const names = (name: string) => (request: HttpRequest) => ({ jsonBody: { name, params: request.params } });
app.http('itemById', { route: 'items/{id}', methods: ['GET'], handler: names('itemById') });
app.http('itemRecent', { route: 'items/recent', methods: ['GET'], handler: names('itemRecent') });
app.http('anItemFirst', { route: 'items/first', methods: ['GET'], handler: names('anItemFirst') });
app.http('number', { route: 'numbers/{n:int:min(1)}', methods: ['GET'], handler: names('number') });
app.http('numberByName', { route: 'numbers/{word:alpha}', methods: ['GET'], handler: names('numberByName') });
app.http('files', { route: 'files/{*path}', methods: ['GET'], handler: names('files') });
app.http('document', { route: 'documents/{name}.{ext}', methods: ['GET'], handler: names('document') });
app.http('onlyPost', { methods: ['POST'], handler: names('onlyPost') });
app.http('defaults', { handler: names('defaults') });

app.http('open', { methods: ['GET'], authLevel: 'anonymous', handler: names('open') });
app.http('keyed', { methods: ['GET'], authLevel: 'function', handler: names('keyed') });
app.http('guarded', { methods: ['GET'], authLevel: 'admin', handler: names('guarded') });

app.http('hooked', { methods: ['GET'], handler: () => ({ body: 'by the function' }) });
app.http('nothing', { methods: ['GET'], handler: () => undefined as unknown as HttpResponseInit });
app.http('fails', {
  methods: ['GET'],
  handler: () => {
    throw new Error('a secret of the inside');
  },
});
app.http('badAnswer', { methods: ['GET'], handler: () => 'no object' as unknown as HttpResponseInit });
app.http('slow', {
  methods: ['GET'],
  handler: async (request) => {
    await wait(Number(request.query.get('ms')));
    seen.push({ slow: 'ended' });
    return { body: 'at last' };
  },
});
app.http('statuses', {
  methods: ['GET', 'HEAD'],
  handler: (request) => ({ status: Number(request.query.get('status')) }),
});
app.http('cookies', {
  methods: ['GET'],
  handler: () => ({
    cookies: [
      { name: 'plain', value: 'a b' },
      {
        name: 'full',
        value: 'x',
        domain: 'example.org',
        path: '/p',
        secure: true,
        httpOnly: true,
        sameSite: 'Lax',
        maxAge: 60,
      },
      { name: 'dated', value: 'y', expires: new Date('2030-01-02T03:04:05Z'), sameSite: 'None' },
    ],
  }),
});

const toNext = output.storageQueue({ queueName: '%NEXT_QUEUE%', connection: 'WorkStorage' });

app.http('send', {
  methods: ['POST'],
  extraOutputs: [toNext],
  handler: async (request, context) => {
    context.extraOutputs.set(toNext, await request.json());
    return { status: 202 };
  },
});

app.storageQueue('work', {
  queueName: '%WORK_QUEUE%',
  connection: 'WorkStorage',
  return: toNext,
  handler: work,
});

async function work(message: unknown, context: InvocationContext): Promise<unknown> {
  const { dequeueCount, id } = context.triggerMetadata as { dequeueCount: number; id: string };
  const order = (Buffer.isBuffer(message) ? { name: message.toString('hex') } : message) as Order;
  seen.push({ work: order.name ?? order, dequeueCount, id });
  if (order.waitMs) await wait(order.waitMs);
  if (dequeueCount <= (order.failures ?? 0)) throw new Error(`attempt ${dequeueCount} fails`);
  seen.push({ done: order.name });
  return order.next;
}

app.storageQueue('next', {
  queueName: '%NEXT_QUEUE%',
  connection: 'WorkStorage',
  handler: (message) => void seen.push({ next: message }),
});

app.timer('tick', {
  schedule: '%TICK%',
  handler: async (timer) => {
    seen.push({ tick: 'begun', isPastDue: timer.isPastDue, next: timer.scheduleStatus?.next });
    await wait(Number(settings['TICK_MS'] ?? 0));
    seen.push({ tick: 'ended' });
  },
});
app.timer('stubborn', {
  schedule: '0 0 0 1 1 *',
  retry: { strategy: 'fixedDelay', maxRetryCount: 2, delayInterval: { milliseconds: 0 } },
  handler: (_, context) => {
    seen.push({ stubborn: context.retryContext?.retryCount });
    if ((context.retryContext?.retryCount ?? 0) < Number(settings['STUBBORN_FAILURES'] ?? 1))
      throw new Error('not yet');
  },
});
app.timer('onceAtStart', {
  schedule: '1.00:00:00',
  runOnStartup: true,
  handler: () => void seen.push({ atStart: true }),
});

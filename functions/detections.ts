import { app, type HttpRequest } from '@azure/functions';
import { z } from 'zod';
import { parseSpan } from '../shared/bundle/scope.ts';
import { Alerter } from '../shared/detect/alerts/alerter.ts';
import { parseAllowList } from '../shared/detect/allow/allow-list-text.ts';
import { DetectionConfig } from '../shared/detect/allow/config-table.ts';
import { BookShelf } from '../shared/detect/book-shelf.ts';
import { isoOf } from '../shared/detect/findings/finding.ts';
import { FindingsTable } from '../shared/detect/findings/findings-table.ts';
import { changeOf, findingQuery } from '../shared/detect/findings/requests.ts';
import { openNetworkLookup } from '../shared/detect/pivot/geoip.ts';
import { pivotFrom } from '../shared/detect/pivot/pivot.ts';
import { checkLoaded, listRules } from '../shared/detect/rule-list.ts';
import { detectNew } from '../shared/detect/run/detect-new.ts';
import { parseRunRequest } from '../shared/detect/run/requests.ts';
import { runStep } from '../shared/detect/run/run-step.ts';
import { createRun, readRun, runFindings, runMessage } from '../shared/detect/run/runs.ts';
import { HoldfastError, isHoldfastError } from '../shared/errors.ts';
import { parseMessage, QUEUE } from '../shared/messages.ts';
import { AUTH_LEVEL, checkCallerSpan, http, json, query, SECURITY, tenantOf } from './http.ts';
import { root } from './root.ts';

const { stores, settings, clock, log } = root;
const deps = { blobs: stores.archive, tables: stores.tables, queues: stores.queues, clock, log };
const config = new DetectionConfig(stores.tables, stores.archive);
const shelf = new BookShelf(config);
const findings = new FindingsTable(stores.tables);
const lookup = openNetworkLookup(settings.geoipDatabase);

/** Below the ten minutes of `functionTimeout`, with room for the batch under way. */
const TIMER_MS = 4 * 60_000;
const STEP_MS = 3 * 60_000;
const PAGE = 100;

app.timer('detect', {
  schedule: '30 */5 * * * *',
  handler: async () => {
    await root.ready();
    for (const tenant of settings.tenants) await detect(tenant);
  },
});

async function detect(tenant: string): Promise<void> {
  const { alertLevels: levels = ['high', 'critical'] } = await config.allowList(tenant);
  const alerter = new Alerter({
    url: settings.alertWebhookUrl,
    levels,
    tables: stores.tables,
    fetch,
    clock,
    log,
  });
  try {
    const untilMs = clock.now() + TIMER_MS;
    const report = await detectNew(deps, shelf, tenant, {
      untilMs,
      alert: (of, fresh) => alerter.alert(of, fresh),
    });
    log.info('detect.tick', { ...report });
  } catch (error) {
    // Another instance is at it; what it leaves is found by the next tick.
    if (!isHoldfastError(error, 'conflict')) throw error;
    log.warn('detect.conflict', { tenant });
  }
  await alerter.flush(tenant);
}

app.storageQueue('runDetection', {
  queueName: QUEUE.detection,
  connection: 'AzureWebJobsStorage',
  handler: async (message, context) => {
    await root.ready();
    const attempt = Number(context.triggerMetadata?.['dequeueCount'] ?? 1);
    await runStep(deps, parseMessage(runMessage, message), {
      shelf,
      untilMs: clock.now() + STEP_MS,
      attempt,
    });
  },
});

app.http('createRun', {
  route: 'detections/runs',
  methods: ['POST'],
  authLevel: AUTH_LEVEL,
  handler: http('Investigator', async (request, caller) => {
    const get = query(request, ['tenant']);
    const body = await bodyOf(request);
    const tenant = tenantOf(get('tenant') ?? z.object({ tenant: z.string() }).safeParse(body).data?.tenant);
    const asked = parseRunRequest(body, clock.now(), await shelf.bookOf(tenant));
    checkCallerSpan({ from: isoOf(asked.fromMs), to: isoOf(asked.toMs) }, caller);
    const run = await createRun(deps, { ...asked, tenant, by: caller.name });
    return json({ id: run.id, state: run.state }, 202, { location: `/api/detections/runs/${run.id}` });
  }),
});

app.http('run', {
  route: 'detections/runs/{id}',
  methods: ['GET'],
  authLevel: AUTH_LEVEL,
  handler: http('Investigator', async (request) => {
    const get = query(request, ['tenant', 'after']);
    const { run } = await readRun(stores.tables, tenantOf(get('tenant')), request.params['id'] ?? '');
    const page = await runFindings(stores.tables, run, PAGE, get('after'));
    const { fromMs, toMs, step: _step, cursor: _cursor, ...rest } = run;
    const progress = run.segments === 0 ? 0 : run.segmentsDone / run.segments;
    return json({
      ...rest,
      findingCount: run.findings,
      from: isoOf(fromMs),
      to: isoOf(toMs),
      progress: run.state === 'done' ? 1 : progress,
      findings: page.findings,
      ...(page.next ? { nextLink: linkTo(request, { after: page.next }) } : {}),
    });
  }),
});

app.http('findings', {
  route: 'findings',
  methods: ['GET'],
  authLevel: AUTH_LEVEL,
  handler: http('Investigator', async (request) => {
    const get = query(request, [
      'tenant',
      'from',
      'to',
      'user',
      'rule',
      'level',
      'minLevel',
      'session',
      'state',
      'limit',
      'after',
    ]);
    const span = parseSpan({ from: get('from'), to: get('to') }, clock.now(), 30);
    const { ask, limit, after } = findingQuery(tenantOf(get('tenant')), span, get);
    const page = await findings.list(ask, limit, after);
    // The end is said in the link, so that the pages of one question have the same bounds.
    const bounds = { from: isoOf(span.fromMs), to: isoOf(span.toMs) };
    return json({
      findings: page.findings,
      ...(page.next ? { nextLink: linkTo(request, { ...bounds, after: encodeCursor(page.next) }) } : {}),
    });
  }),
});

app.http('finding', {
  route: 'findings/{id}',
  methods: ['GET'],
  authLevel: AUTH_LEVEL,
  handler: http('Investigator', async (request) => {
    const tenant = tenantOf(query(request, ['tenant'])('tenant'));
    const { finding, etag } = await findings.require(tenant, request.params['id'] ?? '');
    return json(finding, 200, { etag });
  }),
});

app.http('changeFinding', {
  route: 'findings/{id}',
  methods: ['PATCH'],
  authLevel: AUTH_LEVEL,
  handler: http('Investigator', async (request, caller) => {
    const tenant = tenantOf(query(request, ['tenant'])('tenant'));
    const change = changeOf(await bodyOf(request), caller.name, clock.now());
    const etag = request.headers.get('if-match') ?? undefined;
    const id = request.params['id'] ?? '';
    await findings.change(tenant, id, change, etag === '*' ? undefined : etag);
    const changed = await findings.require(tenant, id);
    return json(changed.finding, 200, { etag: changed.etag });
  }),
});

app.http('findingSession', {
  route: 'findings/{id}/session',
  methods: ['GET'],
  authLevel: AUTH_LEVEL,
  handler: http('Investigator', async (request) => {
    const tenant = tenantOf(query(request, ['tenant'])('tenant'));
    const { finding } = await findings.require(tenant, request.params['id'] ?? '');
    return json(await pivotFrom(deps, tenant, finding, lookup));
  }),
});

app.http('rules', {
  route: 'rules',
  methods: ['GET'],
  authLevel: AUTH_LEVEL,
  handler: http('Reader', async (request) => {
    const tenant = tenantOf(query(request, ['tenant'])('tenant'));
    return json(listRules(await shelf.bookOf(tenant)));
  }),
});

app.http('loadRules', {
  route: 'rules/{name}',
  methods: ['PUT'],
  authLevel: AUTH_LEVEL,
  handler: http('Admin', async (request, caller) => {
    const tenant = tenantOf(query(request, ['tenant'])('tenant'));
    const file = { file: fileName(request), text: await request.text() };
    const others = (await config.loadedRules(tenant)).filter((other) => other.file !== file.file);
    const loaded = checkLoaded(file, others);
    await config.setRules(tenant, file, caller.name, isoOf(clock.now()));
    return json(loaded);
  }),
});

app.http('removeRules', {
  route: 'rules/{name}',
  methods: ['DELETE'],
  authLevel: AUTH_LEVEL,
  handler: http('Admin', async (request) => {
    const tenant = tenantOf(query(request, ['tenant'])('tenant'));
    await config.removeRules(tenant, fileName(request));
    return { status: 204, headers: SECURITY };
  }),
});

app.http('allowLists', {
  route: 'allow-lists',
  methods: ['GET'],
  authLevel: AUTH_LEVEL,
  handler: http('Investigator', async (request) =>
    json(await config.allowList(tenantOf(query(request, ['tenant'])('tenant')))),
  ),
});

app.http('setAllowLists', {
  route: 'allow-lists',
  methods: ['PUT'],
  authLevel: AUTH_LEVEL,
  handler: http('Admin', async (request, caller) => {
    const tenant = tenantOf(query(request, ['tenant'])('tenant'));
    const list = parseAllowList(await request.text());
    await config.setAllowList(tenant, list, caller.name, isoOf(clock.now()));
    return json(list);
  }),
});

async function bodyOf(request: HttpRequest): Promise<unknown> {
  try {
    return JSON.parse(await request.text());
  } catch {
    throw new HoldfastError('invalid-request', 'The body is not JSON.', {
      field: 'body',
      remedy: 'Send a JSON object.',
    });
  }
}

function fileName(request: HttpRequest): string {
  const name = request.params['name'] ?? '';
  if (/^[\w.-]{1,120}\.ya?ml$/.test(name)) return name;
  throw new HoldfastError('invalid-request', 'The name of a rule file ends in .yml.', {
    field: 'name',
    remedy: 'Use letters, digits, dots, dashes and underscores, e.g. my-rules.yml.',
  });
}

const encodeCursor = (cursor: string): string => Buffer.from(cursor).toString('base64url');

/** The same question from another place on; a function key stays out of it. */
function linkTo(request: HttpRequest, changes: Readonly<Record<string, string>>): string {
  const url = new URL(request.url);
  url.searchParams.delete('code');
  for (const [name, value] of Object.entries(changes)) url.searchParams.set(name, value);
  return url.href;
}

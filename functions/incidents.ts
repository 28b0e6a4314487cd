import { randomUUID } from 'node:crypto';
import { app, type HttpRequest, type HttpResponseInit } from '@azure/functions';
import { logAccess } from '../shared/bundle/access-log.ts';
import {
  incidentOf,
  IncidentStore,
  isZone,
  newIncident,
  parseIncidentRequest,
  zipBlob,
  type Incident,
} from '../shared/bundle/incident/incident.ts';
import { answerQuickly, INLINE_BYTES, type QuickAnswer } from '../shared/bundle/incident/quick.ts';
import { tidyBundles } from '../shared/bundle/incident/retention.ts';
import { removeResults, runIncident, type IncidentDeps } from '../shared/bundle/incident/run-incident.ts';
import { showIncident } from '../shared/bundle/incident/show.ts';
import { snapshotOpenFindings } from '../shared/bundle/incident/standing-snapshots.ts';
import { PARTS, type Parts } from '../shared/bundle/report/input.ts';
import { parseScope, type Scope } from '../shared/bundle/scope.ts';
import { HoldfastError } from '../shared/errors.ts';
import { formatSeconds } from '../shared/instant.ts';
import { ENTITY_KINDS } from '../shared/layout.ts';
import { bundleMessage, parseMessage, QUEUE } from '../shared/messages.ts';
import {
  AUTH_LEVEL,
  checkCallerSpan,
  http,
  json,
  listOf,
  query,
  SECURITY,
  tenantOf,
  tenantsOf,
  type Caller,
} from './http.ts';
import { root } from './root.ts';

const { stores, clock, log, settings } = root;
const incidents = new IncidentStore(root.bundles, () => clock.now());
const deps: IncidentDeps = {
  blobs: stores.archive,
  tables: stores.tables,
  coverage: root.coverage,
  snapshots: (ask) => root.state.take(ask),
  incidents,
  clock,
  log,
};
const LINK_MINUTES = 15;

app.http('bundle', {
  route: 'bundle',
  methods: ['GET'],
  authLevel: AUTH_LEVEL,
  handler: http('Investigator', async (request, caller) => {
    const get = query(request, ['tenant', 'from', 'to', 'expand', 'zone', 'parts', ...ENTITY_KINDS]);
    const entities = Object.fromEntries(ENTITY_KINDS.map((kind) => [kind, listOf(request, kind)]));
    const span = { from: get('from'), to: get('to') };
    const scope = parseScope(tenantOf(get('tenant')), { ...span, entities }, clock.now(), 30);
    const zone = zoneOf(get('zone'));
    const parts = partsOf(get('parts'));
    const ask = { scope, expand: Number(get('expand') ?? 0), ...(zone && { zone }) };
    const id = randomUUID();
    await logAccess(stores.archive, scope.tenant, clock.now(), {
      action: 'bundle',
      caller: caller.name,
      incident: id,
      scope,
    });
    const told = { id, requester: caller.name, ...(zone && { zone }), ...(parts && { parts }) };
    const answer = await answerQuickly(
      { ...ask, request: { ...told, requestedMs: clock.now() } },
      deps,
      root.bundles,
    );
    return answer.kind === 'longer'
      ? accept(newIncident(scope, { ...told, expand: ask.expand, nowMs: clock.now() }))
      : give(answer, id);
  }),
});

function partsOf(text: string | undefined): Parts | undefined {
  const known = PARTS.find((part) => part === text);
  if (text === undefined || known) return known;
  throw new HoldfastError('invalid-request', '"parts" is neither "all" nor "core".', {
    field: 'parts',
    remedy: 'Leave it out for the whole bundle, or ask for "core".',
  });
}

function zoneOf(text: string | undefined): string | undefined {
  if (text === undefined || isZone(text)) return text;
  throw new HoldfastError('invalid-request', '"zone" is no time zone.', {
    field: 'zone',
    remedy: 'Give a name of the IANA list, e.g. Europe/Vienna.',
  });
}

async function give(answer: Exclude<QuickAnswer, { kind: 'longer' }>, id: string): Promise<HttpResponseInit> {
  if (answer.kind === 'link')
    return {
      status: 303,
      headers: { ...SECURITY, location: await root.bundles.link(answer.blob, LINK_MINUTES) },
    };
  return {
    status: 200,
    headers: {
      ...SECURITY,
      'content-type': 'application/zip',
      'content-disposition': `attachment; filename="holdfast-${id}.zip"`,
    },
    body: answer.body,
  };
}

/** Stored before its message is sent: a message without incident does nothing, an incident without message is woken. */
async function accept(incident: Incident): Promise<HttpResponseInit> {
  await incidents.create(incident);
  await stores.queues.send(QUEUE.bundle, [{ tenant: incident.scope.tenant, id: incident.id }]);
  return json(show(incident), 202, { location: `/api/incidents/${incident.id}` });
}

const show = (incident: Incident): unknown => showIncident(incident, settings.bundleRetentionDays);

app.http('createIncident', {
  route: 'incidents',
  methods: ['POST'],
  authLevel: AUTH_LEVEL,
  handler: http('Investigator', async (request, caller) => {
    const get = query(request, ['tenant']);
    const asked = parseIncidentRequest(await bodyOf(request));
    const tenant = tenantOf(get('tenant') ?? asked.tenant);
    const incident = incidentOf(asked, tenant, {
      id: randomUUID(),
      requester: caller.name,
      nowMs: clock.now(),
    });
    checkCallerSpan(spanOf(incident.scope), caller);
    await noteAccess('incident', incident, caller);
    return accept(incident);
  }),
});

const spanOf = ({ fromMs, toMs }: Scope): { from: string; to: string } => ({
  from: formatSeconds(fromMs),
  to: formatSeconds(toMs),
});

const noteAccess = (
  action: 'incident' | 'incident-bundle' | 'incident-cancel',
  incident: Incident,
  caller: Caller,
): Promise<string> =>
  logAccess(stores.archive, incident.scope.tenant, clock.now(), {
    action,
    caller: caller.name,
    incident: incident.id,
    scope: incident.scope,
  });

async function bodyOf(request: HttpRequest): Promise<unknown> {
  try {
    return await request.json();
  } catch {
    throw new HoldfastError('invalid-request', 'The body is not JSON.', {
      field: 'body',
      remedy: 'Send application/json: {"users": ["…"], "from": "…", "to": "…"}.',
    });
  }
}

/** The incident of a request's id, in any tenant that the caller reaches. */
async function find(request: HttpRequest): Promise<Incident> {
  const get = query(request, ['tenant']);
  const id = (request.params['id'] ?? '').toLowerCase();
  const named = get('tenant');
  const tenants = named === undefined ? tenantsOf() : [tenantOf(named)];
  const isId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id);
  for (const tenant of isId ? tenants : []) {
    const incident = await incidents.read(tenant, id);
    if (incident) return incident;
  }
  throw new HoldfastError('not-found', 'There is no such incident.', {
    field: 'id',
    remedy: 'Incidents are deleted with their bundles after the retention time.',
  });
}

app.http('incident', {
  route: 'incidents/{id}',
  methods: ['GET'],
  authLevel: AUTH_LEVEL,
  handler: http('Investigator', async (request) => json(show(await find(request)))),
});

app.http('cancelIncident', {
  route: 'incidents/{id}',
  methods: ['DELETE'],
  authLevel: AUTH_LEVEL,
  handler: http('Investigator', async (request, caller) => {
    const { id, scope } = await find(request);
    const incident = await incidents.update(scope.tenant, id, (now) =>
      now.state === 'cancelled' ? undefined : { ...now, state: 'cancelled' },
    );
    await noteAccess('incident-cancel', incident, caller);
    await removeResults(incidents, scope.tenant, id);
    return json(show(incident));
  }),
});

app.http('incidentBundle', {
  route: 'incidents/{id}/bundle',
  methods: ['GET'],
  authLevel: AUTH_LEVEL,
  handler: http('Investigator', async (request, caller) => {
    const incident = await find(request);
    if (incident.state !== 'done' || !incident.result)
      throw new HoldfastError('conflict', `The incident is ${incident.state}: there is no bundle.`, {
        field: 'id',
        remedy: 'Ask GET /api/incidents/{id} for its state.',
      });
    await noteAccess('incident-bundle', incident, caller);
    const blob = zipBlob(incident.scope.tenant, incident.id);
    const small = incident.result.bytes <= INLINE_BYTES ? await root.bundles.get(blob) : undefined;
    return give(small ? { kind: 'body', body: small.body } : { kind: 'link', blob }, incident.id);
  }),
});

app.storageQueue('buildBundle', {
  queueName: QUEUE.bundle,
  connection: 'AzureWebJobsStorage',
  handler: async (message) => {
    await root.ready();
    const { tenant, id } = parseMessage(bundleMessage, message);
    const done = await runIncident(tenant, id, deps);
    log.info('incident.run', { incident: id, state: done?.state ?? 'gone', records: done?.result?.records });
  },
});

app.timer('tidyBundles', {
  schedule: '0 50 * * * *',
  handler: async () => {
    await root.ready();
    const tidy = {
      incidents,
      queues: stores.queues,
      clock,
      log,
      retentionDays: settings.bundleRetentionDays,
    };
    for (const tenant of settings.tenants) await tidyBundles(tenant, tidy);
  },
});

/** State of users with open findings, every day: how it changes is evidence. */
app.timer('snapshot', {
  schedule: '0 10 3 * * *',
  handler: async () => {
    await root.ready();
    for (const tenant of settings.tenants)
      await snapshotOpenFindings(tenant, { ...deps, snapshots: (ask) => root.state.take(ask) });
  },
});

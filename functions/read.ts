import { app } from '@azure/functions';
import { describeEntity } from '../shared/bundle/entity.ts';
import { readHealth } from '../shared/archive/health.ts';
import { entityKey, parseSpan } from '../shared/bundle/scope.ts';
import { HoldfastError } from '../shared/errors.ts';
import { searchUsers } from '../shared/indexing/query.ts';
import { ENTITY_KINDS, isEntityKind } from '../shared/layout.ts';
import { formatSeconds } from '../shared/instant.ts';
import { AUTH_LEVEL, http, json, query, tenantOf, tenantsOf } from './http.ts';
import { root } from './root.ts';

app.http('coverage', {
  route: 'coverage',
  methods: ['GET'],
  authLevel: AUTH_LEVEL,
  handler: http('Reader', async (request) => {
    const get = query(request, ['tenant', 'from', 'to']);
    const span = parseSpan({ from: get('from'), to: get('to') }, root.clock.now(), 30);
    const sources = await root.coverage(tenantOf(get('tenant')), span.fromMs, span.toMs);
    return json({ from: formatSeconds(span.fromMs), to: formatSeconds(span.toMs), sources });
  }),
});

app.http('entity', {
  route: 'entities/{kind}/{key?}',
  methods: ['GET'],
  authLevel: AUTH_LEVEL,
  handler: http('Investigator', async (request) => {
    const { kind = '', key } = request.params;
    if (!isEntityKind(kind)) {
      throw new HoldfastError('invalid-request', `There is no entity kind "${kind.slice(0, 40)}".`, {
        field: 'kind',
        remedy: `Use one of: ${ENTITY_KINDS.join(', ')}.`,
      });
    }
    const get = query(request, key === undefined ? ['tenant', 'prefix', 'limit'] : ['tenant', 'from', 'to']);
    const tenant = tenantOf(get('tenant'));
    if (key === undefined) return json(await search(kind, tenant, get));
    const span = parseSpan({ from: get('from'), to: get('to') }, root.clock.now(), 3650);
    return json(
      await describeEntity(root.stores.tables, { tenant, kind, key: entityKey(kind, decode(key)), ...span }),
    );
  }),
});

async function search(
  kind: string,
  tenant: string,
  get: (name: string) => string | undefined,
): Promise<unknown> {
  if (kind !== 'user') {
    throw new HoldfastError('invalid-request', 'A search by prefix exists for users only.', {
      field: 'kind',
      remedy: `Name the ${kind}: /api/entities/${kind}/{key}.`,
    });
  }
  const limit = Number(get('limit') ?? 50);
  if (!Number.isInteger(limit) || limit < 1 || limit > 500) {
    throw new HoldfastError('invalid-request', '"limit" must be a whole number from 1 to 500.', {
      field: 'limit',
      remedy: 'Leave it out for 50.',
    });
  }
  return { users: await searchUsers(root.stores.tables, tenant, (get('prefix') ?? '').slice(0, 200), limit) };
}

/** The host hands route parameters over as they stood in the URL, or decoded: both are taken. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

app.http('health', {
  route: 'health',
  methods: ['GET'],
  authLevel: AUTH_LEVEL,
  handler: http('Reader', async (request) => {
    query(request, []);
    const health = await readHealth(root.windows, {
      tenants: tenantsOf(),
      specs: root.watched,
      nowMs: root.clock.now(),
    });
    return json(health, health.healthy ? 200 : 503);
  }),
});

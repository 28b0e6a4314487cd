import { describe, expect, it } from 'vitest';
import permissions from '../../../infra/azure/permissions.json' with { type: 'json' };
import type { Tenant } from '../../../infra/local/tenant/tenant.ts';
import { LocalBudget } from '../../../shared/collect/budget.ts';
import { classifyFeed, classifyGraph } from '../../../shared/collect/classify.ts';
import { httpClient } from '../../../shared/collect/http-client.ts';
import { preflight, type Check, type Preflight } from '../../../shared/collect/preflight.ts';
import { SOURCES } from '../../../shared/collect/sources/index.ts';
import { graphTransport, tokenTransport } from '../../../shared/collect/transport.ts';
import { VendorApi } from '../../../shared/collect/vendor-api.ts';
import { COLLECTED_SOURCES, type SourceId } from '../../../shared/sources.ts';
import { audit, HOUR, NOW, onSource, startTenant } from '../tenant/harness.ts';
import { SleepingClock } from '../ual-search/support.ts';

const dlp = onSource('ual-dlp', audit('d', NOW - 2 * HOUR, { RecordType: 13 }));

async function tenantAndClock(subscribed = true): Promise<{ tenant: Tenant; clock: SleepingClock }> {
  const clock = new SleepingClock();
  const tenant = await startTenant({ records: [dlp], clock });
  if (subscribed) tenant.subscribe();
  return { tenant, clock };
}

function check(
  { tenant, clock }: { tenant: Tenant; clock: SleepingClock },
  sources: readonly SourceId[] = COLLECTED_SOURCES,
): Promise<Preflight> {
  const token = (): Promise<string> => Promise.resolve('token');
  const common = {
    budget: new LocalBudget({ requests: 1000, periodMs: 1000 }, clock),
    clock,
    origin: tenant.origin,
  };
  const fetch = httpClient();
  const graph = new VendorApi({
    ...common,
    transport: graphTransport(token, fetch),
    classify: classifyGraph,
  });
  const feed = new VendorApi({ ...common, transport: tokenTransport(token, fetch), classify: classifyFeed });
  const endpoint = tenant.origin;
  const place = { api: feed, endpoint, tenant: tenant.tenantId, publisherId: tenant.tenantId };
  return preflight({
    apis: {
      reports: graph,
      identity: graph,
      directory: graph,
      graphEndpoint: endpoint,
      search: { submit: graph, read: graph, endpoint },
      feed: place,
      feedOf: () => place,
    },
    specs: SOURCES,
    sources,
    tenant: tenant.tenantId,
    clock,
  });
}

const missing = (p: Preflight): string[] =>
  [...new Set(p.checks.filter((c) => c.state === 'missing').map((c) => `${c.kind} ${c.name}`))].sort();
const find = (p: Preflight, name: string): Check[] => p.checks.filter((c) => c.name === name);

describe('preflight', () => {
  it('finds everything in place', async () => {
    const result = await check(await tenantAndClock());
    expect(result.checks.filter((c) => c.state !== 'ok')).toEqual([]);
    expect(result.ok).toBe(true);
    expect(result.sources.map((s) => s.source)).toEqual(COLLECTED_SOURCES);
    expect(result.sources.every((s) => s.permission === 'ok' && s.remedies.length === 0)).toBe(true);
  });

  it.each(permissions.permissions.map((p) => p.permission))(
    'names permission %s when it alone is taken away, with its remedy',
    async (permission) => {
      const world = await tenantAndClock();
      // Directory.Read.All is enough where a narrower one is missing.
      const wider = ['User.Read.All', 'Application.Read.All'].includes(permission)
        ? ['Directory.Read.All']
        : [];
      world.tenant.set({ revoked: [permission, ...wider] });
      const result = await check(world);
      const found = find(result, permission).filter((c) => c.state === 'missing');
      expect(found.length).toBeGreaterThan(0);
      expect(found.every((c) => c.remedy?.includes(permission) && c.detail)).toBe(true);
      expect(
        missing(result).filter((name) => !name.endsWith(permission) && !wider.some((w) => name.endsWith(w))),
      ).toEqual([]);
    },
  );

  it('names the licence that sign-ins and risk detections need', async () => {
    const world = await tenantAndClock();
    world.tenant.set({ licence: 'free' });
    const result = await check(world);
    expect(missing(result)).toContain('licence Microsoft Entra ID P1 or P2');
    const signIns = result.sources.find((s) => s.source === 'signins-interactive')!;
    expect(signIns).toMatchObject({ state: 'missing', licence: 'missing', permission: 'unknown' });
    expect(signIns.remedies.some((r) => r.includes('P1 or P2'))).toBe(true);
    expect(result.sources.find((s) => s.source === 'directory-audits')).toMatchObject({ state: 'ok' });
  });

  it('does not believe a licence refusal that passes', async () => {
    const world = await tenantAndClock();
    world.tenant.fault({ kind: 'licence', endpoint: 'signIns', times: 4 });
    expect((await check(world)).ok).toBe(true);
  });

  it('names auditing that is switched off, once, and each subscription that does not run', async () => {
    const off = await tenantAndClock();
    off.tenant.set({ feed: { auditingOff: true } });
    const result = await check(off);
    expect(missing(result)).toEqual(['audit unified auditing']);
    expect(find(result, 'unified auditing')[0]!.remedy).toContain('Purview');

    const fresh = await tenantAndClock(false);
    fresh.tenant.subscribe(['Audit.Exchange']);
    const found = await check(fresh);
    expect(missing(found)).toEqual([
      'subscription Audit.AzureActiveDirectory',
      'subscription Audit.General',
      'subscription Audit.SharePoint',
      'subscription DLP.All',
    ]);
    expect(found.sources.find((s) => s.source === 'ual-exchange')).toMatchObject({
      state: 'ok',
      subscription: 'ok',
    });
  });

  it('says unknown, not missing, when the service does not answer', async () => {
    const world = await tenantAndClock();
    world.tenant.fault({ kind: 'status', endpoint: 'riskDetections', status: 503 });
    const result = await check(world);
    expect(missing(result)).toEqual([]);
    expect(result.ok).toBe(false);
    expect(find(result, 'IdentityRiskEvent.Read.All')).toEqual([
      expect.objectContaining({ state: 'unknown', detail: expect.stringContaining('503') as unknown }),
    ]);
  });

  it('finds the audit search on beta where v1.0 has none', async () => {
    const world = await tenantAndClock();
    world.tenant.set({ auditQuery: { onV1: false } });
    expect(find(await check(world), 'AuditLogsQuery.Read.All')).toEqual([
      expect.objectContaining({ state: 'ok' }),
    ]);
  });

  it('asks for what configured sources need only', async () => {
    const world = await tenantAndClock(false);
    world.tenant.set({ licence: 'free', feed: { auditingOff: true } });
    const result = await check(world, ['directory-audits']);
    expect(result.ok).toBe(true);
    expect(result.sources.map((s) => s.source)).toEqual(['directory-audits']);
    expect(result.checks.filter((c) => c.feature === 'collect').map((c) => c.name)).toEqual([
      'AuditLog.Read.All',
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import { readReconciliation } from '../../../shared/archive/reconciliation.ts';
import { parseReceipt } from '../../../shared/archive/receipt.ts';
import { MAX_JOBS } from '../../../shared/collect/ual-search/submit.ts';
import { dateOf } from '../../../shared/instant.ts';
import { audit, DAY, HOUR, MINUTE, NOW, onSource, SECOND, signIn } from '../tenant/harness.ts';
import { envelopes, searchWorld, type SearchWorld } from './support.ts';

/** One audit record every `stepMs`, the oldest `days` before now. */
const spread = (days: number, stepMs: number, prefix = 'a') =>
  Array.from({ length: Math.floor((days * DAY) / stepMs) }, (_, i) =>
    audit(`${prefix}${i}`, NOW - days * DAY + i * stepMs + 30 * SECOND),
  );

const settledBefore = Math.floor((NOW - 75 * HOUR) / DAY) * DAY;
const searched = (records: ReturnType<typeof spread>, fromMs: number) =>
  records.filter((r) => r.eventMs >= fromMs && r.eventMs < settledBefore);

async function expectAllComplete(world: SearchWorld): Promise<void> {
  const rows = await world.rows();
  expect(rows.length).toBeGreaterThan(0);
  expect(rows.map((row) => [row.state, row.reason, row.settled])).toEqual(
    rows.map(() => ['complete', '', true]),
  );
  expect(rows.slice(1).map((row) => row.fromMs)).toEqual(rows.slice(0, -1).map((row) => row.toMs));
}

describe('ual-search', () => {
  it('fills 30 days back, each record once, verbatim as the service sent it, with provenance', async () => {
    const records = spread(31, 3 * HOUR);
    const world = await searchWorld({ records, backfillDays: 30 });
    await world.run(12);
    expect(world.lines()).toEqual(envelopes(searched(records, NOW - 30 * DAY)));
    await expectAllComplete(world);
    const receipts = [...world.blobs.blobs].filter(([name]) => name.startsWith('passes/'));
    expect(receipts).toHaveLength((await world.rows()).length);
    for (const [name, { body }] of receipts) {
      const receipt = parseReceipt(name, body);
      expect(receipt.requests.every((r) => r.status === 200 && r.sha256 && r.url.includes('/records'))).toBe(
        true,
      );
      expect(receipt.counts.added).toBe(receipt.counts.received);
    }
    const indexed = world.queues.sent.filter((m) => m.queue === 'index-segment');
    expect(indexed.length).toBe(world.lines().length > 0 ? (await world.rows()).length : 0);
  });

  it('archives what the feed lacks only, a differing record as a version, and writes down the difference', async () => {
    const day = settledBefore - DAY;
    const both = audit('both', day + HOUR, { Size: 12, Nested: { Count: 3, When: '2026-11-01T00:00:00' } });
    const missed = audit('missed', day + 2 * HOUR, { RecordType: 6, Workload: 'SharePoint' });
    const match = audit('dlp', day + 3 * HOUR, { Operation: 'DlpRuleMatch', RecordType: 13 });
    const undo = audit('dlp', day + 3 * HOUR, { Operation: 'DlpRuleUndo', RecordType: 13 });
    const onlyFeed = audit('only-feed', day + 4 * HOUR);
    const world = await searchWorld({ records: [both, missed, match, undo], backfillDays: 10 });
    await world.collected([both, match, onlyFeed]);
    await world.run(3);
    expect(world.lines()).toEqual(envelopes([missed, undo]));
    const found = (await readReconciliation(world.blobs, world.tenant.tenantId, dateOf(day)))!;
    expect(found).toMatchObject({ feed: 3, search: 3, onlySearch: 1, onlyFeed: 1, uncompared: 0, more: 0 });
    expect(found.differences).toEqual([
      expect.objectContaining({ recordType: 6, feed: 0, search: 1, onlySearch: 1, examples: ['missed'] }),
      expect.objectContaining({ recordType: 2, hour: `${dateOf(day)}T04`, feed: 1, search: 0, onlyFeed: 1 }),
    ]);
  });

  it('archives nothing and reports no difference where both agree', async () => {
    const records = spread(9, HOUR);
    const world = await searchWorld({ records, backfillDays: 8 });
    await world.collected(records);
    await world.run(3);
    expect(world.lines()).toEqual([]);
    await expectAllComplete(world);
    const date = dateOf(settledBefore - DAY);
    expect(await readReconciliation(world.blobs, world.tenant.tenantId, date)).toMatchObject({
      feed: 24,
      search: 24,
      onlySearch: 0,
      onlyFeed: 0,
      differences: [],
    });
  });

  it('splits where the service cut the result, though it says that it succeeded', async () => {
    const records = spread(6, 10 * MINUTE);
    const world = await searchWorld({
      records,
      backfillDays: 6,
      switches: { auditQuery: { recordCountLimit: 30 } },
    });
    await world.run(30);
    expect(world.lines()).toEqual(envelopes(searched(records, NOW - 6 * DAY)));
    await expectAllComplete(world);
    const date = dateOf(settledBefore - DAY);
    expect(await readReconciliation(world.blobs, world.tenant.tenantId, date)).toMatchObject({
      search: 144,
      onlySearch: 144,
    });
  });

  it('names a second that holds more than the service returns, and completes the rest', async () => {
    const at = settledBefore - 12 * HOUR;
    const crowd = Array.from({ length: 8 }, (_, i) => audit(`c${i}`, at));
    const world = await searchWorld({
      records: [...crowd, audit('other', at + HOUR)],
      backfillDays: 5,
      switches: { auditQuery: { recordCountLimit: 5 } },
    });
    await world.run(80);
    const rows = await world.rows();
    const partial = rows.filter((row) => row.state !== 'complete');
    expect(partial).toEqual([expect.objectContaining({ state: 'partial', fromMs: at, toMs: at + SECOND })]);
    expect(partial[0]!.reason).toContain('more records in one second');
    expect(world.lines()).toHaveLength(6);
  });

  it.each(['failed', 'cancelled', 'stuck', 'unknownFutureValue'] as const)(
    'submits again what ends as %s',
    async (outcome) => {
      const records = spread(7, HOUR);
      const world = await searchWorld({ records, backfillDays: 6 });
      world.tenant.fault({ kind: 'query-outcome', outcome, times: 2 });
      await world.run(outcome === 'stuck' ? 110 : 30);
      expect(world.lines()).toEqual(envelopes(searched(records, NOW - 6 * DAY)));
      await expectAllComplete(world);
      expect(world.log.filter((l) => l.event === 'search.again').length).toBeGreaterThanOrEqual(2);
    },
  );

  it('asks in halves for what fails again and again', async () => {
    const world = await searchWorld({ records: spread(7, HOUR), backfillDays: 5 });
    world.tenant.fault({ kind: 'query-outcome', outcome: 'failed', times: 6 });
    await world.run(40);
    expect(world.log.some((l) => l.event === 'search.split')).toBe(true);
    await expectAllComplete(world);
  });

  it('finds the version that this tenant has', async () => {
    const records = spread(7, HOUR);
    const world = await searchWorld({ records, backfillDays: 6, switches: { auditQuery: { onV1: false } } });
    await world.run(6);
    expect(world.lines()).toEqual(envelopes(searched(records, NOW - 6 * DAY)));
  });

  it('reads again where a reading brought less than was counted', async () => {
    const records = spread(6, 5 * MINUTE);
    const world = await searchWorld({ records, backfillDays: 5 });
    world.tenant.fault({ kind: 'dropped-records', endpoint: 'auditQuery.records', fraction: 0.5, times: 2 });
    await world.run(6);
    expect(world.lines()).toEqual(envelopes(searched(records, NOW - 5 * DAY)));
    await expectAllComplete(world);
  });

  it.each([
    ['an expired page token', { kind: 'expired-page-token', times: 2 }],
    ['a throttled submission', { kind: 'throttle', endpoint: 'auditQuery.submit', times: 3 }],
    [
      'a gateway fault while polling',
      { kind: 'status', endpoint: 'auditQuery.status', status: 502, times: 4 },
    ],
    ['a cut body', { kind: 'cut-mid-body', endpoint: 'auditQuery.records', times: 3 }],
    ['truncated JSON', { kind: 'truncated-json', endpoint: 'auditQuery.records', times: 3 }],
    ['a duplicated record', { kind: 'duplicate-across-pages', endpoint: 'auditQuery.records', times: 3 }],
    ['an empty page with a link', { kind: 'empty-page', endpoint: 'auditQuery.records', times: 2 }],
  ] as const)('outlives %s', async (_name, fault) => {
    const records = spread(6, MINUTE);
    const world = await searchWorld({ records, backfillDays: 5 });
    world.tenant.fault(fault);
    await world.run(14);
    expect(world.lines()).toEqual(envelopes(searched(records, NOW - 5 * DAY)));
    await expectAllComplete(world);
  });

  it('says what permission is missing, and goes on once it is granted', async () => {
    const world = await searchWorld({ records: spread(7, HOUR), backfillDays: 6 });
    world.tenant.set({ revoked: ['AuditLogsQuery.Read.All'] });
    await world.run(2);
    const note = await world.windows.note(world.tenant.tenantId, 'ual-search');
    expect(note?.unavailable).toContain('AuditLogsQuery.Read.All');
    world.tenant.set({ revoked: [] });
    await world.run(8);
    expect((await world.windows.note(world.tenant.tenantId, 'ual-search'))?.unavailable).toBe('');
    await expectAllComplete(world);
  });

  it('keeps no more than ten queries and 150 submissions a day at the vendor', async () => {
    const world = await searchWorld({
      backfillDays: 180,
      limited: true,
      switches: { auditQuery: { runMs: 12 * MINUTE, maxConcurrent: MAX_JOBS } },
    });
    let most = 0;
    for (let ms = 0; ms < DAY; ms += 5 * MINUTE) {
      await world.run();
      const rows = world.tables.tables.get('budgets')!.get(`${world.tenant.tenantId}|ual-search`)!;
      most = Math.max(most, [...rows.keys()].filter((row) => row.startsWith('job|')).length);
    }
    expect(most).toBe(MAX_JOBS);
    const { allowed, refused } = world.tenant.limits.use().auditSubmissions;
    expect(allowed).toBeLessThanOrEqual(150);
    expect(allowed).toBeGreaterThan(100);
    expect(refused).toBe(0);
  });

  it('records as a gap, with exact bounds, what the vendor deleted before it was searched', async () => {
    const world = await searchWorld({ backfillDays: 180 });
    world.tenant.set({ revoked: ['AuditLogsQuery.Read.All'] });
    await world.run();
    world.clock.advance(3 * DAY);
    world.tenant.set({ revoked: [] });
    await world.run(2);
    const gaps = (await world.rows()).filter((row) => row.state === 'gap');
    expect(gaps[0]!.fromMs).toBe(NOW - 180 * DAY);
    const end = gaps.at(-1)!.toMs;
    expect(end).toBeGreaterThanOrEqual(NOW - 177 * DAY);
    expect(end).toBeLessThan(NOW - 177 * DAY + 30 * MINUTE);
  });

  it('reports logins of the unified log that the sign-in reports do not have', async () => {
    const day = settledBefore - DAY;
    const login = (id: string, atMs: number) =>
      onSource(
        'ual-entra',
        audit(id, atMs, {
          Operation: 'UserLoggedIn',
          RecordType: 15,
          InterSystemsId: `c-${id}`,
          IntraSystemId: `r-${id}`,
        }),
      );
    const logins = Array.from({ length: 20 }, (_, i) => login(`l${i}`, day + 5 * HOUR + i * MINUTE));
    const signIns = logins
      .slice(0, 10)
      .map((_, i) =>
        signIn(`r-l${i}`, day + 5 * HOUR + i * MINUTE, { correlationId: i % 2 ? `c-l${i}` : 'other' }),
      );
    const world = await searchWorld({ records: logins, backfillDays: 10 });
    await world.collected([...logins, ...signIns]);
    await world.run(3);
    const { signIns: found } = (await readReconciliation(world.blobs, world.tenant.tenantId, dateOf(day)))!;
    expect(found).toEqual({
      logins: 20,
      unmatched: 10,
      signIns: 10,
      beyondExpected: [{ hour: `${dateOf(day)}T05`, logins: 20, unmatched: 10 }],
    });
    expect(world.log.some((l) => l.event === 'reconcile.logins-without-sign-in')).toBe(true);
  });
});

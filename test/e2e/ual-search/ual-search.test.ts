import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clearTables, rebuildTables } from '../../../infra/local/rebuild-tables.ts';
import { DEFAULT_TENANT_ID, generateStory } from '../../../infra/local/story/index.ts';
import { auditEnvelope } from '../../../infra/local/tenant/audit-envelope.ts';
import { readReconciliation } from '../../../shared/archive/reconciliation.ts';
import { dateOf } from '../../../shared/instant.ts';
import { archivedLines, sha256, startWorld, type World } from '../../support/world.ts';

const nowMs = Date.now();
const DAY = 86_400_000;
const records = [...generateStory({ nowMs, days: 20, records: 2400, users: 30 })];
const searchedBefore = Math.floor((nowMs - 75 * 3_600_000) / DAY) * DAY;
const SOURCES =
  'signins-interactive,signins-noninteractive,ual-entra,ual-exchange,ual-sharepoint,ual-general,ual-dlp,ual-search';
let world: World;

beforeAll(async () => {
  world = await startWorld({
    records,
    tenantId: DEFAULT_TENANT_ID,
    // The feed reaches back seven days, the search twenty.
    env: { BACKFILL_DAYS: '20', SOURCES },
    switches: { auditQuery: { startDelayMs: 20, runMs: 50 } },
  });
  await world.collect();
  for (let i = 0; i < 4; i++) {
    await world.host.runTimer('search');
    await world.host.idle();
  }
});
afterAll(() => world.stop());

interface Coverage {
  readonly sources: readonly {
    readonly source: string;
    readonly intervals: readonly {
      readonly from: string;
      readonly to: string;
      readonly state: string;
      readonly reason?: string;
    }[];
  }[];
}

const coverage = async (fromMs: number, toMs: number): Promise<Coverage> => {
  const span = `from=${new Date(fromMs).toISOString()}&to=${new Date(toMs).toISOString()}`;
  return (await (await world.get(`/api/coverage?${span}`)).json()) as Coverage;
};

describe('ual-search, end to end', () => {
  it('archives every unified audit record of twenty days once: from the feed, or from the search', async () => {
    const lines = await archivedLines(world.storage);
    const feed = new Set(
      lines.filter((l) => l.startsWith('ual-') && !l.startsWith('ual-search')).map((l) => l.split(' ')[1]),
    );
    const search = lines.filter((l) => l.startsWith('ual-search ')).map((l) => l.split(' ')[1]!);
    const wanted = records.filter(
      (r) =>
        r.source.startsWith('ual-') &&
        r.eventMs >= nowMs - 20 * DAY + 60_000 &&
        r.eventMs < searchedBefore &&
        !feed.has(sha256(r.text)),
    );
    expect(wanted.length).toBeGreaterThan(200);
    expect(search.length).toBe(new Set(search).size);
    const found = new Set(search);
    expect(wanted.filter((r) => !found.has(sha256(auditEnvelope(r.text))))).toEqual([]);
    const known = new Set(
      records
        .filter((r) => r.source.startsWith('ual-') && !feed.has(sha256(r.text)))
        .map((r) => sha256(auditEnvelope(r.text))),
    );
    expect(search.filter((hash) => !known.has(hash))).toEqual([]);
  });

  it('covers what the feed could not: complete, with the reason', async () => {
    const { sources } = await coverage(nowMs - 15 * DAY, searchedBefore);
    const of = (id: string) => sources.find((s) => s.source === id)!.intervals;
    expect(of('ual-search').map((i) => i.state)).toEqual(['complete']);
    expect(new Set(of('ual-exchange').map((i) => i.state))).toEqual(new Set(['complete']));
    expect(of('ual-exchange').some((i) => i.reason?.includes('audit search'))).toBe(true);
  });

  it('writes down what each searched day compared', async () => {
    const date = dateOf(searchedBefore - 2 * DAY);
    const found = (await readReconciliation(world.storage.stores.archive, DEFAULT_TENANT_ID, date))!;
    expect(found.search).toBeGreaterThan(5);
    expect(found.onlySearch + found.feed - found.onlyFeed).toBe(found.search);
    expect(found.signIns.logins).toBeGreaterThan(0);
  });

  it('is rebuilt from its receipts', async () => {
    const before = await coverage(nowMs - 20 * DAY, searchedBefore);
    await clearTables(world.storage.stores);
    await rebuildTables(world.storage.stores, {
      tenants: [DEFAULT_TENANT_ID],
      settleHours: [1, 6, 24, 72],
      nowMs,
    });
    const after = await coverage(nowMs - 20 * DAY, searchedBefore);
    const search = (c: Coverage) => c.sources.find((s) => s.source === 'ual-search');
    expect(search(after)).toEqual(search(before));
  });
});

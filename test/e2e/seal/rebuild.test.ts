import { afterAll, beforeAll, expect, it } from 'vitest';
import { clearTables, rebuildTables } from '../../../infra/local/rebuild-tables.ts';
import { DEFAULT_TENANT_ID, generateStory } from '../../../infra/local/story/index.ts';
import { startWorld, type World } from '../../support/world.ts';

const nowMs = Date.now();
let world: World;
beforeAll(async () => {
  world = await startWorld({
    records: generateStory({ nowMs, days: 5, records: 1200, users: 20 }),
    tenantId: DEFAULT_TENANT_ID,
    env: { SOURCES: 'signins-interactive,directory-audits,ual-entra,ual-exchange' },
  });
  // Subscribed before: what the feed brings is all there is.
  world.tenant.subscribe();
  await world.collect();
});
afterAll(() => world.stop());

/**
 * Every row but those that are no fold of the archive: subscriptions (they have notes there of their own), what holds
 * at present, marks of sweeps; and of windows all but when they were planned.
 */
async function rows(): Promise<Map<string, unknown>> {
  const found = new Map<string, unknown>();
  for (const table of ['slices', 'sessions', 'users', 'windows'])
    for await (const { partition, row, cells } of world.storage.stores.tables.scan(table))
      if (!(table === 'windows' && row.startsWith('~')) && !partition.endsWith('|sweep'))
        found.set(`${table}|${partition}|${row}`, { ...cells, plannedAt: undefined });
  return found;
}

it('rebuilds all tables from the archive alone, to the same content', async () => {
  const before = await rows();
  expect(before.size).toBeGreaterThan(300);
  await clearTables(world.storage.stores);
  expect((await rows()).size).toBe(0);
  const done = await rebuildTables(world.storage.stores, {
    tenants: [DEFAULT_TENANT_ID],
    settleHours: [1, 6, 24, 72],
    nowMs,
  });
  expect(done.segments).toBeGreaterThan(5);
  const after = await rows();
  expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
  expect(after).toEqual(before);
});

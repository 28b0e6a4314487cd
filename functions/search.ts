import { app } from '@azure/functions';
import { runSearch, type UalSearchDeps } from '../shared/collect/ual-search/run-search.ts';
import { root } from './root.ts';

const deps: UalSearchDeps = {
  archive: root.archive,
  windows: root.windows,
  tables: root.stores.tables,
  queues: root.stores.queues,
  api: (tenant) => root.apis(tenant).search,
  backfillDays: root.settings.backfillDays,
  clock: root.clock,
  log: root.log,
  // API-FACTS D: the audit search exists in the global cloud only.
  ...(root.settings.cloud !== 'public' && {
    unavailable: `The audit search does not exist in the cloud ${root.settings.cloud}. Take "ual-search" out of SOURCES.`,
  }),
};

app.timer('search', {
  schedule: '30 */5 * * * *',
  handler: async () => {
    if (!root.settings.sources.includes('ual-search')) return;
    await root.ready();
    const results = await Promise.allSettled(root.settings.tenants.map((tenant) => runSearch(deps, tenant)));
    const faults = results.flatMap((r) => (r.status === 'rejected' ? [r.reason as unknown] : []));
    if (faults.length > 0) throw new AggregateError(faults, `${faults.length} tenants could not be searched`);
  },
});

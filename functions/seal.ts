import { app } from '@azure/functions';
import { sealTenant } from '../shared/archive/seal-run.ts';
import { continueVerification, startVerification } from '../shared/archive/verify-run.ts';
import { root } from './root.ts';

const deps = { blobs: root.stores.archive, tables: root.stores.tables, clock: root.clock, log: root.log };

/** One tenant's fault stops no other. */
async function forEachTenant(work: (tenant: string) => Promise<unknown>): Promise<void> {
  await root.ready();
  const results = await Promise.allSettled(root.settings.tenants.map(work));
  const faults = results.flatMap((r) => (r.status === 'rejected' ? [r.reason as unknown] : []));
  if (faults.length > 0) throw new AggregateError(faults, `${faults.length} tenants failed`);
}

app.timer('seal', {
  schedule: '0 20 1 * * *',
  handler: () => forEachTenant((tenant) => sealTenant(deps, tenant)),
});

app.timer('verify', {
  schedule: '0 40 2 * * 0',
  handler: () => forEachTenant((tenant) => startVerification(deps, tenant)),
});

/** A large archive takes more than one invocation: each goes on where the last one stopped. */
app.timer('verifyContinue', {
  schedule: '0 */10 * * * *',
  handler: () => forEachTenant((tenant) => continueVerification(deps, tenant)),
});

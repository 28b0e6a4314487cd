import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import { QUEUE } from '../../messages.ts';
import type { QueueStore } from '../../store/stores.ts';
import { DAY_MS } from '../span.ts';
import type { IncidentStore } from './incident.ts';

export interface TidyDeps {
  readonly incidents: IncidentStore;
  readonly queues: QueueStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly retentionDays: number;
}

/** A job that has not moved for so long lost its message (poisoned, or its host died with it): it is sent again. */
const STUCK_MS = 30 * 60_000;

/** Deletes what is older than the retention, and wakes incidents whose job got lost. */
export async function tidyBundles(
  tenant: string,
  deps: TidyDeps,
): Promise<{ deleted: number; woken: number }> {
  const oldestMs = deps.clock.now() - deps.retentionDays * DAY_MS;
  let [deleted, woken] = [0, 0];
  for await (const { name, modifiedMs } of deps.incidents.store.list(`${tenant}/`)) {
    if (modifiedMs >= oldestMs) continue;
    await deps.incidents.store.remove(name);
    deleted++;
  }
  for await (const { id, blob } of deps.incidents.all(tenant)) {
    if (deps.clock.now() - blob.modifiedMs < STUCK_MS) continue;
    const incident = await deps.incidents.read(tenant, id);
    if (incident?.state !== 'queued' && incident?.state !== 'running') continue;
    await deps.queues.send(QUEUE.bundle, [{ tenant, id }]);
    woken++;
  }
  deps.log.info('bundles.tidied', { tenant, deleted, woken });
  return { deleted, woken };
}

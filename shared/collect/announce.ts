import type { SegmentRef } from '../layout.ts';
import { QUEUE, type IndexMessage } from '../messages.ts';
import type { QueueStore } from '../store/stores.ts';

/** Index messages for segments. */
export async function announce(queues: QueueStore, segments: readonly SegmentRef[]): Promise<void> {
  const messages = segments.map(({ tenant, source, date, segment }): IndexMessage => ({
    tenant,
    source,
    date,
    segment,
  }));
  if (messages.length > 0) await queues.send(QUEUE.index, messages);
}

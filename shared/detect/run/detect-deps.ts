import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { BlobStore, QueueStore, TableStore } from '../../store/stores.ts';

export interface DetectDeps {
  readonly blobs: BlobStore;
  readonly tables: TableStore;
  readonly queues: QueueStore;
  readonly clock: Clock;
  readonly log: Log;
}

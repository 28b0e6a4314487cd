import type { IncomingHttpHeaders } from 'node:http';
import type { ContentBlobs } from './content-blobs.ts';
import type { Faults, Where } from './faults.ts';
import type { Limits } from './limits.ts';
import type { Ledger } from './report.ts';
import type { Random } from './seeded.ts';
import type { RecordStore } from './store.ts';
import type { Switches } from './switches.ts';

/** Everything the handlers share. */
export interface Simulation {
  readonly tenantId: string;
  readonly store: RecordStore;
  readonly blobs: ContentBlobs;
  readonly limits: Limits;
  readonly faults: Faults;
  readonly ledger: Ledger;
  readonly switches: Switches;
  readonly random: Random;
  /** Directory and mailbox state, JSON by Graph path. */
  readonly state: Map<string, unknown>;
  nowMs(): number;
}

/** One request, parsed as far as every handler needs. */
export interface Call {
  readonly method: string;
  readonly path: string;
  /** The path behind the version or the feed's root, percent-decoded. */
  readonly resource: string;
  readonly version: 'v1.0' | 'beta';
  readonly rawQuery: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly requestId: string;
  /** `http://host:port` as the client named it. */
  readonly origin: string;
  readonly where: Where;
  readonly body: string;
}

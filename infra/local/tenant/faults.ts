import type { SourceId } from '../../../shared/sources.ts';
import { seeded } from './seeded.ts';
import type { Random } from './seeded.ts';

/** What can be made to go wrong, one request at a time. */
export const FAULT_KINDS = [
  // the request
  'hang', // never answered
  'cut-before-headers',
  'status', // {status, code?, message?, retryAfter?}
  'throttle', // 429 (feed: AF429), with or without {retryAfter}
  'unauthorized', // 401: the token is said to have expired
  'licence', // 403 Authentication_RequestFromNonPremiumTenantOrB2CTenant
  'forbidden', // 403 as for a missing permission
  'expired-page-token', // 400, only on requests that carry one; {variant: 'null' | 'expired' | 'directory'}
  // the response as bytes
  'cut-mid-body', // {afterBytes?}, half by default
  'truncated-json', // ends early, with a content-length that agrees
  'slow-body', // {bytesPerSecond}
  'html-page', // 200 with an HTML error page
  'wrong-content-type',
  // the response as pages
  'poison-record', // malformed JSON in the middle of a page or blob; sticks to that record
  'duplicate-within-page',
  'duplicate-across-pages', // a page begins with the last record of the one before
  'dropped-records', // {fraction} of a page is left out
  'filter-ignored', // the whole $filter, as in 2020 and 2023
  'empty-page', // no records, and yet a next link to the same place
  'trailing-link', // the last page of a report links to one more, which is empty
  'foreign-next-link', // {host?}
  'foreign-content-uri', // {host?}
  'big-body', // {bytes, records}: the page or blob ends with so many generated records
  // the audit query as a job
  'query-outcome', // {outcome: 'failed' | 'cancelled' | 'stuck' | 'unknownFutureValue'}, decided at submission
] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];

export type Api = 'graph' | 'feed';

export const ENDPOINTS = [
  'signIns',
  'directoryAudits',
  'provisioning',
  'riskDetections',
  'auditQuery.submit',
  'auditQuery.list',
  'auditQuery.status',
  'auditQuery.records',
  'state',
  'feed.start',
  'feed.stop',
  'feed.list',
  'feed.content',
  'feed.audit',
  'feed.notifications',
  'feed.resources',
  'unknown',
] as const;

export type Endpoint = (typeof ENDPOINTS)[number];

export interface FaultSpec {
  readonly kind: FaultKind;
  /** Where: all given conditions must hold. `match` is a part of the URL as sent. */
  readonly api?: Api;
  readonly endpoint?: Endpoint;
  readonly source?: SourceId;
  readonly match?: string;
  /** How often: the first `skip` requests pass, the next `times` (all by default) are hit with `probability` (1). */
  readonly skip?: number;
  readonly times?: number;
  readonly probability?: number;
  /** Stays with the first URL it hits. */
  readonly bind?: boolean;
  readonly status?: number;
  readonly code?: string;
  readonly message?: string;
  /** Seconds. */
  readonly retryAfter?: number;
  readonly afterBytes?: number;
  readonly bytesPerSecond?: number;
  readonly variant?: 'null' | 'expired' | 'directory';
  readonly fraction?: number;
  readonly host?: string;
  readonly bytes?: number;
  readonly records?: number;
  readonly outcome?: 'failed' | 'cancelled' | 'stuck' | 'unknownFutureValue';
}

/** The request a fault may hit. */
export interface Where {
  readonly api: Api;
  readonly endpoint: Endpoint;
  readonly sources: readonly SourceId[];
  readonly url: string;
}

export interface ActiveFault extends FaultSpec {
  readonly id: number;
  hits: number;
  /** Records a poison fault has settled on. */
  readonly poisoned: Set<number>;
}

interface Entry {
  readonly fault: ActiveFault;
  seen: number;
  bound?: string;
}

/** The faults that are switched on; a handler takes one at the point where it would show. */
export class Faults {
  readonly #random: Random;
  #entries: Entry[] = [];
  #nextId = 1;

  constructor(seed: number) {
    this.#random = seeded(seed);
  }

  /** Switches a fault on and returns its id. */
  add(spec: FaultSpec): number {
    if (!FAULT_KINDS.includes(spec.kind)) throw new RangeError(`there is no fault ${spec.kind}`);
    const id = this.#nextId++;
    this.#entries.push({ fault: { ...spec, id, hits: 0, poisoned: new Set() }, seen: 0 });
    return id;
  }

  /** Switches one fault off, or all. */
  clear(id?: number): void {
    this.#entries = id === undefined ? [] : this.#entries.filter(({ fault }) => fault.id !== id);
  }

  /** The first fault of the kind that hits this request; every fault laid on it counts it as seen. */
  take(kind: FaultKind, where: Where): ActiveFault | undefined {
    const key = where.endpoint === 'feed.audit' ? where.url.split('?')[0]! : where.url;
    let hit: Entry | undefined;
    for (const entry of this.#entries) {
      if (entry.fault.kind !== kind || !isLaidOn(entry, where, key)) continue;
      const due = ++entry.seen > (entry.fault.skip ?? 0) && this.#random() < (entry.fault.probability ?? 1);
      if (due) hit ??= entry;
    }
    if (hit?.fault.bind) hit.bound = key;
    if (hit) hit.fault.hits++;
    return hit?.fault;
  }

  list(): { id: number; kind: FaultKind; hits: number }[] {
    return this.#entries.map(({ fault: { id, kind, hits } }) => ({ id, kind, hits }));
  }
}

const isLaidOn = ({ fault, bound }: Entry, where: Where, key: string): boolean =>
  fault.hits < (fault.times ?? Infinity) &&
  (bound ?? key) === key &&
  (fault.api ?? where.api) === where.api &&
  (fault.endpoint ?? where.endpoint) === where.endpoint &&
  (fault.source === undefined || where.sources.includes(fault.source)) &&
  (fault.match === undefined || where.url.includes(fault.match));

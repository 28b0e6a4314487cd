import { countsColumn, millisColumn, bytesColumn } from './columns.ts';
import { CONTENT_TYPES } from './records.ts';
import type { ContentType, PublishedSource } from './records.ts';
import { count, noCounts } from './counts.ts';
import type { FetchCounts } from './counts.ts';
import { between, scatter, seeded } from './seeded.ts';
import type { Random } from './seeded.ts';
import type { RecordStore } from './store.ts';

const TYPES = Object.keys(CONTENT_TYPES) as ContentType[];
const GROUP_MS = 10 * 60_000;

/** How records are gathered into blobs: per bucket of availability, several blobs filled side by side. */
export interface Blobbing {
  readonly bucketMs: number;
  readonly mostLanes: number;
  readonly mostRecords: number;
}

export const DEFAULT_BLOBBING: Blobbing = { bucketMs: 5 * 60_000, mostLanes: 3, mostRecords: 400 };

/** A place in the listing order: not the order of contentCreated, as measured on live tenants. */
export interface ListPlace {
  readonly group: number;
  readonly rank: number;
}

/** The feed's content blobs, by number. */
export class ContentBlobs {
  readonly #store: RecordStore;
  readonly #blobbing: Blobbing;
  readonly #random: Random;
  readonly #type = bytesColumn();
  readonly #createdMs = millisColumn();
  readonly #fetched = countsColumn();
  readonly #members: Uint32Array[] = [];
  readonly #byType = new Map<ContentType, number[]>(TYPES.map((type) => [type, []]));

  constructor(store: RecordStore, seed: number, blobbing: Blobbing) {
    this.#store = store;
    this.#blobbing = blobbing;
    this.#random = seeded(seed ^ 0x5eed);
  }

  /** Gathers records into blobs; none becomes available before `earliestMs`. */
  publish(numbers: readonly number[], earliestMs: number): void {
    for (const type of TYPES) {
      const own = numbers.filter((number) => this.#store.source(number) === CONTENT_TYPES[type]);
      if (own.length > 0) this.#gather(type, own, earliestMs);
    }
  }

  type(blob: number): ContentType {
    return TYPES[this.#type.get(blob)]!;
  }

  createdMs(blob: number): number {
    return this.#createdMs.get(blob);
  }

  members(blob: number): Uint32Array {
    return this.#members[blob]!;
  }

  noteFetched(blob: number): void {
    this.#fetched.set(blob, this.#fetched.get(blob) + 1);
  }

  /** Blobs of a type created in [from, to), in listing order. */
  list(type: ContentType, fromMs: number, toMs: number): number[] {
    const blobs = this.#byType.get(type)!;
    const found = blobs.slice(this.#firstFrom(blobs, fromMs), this.#firstFrom(blobs, toMs));
    return found.sort((a, b) => comparePlaces(this.place(a), this.place(b)));
  }

  place(blob: number): ListPlace {
    return { group: Math.floor(this.#createdMs.get(blob) / GROUP_MS), rank: scatter(blob) };
  }

  /** `20171014180051748005825$20171014180051748005825$audit_sharepoint$Audit_SharePoint$na0045` */
  contentId(blob: number): string {
    const created = new Date(this.#createdMs.get(blob)).toISOString().replaceAll(/[-:TZ.]/g, '');
    const key = `${created}${blob.toString().padStart(6, '0')}`;
    const name = this.type(blob).replace('.', '_');
    return `${key}$${key}$${name.toLowerCase()}$${name}$na0045`;
  }

  /** The blob of an id; 'malformed' when it is none, undefined when there is no such blob. */
  find(contentId: string): number | 'malformed' | undefined {
    const match = /^\d{17}(\d{6,})\$/.exec(contentId);
    if (!match) return 'malformed';
    const blob = Number(match[1]);
    return blob < this.#members.length && this.contentId(blob) === contentId ? blob : undefined;
  }

  counts(nowMs: number): FetchCounts {
    const counts = noCounts();
    for (let blob = 0; blob < this.#members.length; blob++)
      count(counts, this.#createdMs.get(blob) <= nowMs, this.#fetched.get(blob));
    return counts;
  }

  source(blob: number): PublishedSource {
    return CONTENT_TYPES[this.type(blob)];
  }

  #gather(type: ContentType, numbers: number[], earliestMs: number): void {
    const { bucketMs, mostLanes } = this.#blobbing;
    numbers.sort((a, b) => this.#store.availableMs(a) - this.#store.availableMs(b) || a - b);
    let bucket: number | undefined;
    let lanes: Lane[] = [];
    for (const number of numbers) {
      const own = Math.floor(this.#store.availableMs(number) / bucketMs);
      if (own !== bucket) {
        for (const lane of lanes) this.#close(type, lane, earliestMs);
        lanes = Array.from({ length: between(this.#random, 1, mostLanes) }, () => this.#lane());
        bucket = own;
      }
      const at = between(this.#random, 0, lanes.length - 1);
      lanes[at]!.members.push(number);
      if (lanes[at]!.members.length < lanes[at]!.limit) continue;
      this.#close(type, lanes[at]!, earliestMs);
      lanes[at] = this.#lane();
    }
    for (const lane of lanes) this.#close(type, lane, earliestMs);
    this.#byType.get(type)!.sort((a, b) => this.createdMs(a) - this.createdMs(b) || a - b);
  }

  // Sizes vary: most blobs are small, a few are full.
  #lane(): Lane {
    return { members: [], limit: Math.max(1, Math.ceil(this.#random() ** 3 * this.#blobbing.mostRecords)) };
  }

  #close(type: ContentType, { members }: Lane, earliestMs: number): void {
    if (members.length === 0) return;
    const blob = this.#members.length;
    this.#members.push(Uint32Array.from(members));
    this.#type.set(blob, TYPES.indexOf(type));
    this.#createdMs.set(blob, Math.ceil(Math.max(earliestMs, this.#store.availableMs(members.at(-1)!))));
    this.#fetched.set(blob, 0);
    this.#byType.get(type)!.push(blob);
  }

  #firstFrom(blobs: readonly number[], ms: number): number {
    let low = 0;
    let high = blobs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.createdMs(blobs[middle]!) < ms) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

interface Lane {
  readonly members: number[];
  readonly limit: number;
}

export const comparePlaces = (a: ListPlace, b: ListPlace): number => a.group - b.group || a.rank - b.rank;

import type { PublishedSource } from '../tenant/records.ts';
import { latencyMs } from './latency.ts';
import type { Random } from './random.ts';
import type { Involvement, StoryRecord } from './story-record.ts';
import { DAY, MINUTE } from './time.ts';

/** Share of ordinary records the APIs deliver twice (DESIGN: duplicates are by design at the vendor). */
const COPIES = 1 / 1200;

export interface Posting {
  readonly source: PublishedSource;
  readonly id: string;
  readonly body: object;
  readonly eventMs: number;
  readonly about: readonly Involvement[];
  readonly step?: string;
  /** Overrides the drawn latency. */
  readonly afterMs?: number;
  /** 2 and up: a further content under an id already posted. */
  readonly version?: number;
  /** Deliver the same text once more so much later. */
  readonly againAfterMs?: number;
  /** A later content replaces this one so long after it became available. */
  readonly changes?: { readonly body: object; readonly afterMs: number };
}

/** Collects what one piece of the story publishes. */
export class Outbox {
  readonly records: StoryRecord[] = [];
  private readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  post(posting: Posting): void {
    const availableMs = posting.eventMs + (posting.afterMs ?? latencyMs(posting.source, this.random));
    const first = this.keep(
      posting,
      JSON.stringify(posting.body),
      availableMs,
      posting.version ?? 1,
      false,
      goneMsOf(posting, availableMs),
    );
    if (posting.changes) {
      const text = JSON.stringify(posting.changes.body);
      this.keep(posting, text, availableMs + posting.changes.afterMs, 2, false);
      return;
    }
    const again = posting.againAfterMs ?? this.drawCopy(posting);
    if (again !== undefined) this.keep(posting, first.text, availableMs + again, posting.version ?? 1, true);
  }

  private drawCopy(posting: Posting): number | undefined {
    if (posting.step !== undefined || !this.random.chance(COPIES)) return undefined;
    return this.random.chance(0.2) ? this.random.whole(1, 5) * DAY : this.random.whole(1, 90) * MINUTE;
  }

  private keep(
    { source, id, eventMs, about, step }: Posting,
    text: string,
    availableMs: number,
    version: number,
    copy: boolean,
    goneMs?: number,
  ): StoryRecord {
    const record: StoryRecord = {
      source,
      text,
      eventMs,
      availableMs,
      id,
      about,
      version,
      copy,
      ...(goneMs === undefined ? undefined : { goneMs }),
      ...(step === undefined ? undefined : { step }),
    };
    this.records.push(record);
    return record;
  }
}

const goneMsOf = (posting: Posting, availableMs: number): number | undefined =>
  posting.changes && availableMs + posting.changes.afterMs;

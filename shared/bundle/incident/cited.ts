import type { SourceId } from '../../sources.ts';
import type { Event } from '../../detect/pivot/session/event.ts';

/** A record by its own id, before it has a line in a bundle. */
export interface RecordCitation {
  readonly source: SourceId;
  readonly id: string;
  readonly time: string;
}

export const citationOf = (e: Event): RecordCitation => ({ source: e.source, id: e.id, time: e.time });

const EACH = 5;

/** The first few records that show each entity. */
export class Cited {
  readonly #records = new Map<string, RecordCitation[]>();

  add(kind: string, key: string, e: Event): void {
    const name = `${kind}\n${key}`;
    const known = this.#records.get(name) ?? [];
    if (known.length >= EACH || known.some((r) => r.id === e.id)) return;
    this.#records.set(name, [...known, citationOf(e)]);
  }

  of(kind: string, key: string): readonly RecordCitation[] {
    return this.#records.get(`${kind}\n${key}`) ?? [];
  }
}

import { createHash } from 'node:crypto';
import { formatTicks } from '../../instant.ts';
import type { RecordFile } from '../record-file.ts';
import type { SourceId } from '../../sources.ts';

/** A record as reports name it: source and line of `records/<source>.ndjson`. */
export interface Citation {
  readonly source: SourceId;
  /** Line in the bundle's file of that source, from 1. */
  readonly line: number;
  /** Anchor within the report. */
  readonly anchor: string;
  readonly label: string;
}

export class Citations {
  readonly #records: RecordFile;

  constructor(records: RecordFile) {
    this.#records = records;
  }

  of(number: number): Citation {
    const source = this.#records.sourceOf(number);
    const line = this.#records.lineOf(number);
    return { source, line, anchor: `r-${source}-${line}`, label: `${source}:${line}` };
  }

  /** What the list of cited records says of one. */
  async entry(number: number): Promise<CitedRecord> {
    const { text, facts } = await this.#records.record(number);
    return {
      ...this.of(number),
      id: facts.id ?? '',
      time: facts.ticks === undefined ? '' : formatTicks(facts.ticks),
      operation: facts.operation,
      sha256: createHash('sha256').update(text).digest('hex'),
    };
  }
}

export interface CitedRecord extends Citation {
  readonly id: string;
  readonly time: string;
  readonly operation: string;
  readonly sha256: string;
}

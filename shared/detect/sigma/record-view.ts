import { compileField, readLeaves, WHOLE_RECORD, type FieldReader } from './field-source.ts';
import type { FieldValues } from './field-values.ts';
import type { FieldSource } from './pipeline.ts';

/** The fields that all rules on one shape look at; equal fields share a slot, and so are read once per record. */
export class FieldTable {
  readonly #roots: readonly string[];
  readonly #slots = new Map<string, number>();
  readonly readers: FieldReader[] = [];

  constructor(roots: readonly string[]) {
    this.#roots = roots;
  }

  slotOf(sources: readonly FieldSource[]): number {
    return this.#slot(JSON.stringify(sources), () => compileField(sources, this.#roots));
  }

  keywordSlot(): number {
    return this.#slot(WHOLE_RECORD, () => readLeaves);
  }

  #slot(key: string, make: () => FieldReader): number {
    const known = this.#slots.get(key);
    if (known !== undefined) return known;
    this.#slots.set(key, this.readers.length);
    return this.readers.push(make()) - 1;
  }
}

/** One record as rules see it. Nothing is read before a rule asks for it. */
export class RecordView {
  readonly record: unknown;
  readonly #readers: readonly FieldReader[];
  readonly #values: (FieldValues | undefined)[] = [];

  constructor(table: FieldTable, record: unknown) {
    this.record = record;
    this.#readers = table.readers;
  }

  get(slot: number): FieldValues {
    return (this.#values[slot] ??= this.#readers[slot]!(this.record));
  }
}

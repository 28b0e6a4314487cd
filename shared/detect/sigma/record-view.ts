import { compileField, readLeaves, WHOLE_RECORD, type FieldReader } from './field-source.ts';
import type { FieldValues } from './field-values.ts';
import type { FieldSource } from './pipeline.ts';

/** The fields that all rules on one shape look at; equal fields share a slot, and so are read once per record. */
export class FieldTable {
  readonly #roots: readonly string[];
  readonly #slots = new Map<string, number>();
  /** Readers for records whose names may be spelled in any case, and for those spelled as the vendor does. */
  readonly #readers: Readonly<Record<Spelling, FieldReader[]>> = { any: [], vendor: [] };
  readonly #tests = new Map<string, number>();

  constructor(roots: readonly string[]) {
    this.#roots = roots;
  }

  slotOf(sources: readonly FieldSource[]): number {
    return this.#slot(JSON.stringify(sources), (spelling) =>
      compileField(sources, this.#roots, spelling === 'vendor'),
    );
  }

  keywordSlot(): number {
    return this.#slot(WHOLE_RECORD, () => readLeaves);
  }

  /** A number for a test, under which its outcome is kept on shared values. Equal tests, such as filters, share it. */
  testOf(test: unknown): number {
    const key = JSON.stringify(test);
    const known = this.#tests.get(key) ?? this.#tests.size;
    this.#tests.set(key, known);
    return known;
  }

  readers(spelling: Spelling): readonly FieldReader[] {
    return this.#readers[spelling];
  }

  #slot(key: string, make: (spelling: Spelling) => FieldReader): number {
    const known = this.#slots.get(key);
    if (known !== undefined) return known;
    const slot = this.#readers.any.push(make('any')) - 1;
    this.#readers.vendor.push(make('vendor'));
    this.#slots.set(key, slot);
    return slot;
  }
}

export type Spelling = 'any' | 'vendor';

/** One record as rules see it. Nothing is read before a rule asks for it. */
export class RecordView {
  readonly record: unknown;
  readonly #readers: readonly FieldReader[];
  readonly #values: (FieldValues | undefined)[] = [];

  constructor(readers: readonly FieldReader[], record: unknown) {
    this.record = record;
    this.#readers = readers;
  }

  get(slot: number): FieldValues {
    return (this.#values[slot] ??= this.#readers[slot]!(this.record));
  }
}

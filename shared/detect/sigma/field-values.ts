export type Scalar = string | number | boolean;

let shared = 0;

/**
 * What one field holds in one record, in the forms that tests ask for. Each form is derived at most once per record,
 * however many rules look at the field.
 */
export class FieldValues {
  /** The field exists, whatever it holds. */
  present = false;
  hasNull = false;
  readonly scalars: Scalar[] = [];
  /** Objects and arrays the field holds; tests on text see their compact JSON. */
  readonly composites: object[] = [];
  /** Outcomes of tests by their number, kept when many records share these values. */
  outcomes: (boolean | undefined)[] | undefined = undefined;
  /** Tells values that records share from others; 0 for those of one record alone. */
  number = 0;
  #texts: string[] | undefined;
  #lower: string[] | undefined;
  #json: string[] | undefined;
  #jsonLower: string[] | undefined;

  /** For many records: what was found out about them is kept. */
  share(): this {
    this.outcomes = [];
    this.number = ++shared;
    return this;
  }

  get isNull(): boolean {
    return this.hasNull || (this.scalars.length === 0 && this.composites.length === 0);
  }

  get texts(): readonly string[] {
    return (this.#texts ??= this.scalars.map(String));
  }

  get lower(): readonly string[] {
    return (this.#lower ??= this.texts.map((text) => text.toLowerCase()));
  }

  get json(): readonly string[] {
    return (this.#json ??= this.composites.map((value) => JSON.stringify(value)));
  }

  get jsonLower(): readonly string[] {
    return (this.#jsonLower ??= this.json.map((text) => text.toLowerCase()));
  }

  /** The candidate a matcher answered with: scalars first, then composites. */
  candidate(index: number): string {
    return this.texts[index] ?? this.json[index - this.scalars.length] ?? '';
  }

  /** A value as records hold it; arrays are also looked into. */
  add(value: unknown): void {
    if (value === undefined || typeof value === 'function') return;
    this.present = true;
    if (value === null) this.hasNull = true;
    else if (typeof value === 'object') this.#addComposite(value);
    else if (typeof value === 'bigint') this.scalars.push(value.toString());
    else this.scalars.push(value as Scalar);
  }

  merge(other: FieldValues): void {
    this.present ||= other.present;
    this.hasNull ||= other.hasNull;
    // No spread: a hostile array may be longer than a call may have arguments.
    for (const value of other.scalars) this.scalars.push(value);
    for (const value of other.composites) this.composites.push(value);
  }

  #addComposite(value: object): void {
    this.composites.push(value);
    if (Array.isArray(value)) this.#addElements(value, 0);
  }

  #addElements(values: readonly unknown[], depth: number): void {
    for (const value of values) {
      if (Array.isArray(value)) {
        if (depth < MAX_DEPTH) this.#addElements(value, depth + 1);
      } else if (value !== null && typeof value !== 'object') this.scalars.push(value as Scalar);
    }
  }
}

const MAX_DEPTH = 32;

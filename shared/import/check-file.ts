import { createHash } from 'node:crypto';
import { z } from 'zod';
import { formatTicks, type Ticks } from '../instant.ts';
import type { AskedFormat } from './layout.ts';
import { checkRecognised, recordsOf, type ImportedRecord } from './records.ts';
import type { SourceFile } from './source-file.ts';
import { MoreThanLimit, type UnpackLimits } from './unpack.ts';

/** What a whole file holds, known before anything of it is archived. */
export const fileFacts = z.object({
  sha256: z.string(),
  /** Bytes of the file, and of its text, unpacked. */
  bytes: z.number(),
  textBytes: z.number(),
  records: z.number(),
  /** Without a readable time. */
  untimed: z.number(),
  /** Times of the first and the last event, ISO 8601, seven fractional digits. */
  from: z.string(),
  to: z.string(),
  /** Records by kind. */
  kinds: z.record(z.string(), z.number()),
  /** Records made from rows, by the table they were a row of. */
  tables: z.record(z.string(), z.number()),
  /** Records by the tenant in which they say they happened; those that say none are not counted. */
  tenants: z.record(z.string(), z.number()),
  /** The texts in it: one, or those of a zip. */
  contents: z.array(z.object({ name: z.string(), layout: z.string(), records: z.number() })),
});
export type FileFacts = z.infer<typeof fileFacts>;

/**
 * Reads a file to its end and keeps nothing of it: a fault in its last line is known before its first record is stored.
 * @throws `invalid-request` naming file, line and remedy; `MoreThanLimit` when it unpacks to more
 */
export async function checkFile(
  file: SourceFile,
  format: AskedFormat,
  limits?: UnpackLimits,
): Promise<FileFacts> {
  const tally = new Tally();
  for await (const { content, layout, records } of recordsOf(file, format, limits)) {
    tally.content(content, layout, records.length);
    for (const record of records) tally.add(record);
    if (tally.records > (limits?.records ?? Infinity))
      throw new MoreThanLimit(`more than ${limits!.records} records`);
    if (limits?.stop?.() === true) throw new MoreThanLimit('more than can be read in one go');
  }
  checkRecognised(tally, file.name);
  return tally.facts(file.size, await sha256Of(file));
}

/** Tenants told apart: texts of records must not grow the facts of a file without end. */
const MAX_TENANTS = 50;

class Tally {
  records = 0;
  timed = 0;
  known = 0;
  #bytes = 0;
  #min: Ticks | undefined;
  #max: Ticks | undefined;
  readonly #kinds = new Map<string, number>();
  readonly #tables = new Map<string, number>();
  readonly #tenants = new Map<string, number>();
  readonly #contents: { name: string; layout: string; records: number }[] = [];

  content(name: string, layout: string, records: number): void {
    const last = this.#contents.at(-1);
    if (last && last.name === name && records > 0) last.records += records;
    else this.#contents.push({ name, layout, records });
  }

  add({ kind, table, tenant, facts, text }: ImportedRecord): void {
    this.records++;
    this.#bytes += text.length + 1;
    if (kind !== 'other' || table !== undefined) this.known++;
    this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + 1);
    if (table !== undefined) this.#tables.set(table, (this.#tables.get(table) ?? 0) + 1);
    if (tenant !== undefined && (this.#tenants.has(tenant) || this.#tenants.size < MAX_TENANTS))
      this.#tenants.set(tenant, (this.#tenants.get(tenant) ?? 0) + 1);
    const { ticks } = facts;
    if (ticks === undefined) return;
    this.timed++;
    if (this.#min === undefined || ticks < this.#min) this.#min = ticks;
    if (this.#max === undefined || ticks > this.#max) this.#max = ticks;
  }

  facts(bytes: number, sha256: string): FileFacts {
    return {
      sha256,
      bytes,
      textBytes: this.#bytes,
      records: this.records,
      untimed: this.records - this.timed,
      from: formatTicks(this.#min!),
      to: formatTicks(this.#max!),
      kinds: Object.fromEntries(this.#kinds),
      tables: Object.fromEntries(this.#tables),
      tenants: Object.fromEntries(this.#tenants),
      contents: this.#contents,
    };
  }
}

async function sha256Of(file: SourceFile): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of file.read(0, file.size)) hash.update(piece);
  return hash.digest('hex');
}

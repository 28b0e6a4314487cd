import { randomUUID } from 'node:crypto';
import { HoldfastError } from '../../errors.ts';
import { escapeKey } from '../../layout.ts';
import type { StoredRow, TableStore } from '../../store/stores.ts';
import { joinText, splitText } from '../../store/long-text.ts';
import { packJson, unpackJson } from '../cells.ts';
import { statePartition, TABLE } from '../keys.ts';

export interface Stored<T> {
  readonly value: T;
  readonly etag: string;
}

/**
 * JSON values of any size that are replaced as a whole, only by whoever read the last one. A value is written in
 * pieces under a new generation; then the head row, guarded by its etag, points there. A crash in between leaves
 * pieces that no head knows, which the next writer removes.
 */
export class StateStore {
  readonly #tables: TableStore;
  readonly #partition: string;

  constructor(tables: TableStore, tenant: string) {
    this.#tables = tables;
    this.#partition = statePartition(tenant);
  }

  async load<T>(name: string, parse: (value: unknown) => T): Promise<Stored<T> | undefined> {
    const head = await this.#head(name);
    if (!head) return undefined;
    const pieces: string[] = [];
    for await (const row of this.#pieces(name, String(head.cells['generation'])))
      pieces.push(joinText('piece', row.cells));
    if (pieces.length === head.cells['pieces']) return { value: parse(unpackJson(pieces)), etag: head.etag };
    const now = await this.#head(name);
    if (now?.etag !== head.etag) return this.load(name, parse);
    throw new HoldfastError('internal', `Detection state "${name}" lacks pieces.`, { ids: { name } });
  }

  /** `etag`: of the value this one was made from; undefined when there was none. */
  async save(name: string, value: unknown, etag: string | undefined): Promise<Stored<undefined>> {
    const generation = randomUUID();
    const pieces = packJson(value);
    for (const [i, piece] of pieces.entries())
      await this.#tables.upsert(TABLE, this.#partition, [
        { row: pieceRow(name, generation, i), cells: splitText('piece', piece) },
      ]);
    const head = { row: headRow(name), cells: { generation, pieces: pieces.length } };
    const done =
      etag === undefined
        ? await this.#tables.insert(TABLE, this.#partition, head)
        : await this.#tables.replace(TABLE, this.#partition, head, etag);
    if (done === 'exists' || done === 'changed') return this.#lose(name, generation);
    await this.#clean(name, undefined);
    // The store does not tell the new etag; it is ours only while the head is.
    const now = await this.#head(name);
    if (now?.cells['generation'] !== generation) return this.#lose(name, generation);
    return { value: undefined, etag: now.etag };
  }

  /** Removes every value whose name begins with the prefix. */
  async removeAll(prefix: string): Promise<void> {
    const from = escapeKey(prefix);
    const rows: string[] = [];
    for await (const { row } of this.#tables.query(TABLE, this.#partition, { from, to: `${from}~` }))
      rows.push(row);
    for (const row of rows) await this.#tables.remove(TABLE, this.#partition, [row]);
  }

  async #lose(name: string, generation: string): Promise<never> {
    await this.#clean(name, generation);
    throw new HoldfastError('conflict', `Another instance changed detection state "${name}".`, {
      retryable: true,
    });
  }

  #head(name: string): Promise<StoredRow | undefined> {
    return this.#tables.get(TABLE, this.#partition, headRow(name));
  }

  #pieces(name: string, generation: string): AsyncIterable<StoredRow> {
    const from = `${escapeKey(name)}|${generation}|`;
    return this.#tables.query(TABLE, this.#partition, { from, to: `${from}~` });
  }

  /** Removes pieces of generations that the head does not name; a loser removes only its own. */
  async #clean(name: string, lost: string | undefined): Promise<void> {
    const current = (await this.#head(name))?.cells['generation'];
    const from = `${escapeKey(name)}|`;
    const old: string[] = [];
    for await (const { row } of this.#tables.query(TABLE, this.#partition, { from, to: `${from}~` })) {
      const generation = row.split('|')[1];
      if (lost === undefined ? generation !== current : generation === lost) old.push(row);
    }
    for (const row of old) await this.#tables.remove(TABLE, this.#partition, [row]);
  }
}

const headRow = (name: string): string => escapeKey(name);
const pieceRow = (name: string, generation: string, i: number): string =>
  `${escapeKey(name)}|${generation}|${String(i).padStart(4, '0')}`;

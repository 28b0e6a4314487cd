import type {
  BlobInfo,
  BlobStore,
  PutOptions,
  QueueStore,
  RowRange,
  StoredRow,
  TableStore,
  TableWrite,
} from './stores.ts';

/** In-memory twins of the Azure stores, for unit and property tests. The same contract suite checks both. */
export class MemoryBlobs implements BlobStore {
  readonly blobs = new Map<string, { body: Buffer; metadata: Readonly<Record<string, string>> }>();

  putNew(name: string, body: Uint8Array, options: PutOptions = {}): Promise<'created' | 'exists'> {
    if (this.blobs.has(name)) return Promise.resolve('exists');
    this.blobs.set(name, { body: Buffer.from(body), metadata: options.metadata ?? {} });
    return Promise.resolve('created');
  }

  get(name: string): Promise<Buffer | undefined> {
    return Promise.resolve(this.blobs.get(name)?.body);
  }

  getRange(name: string, offset: number, length: number): Promise<Buffer> {
    const blob = this.blobs.get(name);
    if (!blob) return Promise.reject(new Error(`no blob ${name}`));
    return Promise.resolve(blob.body.subarray(offset, offset + length));
  }

  info(name: string): Promise<BlobInfo | undefined> {
    const blob = this.blobs.get(name);
    return Promise.resolve(blob && { name, size: blob.body.length, metadata: blob.metadata });
  }

  async *list(prefix: string): AsyncIterable<BlobInfo> {
    const names = [...this.blobs.keys()].filter((n) => n.startsWith(prefix)).sort();
    for (const name of names) yield (await this.info(name))!;
  }
}

/** Index of the first key that is not less. */
function firstAtLeast(keys: readonly string[], key: string): number {
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

interface MemoryRow {
  cells: TableWrite['cells'];
  etag: string;
}

export class MemoryTables implements TableStore {
  readonly tables = new Map<string, Map<string, Map<string, MemoryRow>>>();
  #version = 0;
  /** Rows deleted so far: with a partition's size it tells whether its sorted keys still hold. */
  #changes = 0;
  readonly #sorted = new WeakMap<object, { size: number; changes: number; keys: readonly string[] }>();

  #partition(table: string, partition: string): Map<string, MemoryRow> {
    const rows = this.tables.get(table) ?? new Map<string, Map<string, MemoryRow>>();
    this.tables.set(table, rows);
    const found = rows.get(partition) ?? new Map<string, MemoryRow>();
    rows.set(partition, found);
    return found;
  }

  #write(table: string, partition: string, write: TableWrite): void {
    this.#partition(table, partition).set(write.row, {
      cells: { ...write.cells },
      etag: String(++this.#version),
    });
  }

  #delete(table: string, partition: string, row: string): void {
    if (this.#partition(table, partition).delete(row)) this.#changes++;
  }

  upsert(table: string, partition: string, writes: readonly TableWrite[]): Promise<void> {
    for (const write of writes) this.#write(table, partition, write);
    return Promise.resolve();
  }

  replaceAll(
    table: string,
    partition: string,
    writes: readonly TableWrite[],
    deletes: readonly string[],
  ): Promise<void> {
    for (const row of deletes) this.#delete(table, partition, row);
    return this.upsert(table, partition, writes);
  }

  insert(table: string, partition: string, write: TableWrite): Promise<'created' | 'exists'> {
    if (this.#partition(table, partition).has(write.row)) return Promise.resolve('exists');
    this.#write(table, partition, write);
    return Promise.resolve('created');
  }

  replace(
    table: string,
    partition: string,
    write: TableWrite,
    etag: string,
  ): Promise<'replaced' | 'changed'> {
    if (this.#partition(table, partition).get(write.row)?.etag !== etag) return Promise.resolve('changed');
    this.#write(table, partition, write);
    return Promise.resolve('replaced');
  }

  get(table: string, partition: string, row: string): Promise<StoredRow | undefined> {
    const found = this.#partition(table, partition).get(row);
    return Promise.resolve(found && { partition, row, etag: found.etag, cells: found.cells });
  }

  async *query(table: string, partition: string, range: RowRange = {}): AsyncIterable<StoredRow> {
    const rows = this.#partition(table, partition);
    const keys = this.#sortedKeys(rows);
    for (let i = range.from === undefined ? 0 : firstAtLeast(keys, range.from); i < keys.length; i++) {
      const row = keys[i]!;
      if (range.to !== undefined && row >= range.to) return;
      const found = rows.get(row);
      if (!found || Object.entries(range.where ?? {}).some(([key, value]) => found.cells[key] !== value))
        continue;
      yield { partition, row, etag: found.etag, cells: found.cells };
    }
  }

  /** A partition's keys in order; sorted anew only when rows came or went. */
  #sortedKeys(rows: Map<string, MemoryRow>): readonly string[] {
    const known = this.#sorted.get(rows);
    if (known?.size === rows.size && known.changes === this.#changes) return known.keys;
    const keys = [...rows.keys()].sort((a, b) => (a < b ? -1 : 1));
    this.#sorted.set(rows, { size: rows.size, changes: this.#changes, keys });
    return keys;
  }

  async *scan(table: string): AsyncIterable<StoredRow> {
    for (const partition of [...(this.tables.get(table)?.keys() ?? [])].sort())
      yield* this.query(table, partition);
  }

  remove(table: string, partition: string, rows: readonly string[]): Promise<void> {
    for (const row of rows) this.#delete(table, partition, row);
    return Promise.resolve();
  }
}

export class MemoryQueues implements QueueStore {
  readonly sent: { queue: string; message: unknown }[] = [];

  send(queue: string, messages: readonly unknown[]): Promise<void> {
    for (const message of messages) this.sent.push({ queue, message: structuredClone(message) });
    return Promise.resolve();
  }
}

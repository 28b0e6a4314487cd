/**
 * The three kinds of storage that holdfast stands on, as narrow as its use of them. Two implementations each
 * (Azure, memory) pass one contract suite. An outage is an error, never an absence.
 */

export interface BlobInfo {
  readonly name: string;
  readonly size: number;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface PutOptions {
  readonly contentType?: string;
  /** ASCII keys and values; written with the blob, since a write-once container refuses it later. */
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface BlobStore {
  /** Creates the blob, never overwrites. Atomic: readers see all of it or nothing. */
  putNew(name: string, body: Uint8Array, options?: PutOptions): Promise<'created' | 'exists'>;
  /** The whole blob, or undefined when it does not exist. */
  get(name: string): Promise<Buffer | undefined>;
  getRange(name: string, offset: number, length: number): Promise<Buffer>;
  info(name: string): Promise<BlobInfo | undefined>;
  /** Blobs under a prefix in name order, with metadata. */
  list(prefix: string): AsyncIterable<BlobInfo>;
}

export type Cell = string | number | boolean;
export type Row = Readonly<Record<string, Cell>>;

export interface StoredRow {
  readonly partition: string;
  readonly row: string;
  readonly etag: string;
  readonly cells: Row;
}

export interface TableWrite {
  readonly row: string;
  readonly cells: Row;
}

export interface RowRange {
  /** Inclusive. */
  readonly from?: string;
  /** Exclusive. */
  readonly to?: string;
  /** Rows whose cell equals the value only. */
  readonly where?: Readonly<Record<string, Cell>>;
}

export interface TableStore {
  /** Inserts or replaces; rows of one partition, each transaction of up to 100 atomic. */
  upsert(table: string, partition: string, writes: readonly TableWrite[]): Promise<void>;
  /** Replaces and deletes rows of one partition in one atomic transaction (≤ 100 in all). */
  replaceAll(
    table: string,
    partition: string,
    writes: readonly TableWrite[],
    deletes: readonly string[],
  ): Promise<void>;
  /** Inserts; `exists` when the row is there already. */
  insert(table: string, partition: string, write: TableWrite): Promise<'created' | 'exists'>;
  /** Replaces only when the row still has this etag. */
  replace(table: string, partition: string, write: TableWrite, etag: string): Promise<'replaced' | 'changed'>;
  get(table: string, partition: string, row: string): Promise<StoredRow | undefined>;
  /** Rows of a partition in key order. */
  query(table: string, partition: string, range?: RowRange): AsyncIterable<StoredRow>;
  /** All rows of a table, for rebuilds and tests. */
  scan(table: string): AsyncIterable<StoredRow>;
  remove(table: string, partition: string, rows: readonly string[]): Promise<void>;
}

export interface QueueStore {
  /** Sends messages that never expire (the service's default would drop them after 7 days). */
  send(queue: string, messages: readonly unknown[], options?: { readonly delayMs?: number }): Promise<void>;
}

export interface Stores {
  /** Container `archive`: write-once. */
  readonly archive: BlobStore;
  readonly tables: TableStore;
  readonly queues: QueueStore;
}

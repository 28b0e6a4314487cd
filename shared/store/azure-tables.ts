import { odata, type TableClient, type TransactionAction } from '@azure/data-tables';
import { storageErrorCode } from './azure-blobs.ts';
import type { Cell, Row, RowRange, StoredRow, TableStore, TableWrite } from './stores.ts';

// Learn: "Understanding the Table service data model": 100 entities and 4 MiB a transaction.
const MAX_ACTIONS = 100;
const MAX_BYTES = 3 * 1024 * 1024;

type Entity = Record<string, unknown> & { partitionKey: string; rowKey: string };

/** Tables through the Azure SDK; one client per table, made by the composition root. */
export class AzureTables implements TableStore {
  readonly #client: (table: string) => TableClient;

  constructor(client: (table: string) => TableClient) {
    this.#client = client;
  }

  async upsert(table: string, partition: string, writes: readonly TableWrite[]): Promise<void> {
    for (const batch of batches(writes)) {
      await this.#submit(
        table,
        batch.map((write): TransactionAction => ['upsert', entity(partition, write), 'Replace']),
      );
    }
  }

  async replaceAll(
    table: string,
    partition: string,
    writes: readonly TableWrite[],
    deletes: readonly string[],
  ): Promise<void> {
    const written = new Set(writes.map((w) => w.row));
    const gone = deletes.filter((row) => !written.has(row));
    const existing: string[] = [];
    for (const row of gone) if (await this.get(table, partition, row)) existing.push(row);
    await this.#submit(table, [
      ...writes.map((write): TransactionAction => ['upsert', entity(partition, write), 'Replace']),
      ...existing.map((row): TransactionAction => ['delete', { partitionKey: partition, rowKey: row }]),
    ]);
  }

  async insert(table: string, partition: string, write: TableWrite): Promise<'created' | 'exists'> {
    try {
      await this.#client(table).createEntity(entity(partition, write));
      return 'created';
    } catch (error) {
      if (storageErrorCode(error).status === 409) return 'exists';
      throw error;
    }
  }

  async replace(
    table: string,
    partition: string,
    write: TableWrite,
    etag: string,
  ): Promise<'replaced' | 'changed'> {
    try {
      await this.#client(table).updateEntity(entity(partition, write), 'Replace', { etag });
      return 'replaced';
    } catch (error) {
      const { status } = storageErrorCode(error);
      if (status === 412 || status === 404) return 'changed';
      throw error;
    }
  }

  async get(table: string, partition: string, row: string): Promise<StoredRow | undefined> {
    try {
      return stored(await this.#client(table).getEntity<Entity>(partition, row));
    } catch (error) {
      if (storageErrorCode(error).status === 404) return undefined;
      throw error;
    }
  }

  async *query(table: string, partition: string, range: RowRange = {}): AsyncIterable<StoredRow> {
    const parts = [odata`PartitionKey eq ${partition}`];
    if (range.from !== undefined) parts.push(odata`RowKey ge ${range.from}`);
    if (range.to !== undefined) parts.push(odata`RowKey lt ${range.to}`);
    for (const [key, value] of Object.entries(range.where ?? {})) parts.push(`${key} eq ${odata`${value}`}`);
    yield* this.#list(table, parts.join(' and '));
  }

  scan(table: string): AsyncIterable<StoredRow> {
    return this.#list(table, undefined);
  }

  async remove(table: string, partition: string, rows: readonly string[]): Promise<void> {
    for (const row of rows) {
      try {
        await this.#client(table).deleteEntity(partition, row);
      } catch (error) {
        if (storageErrorCode(error).status !== 404) throw error;
      }
    }
  }

  async *#list(table: string, filter: string | undefined): AsyncIterable<StoredRow> {
    const options = filter === undefined ? {} : { queryOptions: { filter } };
    for await (const found of this.#client(table).listEntities<Entity>(options)) yield stored(found);
  }

  async #submit(table: string, actions: TransactionAction[]): Promise<void> {
    if (actions.length > 0) await this.#client(table).submitTransaction(actions);
  }
}

const entity = (partition: string, write: TableWrite): Entity => ({
  ...write.cells,
  partitionKey: partition,
  rowKey: write.row,
});

const SYSTEM = new Set(['partitionKey', 'rowKey', 'etag', 'timestamp', 'odata.metadata', 'odata.etag']);

function stored(found: Entity): StoredRow {
  const cells: Record<string, Cell> = {};
  for (const [key, value] of Object.entries(found)) {
    if (!SYSTEM.has(key)) cells[key] = typeof value === 'bigint' ? Number(value) : (value as Cell);
  }
  return { partition: found.partitionKey, row: found.rowKey, etag: String(found['etag']), cells };
}

function* batches(writes: readonly TableWrite[]): Generator<TableWrite[]> {
  let batch: TableWrite[] = [];
  let bytes = 0;
  for (const write of lastOfEachRow(writes)) {
    const size = sizeOf(write.cells);
    if (batch.length > 0 && (batch.length === MAX_ACTIONS || bytes + size > MAX_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(write);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}

/** A transaction may name a row once only. */
const lastOfEachRow = (writes: readonly TableWrite[]): Iterable<TableWrite> =>
  new Map(writes.map((write) => [write.row, write])).values();

const sizeOf = (cells: Row): number =>
  Object.entries(cells).reduce((sum, [key, value]) => sum + key.length + String(value).length * 2 + 100, 600);

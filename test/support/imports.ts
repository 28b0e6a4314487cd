import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Archive } from '../../shared/archive/archive.ts';
import { parseReceipt, type Receipt } from '../../shared/archive/receipt.ts';
import type { Uploads, SourceFile } from '../../shared/import/source-file.ts';
import { bufferFile } from '../../shared/import/source-file.ts';
import { importQuickly, type ImportDeps } from '../../shared/import/run-import.ts';
import type { ImportResult } from '../../shared/import/show.ts';
import type { ImportAsk } from '../../shared/import/store-file.ts';
import { MemoryBlobs, MemoryQueues } from '../../shared/store/memory.ts';
import { PROJECT } from './project.ts';

/** Imports against stores in memory. */

export const TENANT = '11111111-1111-4111-8111-111111111111';
export const NOW = Date.parse('2026-11-20T12:00:00Z');

/** A file of the shared samples. */
export const sample = (path: string): Buffer => readFileSync(join(PROJECT, '../shared/data', path));

export const audit = (id: string, time: string, over: Record<string, unknown> = {}): string =>
  JSON.stringify({
    CreationTime: time,
    Id: id,
    Operation: 'New-InboxRule',
    RecordType: 1,
    UserId: 'ada@contoso.example',
    Workload: 'Exchange',
    ...over,
  });

export const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

/** A CSV as Search-UnifiedAuditLog | Export-Csv writes it. */
export const searchCsv = (records: readonly string[]): string =>
  ['"RecordType","CreationDate","UserIds","Operations","AuditData","ResultIndex"']
    .concat(records.map((r, i) => `"ExchangeAdmin","x","u","o",${quoted(r)},"${i + 1}"`))
    .join('\r\n');

export interface Bench extends ImportDeps {
  readonly blobs: MemoryBlobs;
  readonly queues: MemoryQueues;
}

export function importBench(blobs = new MemoryBlobs()): Bench {
  const clock = { now: () => NOW, sleep: () => Promise.resolve() };
  return { blobs, queues: new MemoryQueues(), clock, archive: new Archive({ blobs, clock, graceMs: 0 }) };
}

let count = 0;
export const ask = (over: Partial<ImportAsk> = {}): ImportAsk => ({
  id: `00000000-0000-4000-8000-${String(++count).padStart(12, '0')}`,
  tenant: TENANT,
  name: 'export.csv',
  format: 'auto',
  importer: 'Ada',
  importedMs: NOW,
  ...over,
});

export async function imported(
  bench: ImportDeps,
  body: Buffer | string,
  over: Partial<ImportAsk> = {},
): Promise<ImportResult> {
  const asked = ask(over);
  const result = await importQuickly(bufferFile(asked.name, Buffer.from(body)), asked, bench);
  if (!result) throw new Error('larger than a quick import');
  return result;
}

/** Lines of the archive's segments of one source, sorted. */
export const archivedLines = (blobs: MemoryBlobs, source = 'import'): string[] =>
  [...blobs.blobs]
    .filter(([name]) => name.includes(`/source=${source}/`) && name.endsWith('.ndjson.gz'))
    .flatMap(([, { body }]) => gunzipSync(body).toString('utf8').split('\n').filter(Boolean))
    .sort();

export const receipts = (blobs: MemoryBlobs): Receipt[] =>
  [...blobs.blobs]
    .filter(([name]) => name.startsWith('passes/'))
    .map(([name, { body }]) => parseReceipt(name, body));

/** Container `uploads` in memory. */
export class MemoryUploads implements Uploads {
  readonly files = new Map<string, Buffer>();

  open(name: string): Promise<SourceFile | undefined> {
    const body = this.files.get(name);
    return Promise.resolve(body && { ...bufferFile(name, body), version: String(body.length) });
  }

  stage(name: string, body: Buffer): Promise<void> {
    this.files.set(name, body);
    return Promise.resolve();
  }

  remove(name: string): Promise<void> {
    this.files.delete(name);
    return Promise.resolve();
  }
}

import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { importCoverage } from '../../../shared/archive/coverage-import.ts';
import { parseManifest, readManifest } from '../../../shared/archive/manifest.ts';
import { sealTenant } from '../../../shared/archive/seal-run.ts';
import { verifyTenant } from '../../../shared/archive/verify.ts';
import { newProgress } from '../../../shared/archive/verify-progress.ts';
import { checkFile } from '../../../shared/import/check-file.ts';
import { bufferFile } from '../../../shared/import/source-file.ts';
import { importQuickly, QUICK_RECORDS } from '../../../shared/import/run-import.ts';
import { nothingStored, storeFile } from '../../../shared/import/store-file.ts';
import { evidenceKind, manifestPath, type SegmentRef } from '../../../shared/layout.ts';
import { silentLog } from '../../../shared/log.ts';
import { parseRecord } from '../../../shared/record.ts';
import {
  archivedLines,
  ask,
  audit,
  imported,
  importBench,
  receipts,
  sample,
  searchCsv,
  TENANT,
  type Bench,
} from '../../support/imports.ts';

const day = (d: number, h = 10): string =>
  `2026-11-${String(d).padStart(2, '0')}T${String(h).padStart(2, '0')}:00:00`;
const records = [1, 2, 3, 4, 5].map((i) => audit(`r${i}`, day(i)));

const paths = (bench: Bench): string[] => [...bench.blobs.blobs.keys()].sort();

describe('an import', () => {
  it('answers counts and places, and leaves segments, manifests, a receipt and index messages', async () => {
    const bench = importBench();
    const result = await imported(bench, searchCsv(records), { name: 'Audit März.csv' });
    expect(result).toMatchObject({
      source: 'import',
      file: { name: 'Audit März.csv' },
      counts: { records: 5, added: 5, versions: 0, duplicates: 0, collected: 0, untimed: 0 },
      kinds: { 'unified-audit': 5 },
      from: '2026-11-01T10:00:00.0000000Z',
      to: '2026-11-05T10:00:00.0000000Z',
    });
    expect(archivedLines(bench.blobs)).toEqual(records.toSorted());
    expect(result.segments.map(({ path }) => path)).toEqual(paths(bench).filter((p) => p.endsWith('.gz')));
    expect(bench.queues.sent.map(({ message }) => message)).toEqual(
      result.segments.map(({ date, segment }) => ({ tenant: TENANT, source: 'import', date, segment })),
    );
    const [receipt] = receipts(bench.blobs);
    expect(receipt).toMatchObject({
      source: 'import',
      outcome: 'partial',
      counts: { received: 5, added: 5 },
      import: { file: 'Audit März.csv', importer: 'Ada', sha256: result.file.sha256, format: 'auto' },
    });
    expect(receipt!.segments).toHaveLength(5);
    for (const path of paths(bench)) expect(evidenceKind(path)).toBeDefined();
    const manifest = paths(bench).find((p) => p.endsWith('manifest.json'))!;
    expect(parseManifest(manifest, bench.blobs.blobs.get(manifest)!.body)).toMatchObject({
      window: null,
      pass: 0,
      requests: [{ url: 'file:///Audit%20M%C3%A4rz.csv', sha256: result.file.sha256, records: 5 }],
    });
  });

  it('of the same file again stores nothing, and says where its records lie and who imported it', async () => {
    const bench = importBench();
    const once = await imported(bench, searchCsv(records));
    const before = paths(bench);
    bench.queues.sent.length = 0;
    const again = await imported(bench, searchCsv(records), { importer: 'Bob', name: 'copy.csv' });
    expect(again.counts).toMatchObject({ records: 5, added: 0, duplicates: 5 });
    expect(again.segments).toEqual(once.segments);
    expect(again).toMatchObject({ receipt: once.receipt, before: { importer: 'Ada' } });
    expect(paths(bench)).toEqual(before);
    expect(bench.queues.sent).toEqual([]);
  });

  it('stores what a neighbour import has not, in whatever spelling that had it', async () => {
    const bench = importBench();
    await imported(bench, searchCsv(records.slice(0, 3)));
    const respelled = JSON.stringify(
      Object.fromEntries(Object.entries(JSON.parse(records[1]!) as object).toReversed()),
    );
    const result = await imported(bench, [respelled, ...records.slice(2)].join('\n'));
    expect(result.counts).toMatchObject({ records: 4, added: 2, duplicates: 2 });
    expect(archivedLines(bench.blobs)).toEqual(records.toSorted());
    expect(receipts(bench.blobs)).toHaveLength(2);
  });

  it('keeps another version of a record, and twice the same in one file once', async () => {
    const bench = importBench();
    const changed = audit('r1', day(1), { ResultStatus: 'True' });
    const result = await imported(bench, [records[0], changed, records[0]].join('\n'));
    expect(result.counts).toMatchObject({ records: 3, added: 2, versions: 1, duplicates: 1 });
  });

  it('leaves to a collected source what that has already, in another spelling too, and keeps what differs', async () => {
    const bench = importBench();
    const spaced = records[1]!.replaceAll('":', '": ');
    await bench.archive.append({
      tenant: TENANT,
      source: 'ual-exchange',
      date: '2026-11-02',
      records: [parseRecord(Buffer.from(spaced))],
      window: null,
      pass: 1,
      requests: [],
    });
    const changed = audit('r2', day(2), { ResultStatus: 'True' });
    const result = await imported(bench, [...records, changed].join('\n'));
    expect(result.counts).toMatchObject({ records: 6, added: 5, collected: 1 });
    expect(archivedLines(bench.blobs)).toEqual(
      [...records.filter((r) => r !== records[1]), changed].toSorted(),
    );
    expect(archivedLines(bench.blobs, 'ual-exchange')).toEqual([spaced]);
  });

  // Only the sweeper found such a segment, up to a day later: its collector sees a manifest and announces nothing.
  it('announces the segment of a dead collector that it has completed', async () => {
    const collector = importBench();
    const { segments } = await collector.archive.append({
      tenant: TENANT,
      source: 'ual-exchange',
      date: '2026-11-02',
      records: [parseRecord(Buffer.from(records[1]!))],
      window: null,
      pass: 1,
      requests: [],
    });
    collector.blobs.blobs.delete(manifestPath(segments[0]!));
    const bench = importBench(collector.blobs);
    const result = await imported(bench, records.join('\n'));
    expect(result.counts).toMatchObject({ records: 5, added: 4, collected: 1 });
    const sent = bench.queues.sent.map(({ message }) => message as SegmentRef);
    expect(sent.filter(({ source }) => source === 'ual-exchange')).toEqual(segments);
    expect(receipts(bench.blobs)[0]!.segments).toHaveLength(sent.length - 1);
    expect(await readManifest(bench.blobs, segments[0]!)).toMatchObject({ adopted: true });
  });

  it('files records without a readable time under the first day of the file', async () => {
    const bench = importBench();
    const untimed = audit('odd', 'sometime');
    const result = await imported(bench, [records[2], untimed, records[1]].join('\n'));
    expect(result.counts.untimed).toBe(1);
    expect(result.segments.map(({ date }) => date)).toEqual(['2026-11-02', '2026-11-03']);
    expect(archivedLines(bench.blobs)).toContain(untimed);
  });

  it('says when records are of another tenant', async () => {
    const bench = importBench();
    const own = audit('own', day(1), { OrganizationId: TENANT.toUpperCase() });
    expect((await imported(bench, own)).notes.join()).not.toContain('another tenant');
    const foreign = audit('foreign', day(1), { OrganizationId: '22222222-2222-4222-8222-222222222222' });
    expect((await imported(bench, `${own}\n${foreign}`)).notes.join()).toContain(
      '1 records say that they happened in another tenant',
    );
    expect(receipts(bench.blobs)[1]!.import!.tenants).toEqual({
      [TENANT]: 1,
      '22222222-2222-4222-8222-222222222222': 1,
    });
  });

  it('of two files with the same first and last second leaves two receipts', async () => {
    const bench = importBench();
    await imported(bench, `${records[0]}\n${records[4]}`);
    await imported(bench, `${audit('x', day(1))}\n${audit('y', day(5))}`);
    expect(receipts(bench.blobs).map(({ pass }) => pass)).toEqual([1, 2]);
  });
});

describe('storing in bounded memory', () => {
  const scattered = Array.from({ length: 3000 }, (_, i) => audit(`r${i}`, day(1 + ((i * 7) % 28), i % 24)));
  const body = scattered.join('\n');

  it('writes every record once, whatever the order of dates and the room', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2000, max: 200_000 }), async (memory) => {
        const bench = importBench();
        const file = bufferFile('f', Buffer.from(body));
        const asked = ask();
        const facts = await checkFile(file, 'auto');
        const stored = await storeFile(file, asked, facts, nothingStored(), {
          archive: bench.archive,
          memory,
        });
        expect(stored).toMatchObject({ records: 3000, added: 3000, done: true });
        expect(archivedLines(bench.blobs)).toEqual(scattered.toSorted());
      }),
      { numRuns: 8 },
    );
  });

  it('goes on where it stopped: no record lost, none twice, each segment named once', async () => {
    const bench = importBench();
    const file = bufferFile('f', Buffer.from(body));
    const asked = ask();
    const facts = await checkFile(file, 'auto');
    let stored = nothingStored();
    let attempts = 0;
    while (!stored.done) {
      attempts++;
      stored = await storeFile(file, asked, facts, stored, {
        archive: bench.archive,
        memory: 100_000,
        stop: () => true,
      });
    }
    expect(attempts).toBeGreaterThan(1);
    expect(stored).toMatchObject({ records: 3000, added: 3000, duplicates: 0 });
    expect(archivedLines(bench.blobs)).toEqual(scattered.toSorted());
    expect(stored.segments.map((s) => `${s.date}/${s.segment}`)).toEqual(
      [...new Set(stored.segments.map((s) => `${s.date}/${s.segment}`))].toSorted(),
    );
  });
});

describe('what a call may take', () => {
  it('is left to a job, with nothing stored, when it unpacks to more or has more records', async () => {
    const bench = importBench();
    const file = bufferFile('f', gzipSync(records.join('\n')));
    expect(await importQuickly(file, ask(), bench, 100)).toBeUndefined();
    const many = bufferFile('g', gzipSync(`${records[0]}\n`.repeat(QUICK_RECORDS + 1)));
    expect(await importQuickly(many, ask(), bench)).toBeUndefined();
    expect(paths(bench)).toEqual([]);
    expect(await importQuickly(file, ask(), bench)).toMatchObject({ counts: { added: 5 } });
  });
});

describe('coverage of imports', () => {
  const span = { fromMs: Date.parse('2026-11-01T06:00:00Z'), toMs: Date.parse('2026-11-08T00:00:00Z') };

  it('says nothing where nothing was imported', async () => {
    const bench = importBench();
    expect(await importCoverage(bench.blobs, TENANT, span)).toBeUndefined();
    await imported(bench, audit('old', '2020-01-01T00:00:00'));
    expect(await importCoverage(bench.blobs, TENANT, span)).toBeUndefined();
  });

  it('shows days with imported records as partial, and never claims completeness; every instant has a state', async () => {
    const bench = importBench();
    await imported(bench, [records[0], records[1], audit('later', day(4))].join('\n'));
    const coverage = await importCoverage(bench.blobs, TENANT, span);
    expect(coverage).toMatchObject({ source: 'import', state: 'unavailable' });
    expect(coverage!.intervals.map(({ from, to, state, records: n }) => [from, to, state, n])).toEqual([
      ['2026-11-01T06:00:00Z', '2026-11-03T00:00:00Z', 'partial', 2],
      ['2026-11-03T00:00:00Z', '2026-11-04T00:00:00Z', 'unavailable', 0],
      ['2026-11-04T00:00:00Z', '2026-11-05T00:00:00Z', 'partial', 1],
      ['2026-11-05T00:00:00Z', '2026-11-08T00:00:00Z', 'unavailable', 0],
    ]);
    for (const interval of coverage!.intervals) expect(interval.reason).toBeTruthy();
  });
});

it('the same sample as CSV and as the vendor’s JSON is one set of records', async () => {
  const bench = importBench();
  const lines = sample('elastic-beats-o365-2020/01-exchange-admin.ndjson')
    .toString()
    .split('\n')
    .filter(Boolean);
  await imported(bench, lines.join('\n'));
  const again = await imported(bench, searchCsv(lines));
  expect(again.counts).toMatchObject({ records: 100, added: 0, duplicates: 100 });
});

it('imports are sealed, and verify as everything else', async () => {
  const bench = importBench();
  await imported(bench, searchCsv(records));
  const sealed = await sealTenant({ blobs: bench.blobs, clock: bench.clock, log: silentLog }, TENANT);
  expect(sealed).toMatchObject({ entries: 6, manifests: 5 });
  const options = { blobs: bench.blobs, clock: bench.clock };
  const sound = await verifyTenant(options, TENANT, newProgress(0));
  expect(sound).toMatchObject({ phase: 'done', problemCount: 0, receipts: 1 });
  const segment = paths(bench).find((path) => path.endsWith('.gz'))!;
  bench.blobs.blobs.get(segment)!.body[20]! ^= 1;
  expect((await verifyTenant(options, TENANT, newProgress(0))).problemCount).toBeGreaterThan(0);
});

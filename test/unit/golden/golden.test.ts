import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { deriveManifest } from '../../../shared/archive/adopt.ts';
import { Archive } from '../../../shared/archive/archive.ts';
import { parseManifest } from '../../../shared/archive/manifest.ts';
import { parseReceipt } from '../../../shared/archive/receipt.ts';
import { linesOf, readChunk } from '../../../shared/archive/segment-reader.ts';
import { indexSegment } from '../../../shared/indexing/index-segment.ts';
import { slicesOf } from '../../../shared/indexing/query.ts';
import { manifestPath, parseArchivePath, segmentPath, type SegmentRef } from '../../../shared/layout.ts';
import { parseRecord } from '../../../shared/record.ts';
import { MemoryBlobs, MemoryTables } from '../../../shared/store/memory.ts';

/** The golden archive of format 1: written once by test/golden/make.ts, to be read by every later release. */
const ROOT = join(import.meta.dirname, '../../golden/v1');

function golden(): MemoryBlobs {
  const blobs = new MemoryBlobs();
  for (const entry of readdirSync(ROOT, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name === 'expected.ndjson') continue;
    const path = join(entry.parentPath, entry.name);
    blobs.blobs.set(path.slice(ROOT.length + 1), { body: readFileSync(path), metadata: {} });
  }
  return blobs;
}
const expected = readFileSync(join(ROOT, 'expected.ndjson'), 'utf8')
  .trim()
  .split('\n')
  .map((l) => JSON.parse(l) as [string, string]);
const refs = (blobs: MemoryBlobs): SegmentRef[] =>
  [...blobs.blobs.keys()].flatMap((name) => {
    const path = parseArchivePath(name);
    return path?.kind === 'segment'
      ? [{ tenant: path.tenant, source: path.source, date: path.date, segment: path.segment }]
      : [];
  });

describe('the golden archive of format 1', () => {
  it('holds every record verbatim, by its chunks', async () => {
    const blobs = golden();
    const found: [string, string][] = [];
    for (const ref of refs(blobs)) {
      const manifest = parseManifest(manifestPath(ref), (await blobs.get(manifestPath(ref)))!);
      for (const chunk of manifest.chunks) {
        for (const line of linesOf(await readChunk(blobs, ref, chunk)))
          found.push([ref.source, line.toString('utf8')]);
      }
    }
    const order = (pairs: [string, string][]): string[] => pairs.map((pair) => pair.join(' ')).sort();
    expect(order(found)).toEqual(order(expected));
  });

  it('has manifests that say what the segments say', async () => {
    const blobs = golden();
    for (const ref of refs(blobs)) {
      const written = parseManifest(manifestPath(ref), (await blobs.get(manifestPath(ref)))!);
      const derived = deriveManifest(ref, (await blobs.get(segmentPath(ref)))!);
      expect({
        ...derived,
        window: written.window,
        pass: written.pass,
        requests: written.requests,
        adopted: written.adopted,
        software: written.software,
      }).toEqual(written);
    }
  });

  it('is known to an archive that appends to it: nothing is stored twice', async () => {
    const blobs = golden();
    const archive = new Archive({
      blobs,
      clock: { now: () => 0, sleep: () => Promise.resolve() },
      graceMs: 0,
    });
    const records = expected
      .filter(([s]) => s === 'ual-exchange')
      .map(([, text]) => parseRecord(Buffer.from(text)));
    const result = await archive.append({
      tenant: refs(blobs)[0]!.tenant,
      source: 'ual-exchange',
      date: '2026-11-20',
      records,
      window: null,
      pass: 0,
      requests: [],
    });
    expect(result).toMatchObject({ added: 0, duplicates: records.length });
  });

  it('is indexed and has receipts that can be read', async () => {
    const blobs = golden();
    const tables = new MemoryTables();
    for (const ref of refs(blobs)) await indexSegment(ref, { blobs, tables });
    const slices = [];
    for await (const s of slicesOf(
      tables,
      refs(blobs)[0]!.tenant,
      'session',
      '00a1b2c3-0000-4000-8000-000000000001',
      '2026-11-20',
      '2026-11-20',
    ))
      slices.push(s.ref.source);
    expect(slices.sort()).toEqual(['signins-interactive', 'ual-exchange']);
    const receipts = [...blobs.blobs]
      .filter(([name]) => name.startsWith('passes/'))
      .map(([name, { body }]) => parseReceipt(name, body));
    expect(receipts.map((r) => [r.outcome, r.settled])).toEqual([
      ['collected', true],
      ['collected', true],
    ]);
  });
});

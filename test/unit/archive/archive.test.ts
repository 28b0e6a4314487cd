import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Archive, type AppendRequest } from '../../../shared/archive/archive.ts';
import { deriveManifest } from '../../../shared/archive/adopt.ts';
import { readManifest } from '../../../shared/archive/manifest.ts';
import { linesOf, readChunk } from '../../../shared/archive/segment-reader.ts';
import { chunkBytesOf } from '../../../shared/archive/segment-writer.ts';
import { manifestPath, segmentPath, type SegmentRef } from '../../../shared/layout.ts';
import { parseRecord, type ArchiveRecord } from '../../../shared/record.ts';
import type { SourceId } from '../../../shared/sources.ts';
import { MemoryBlobs } from '../../../shared/store/memory.ts';
import { ualRecord } from '../../support/records.ts';

const clock = { now: () => 0, sleep: () => Promise.resolve() };
const place = { tenant: 't', source: 'ual-exchange', date: '2026-11-20' } as const;
const request = (records: ArchiveRecord[]): AppendRequest => ({
  ...place,
  records,
  window: null,
  pass: 1,
  requests: [],
});
const archiveOn = (blobs: MemoryBlobs): Archive => new Archive({ blobs, clock, graceMs: 0 });

function archivedLines(blobs: MemoryBlobs): string[] {
  return [...blobs.blobs]
    .filter(([name]) => name.endsWith('.ndjson.gz'))
    .flatMap(([, { body }]) => gunzipSync(body).toString('utf8').split('\n').filter(Boolean));
}

describe('Archive.append', () => {
  it('stores each record verbatim and once, whatever its spelling', async () => {
    const blobs = new MemoryBlobs();
    const archive = archiveOn(blobs);
    const text = '{"Id":"1", "n": 1.0, "s":"\\u00e9", "CreationTime":"2026-11-20T10:00:00"}';
    const other = '{"n": 1.0,"CreationTime":"2026-11-20T10:00:00","s":"é","Id":"1"}';
    const result = await archive.append(request([text, other, text].map((t) => parseRecord(Buffer.from(t)))));
    expect(result).toMatchObject({ added: 1, duplicates: 2, versions: 0 });
    expect(await archiveOn(blobs).append(request([parseRecord(Buffer.from(other))]))).toMatchObject({
      added: 0,
      segments: [],
    });
    expect(archivedLines(blobs)).toEqual([text]);
  });

  it('keeps the same id with other content as a further version (DlpRuleMatch and DlpRuleUndo)', async () => {
    const blobs = new MemoryBlobs();
    await archiveOn(blobs).append(request([ualRecord({ Operation: 'DlpRuleMatch' })]));
    const result = await archiveOn(blobs).append(
      request([ualRecord({ Operation: 'DlpRuleUndo' }), ualRecord({ Operation: 'DlpRuleMatch' })]),
    );
    expect(result).toMatchObject({ added: 1, versions: 1, duplicates: 1 });
    expect(archivedLines(blobs)).toHaveLength(2);
  });

  it('archives what it cannot understand, and counts it', async () => {
    const blobs = new MemoryBlobs();
    const odd = ['{"broken":', '[1,2]', '"text"', '{"Id":{"x":1},"CreationTime":"yesterday"}'];
    const { segments } = await archiveOn(blobs).append(request(odd.map((t) => parseRecord(Buffer.from(t)))));
    expect(archivedLines(blobs).sort()).toEqual([...odd].sort());
    expect(await readManifest(blobs, segments[0]!)).toMatchObject({ unparsed: 1, untimed: 4, minTime: null });
    expect(await archiveOn(blobs).append(request(odd.map((t) => parseRecord(Buffer.from(t)))))).toMatchObject(
      { added: 0 },
    );
  });

  it.each<SourceId>(['ual-entra', 'ual-exchange'])(
    'closes chunks of %s at their size and describes each by ranges that can be read alone',
    async (source) => {
      const blobs = new MemoryBlobs();
      const records = Array.from({ length: 1800 }, (_, i) =>
        ualRecord({
          Id: `r${i}`,
          UserId: `user${i % 7}@x.example`,
          Pad: 'p'.repeat(500),
          CreationTime: `2026-11-20T10:${String(i % 60).padStart(2, '0')}:00`,
        }),
      );
      const { segments } = await archiveOn(blobs).append({ ...request(records), source });
      const manifest = (await readManifest(blobs, segments[0]!))!;
      expect(manifest.chunks.length).toBe(Math.ceil(manifest.bytes / chunkBytesOf(source)));
      const lines: string[] = [];
      for (const chunk of manifest.chunks) {
        const text = await readChunk(blobs, segments[0]!, chunk);
        expect(text.length).toBe(chunk.bytes);
        expect(text.length).toBeLessThan(chunkBytesOf(source) + 1000);
        lines.push(...[...linesOf(text)].map(String));
      }
      expect(lines).toEqual(archivedLines(blobs));
      const users = lines.map((line) => (JSON.parse(line) as { UserId: string }).UserId);
      expect(users).toEqual([...users].sort());
    },
  );

  it('re-derives a manifest from the segment alone', async () => {
    const blobs = new MemoryBlobs();
    const { segments } = await archiveOn(blobs).append(
      request([ualRecord(), ualRecord({ Id: 'id-2', UserId: 'b@x.example' })]),
    );
    const ref = segments[0]!;
    const written = (await readManifest(blobs, ref))!;
    const derived = deriveManifest(ref, (await blobs.get(segmentPath(ref)))!);
    expect({ ...derived, adopted: undefined, window: written.window, pass: written.pass }).toEqual({
      ...written,
      adopted: undefined,
    });
  });

  it('completes a segment whose writer died before its manifest, and reports it for indexing', async () => {
    const blobs = new MemoryBlobs();
    const { segments } = await archiveOn(blobs).append(request([ualRecord()]));
    blobs.blobs.delete(manifestPath(segments[0]!));
    const result = await archiveOn(blobs).append(request([ualRecord(), ualRecord({ Id: 'id-2' })]));
    expect(result).toMatchObject({ added: 1, duplicates: 1 });
    expect(result.segments.map((s) => s.segment).sort()).toEqual(['000001', '000002']);
    expect(await readManifest(blobs, segments[0]!)).toMatchObject({ adopted: true, records: 1 });
  });

  it('lets several writers append to one date at once without a record twice', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 12 }), {
          minLength: 2,
          maxLength: 5,
        }),
        async (batches) => {
          const blobs = new MemoryBlobs();
          const record = (n: number): ArchiveRecord =>
            ualRecord({ Id: `r${n}`, CreationTime: `2026-11-20T10:00:${String(n % 60).padStart(2, '0')}` });
          await Promise.all(batches.map((ids) => archiveOn(blobs).append(request(ids.map(record)))));
          const ids = archivedLines(blobs).map((line) => (JSON.parse(line) as { Id: string }).Id);
          expect(ids.sort()).toEqual([...new Set(batches.flat())].map((n) => `r${n}`).sort());
        },
      ),
      { numRuns: 60 },
    );
  });

  it('takes an upload whose answer was lost for its own', async () => {
    const blobs = new MemoryBlobs();
    const lossy = Object.assign(Object.create(blobs) as MemoryBlobs, {
      putNew: async (...args: Parameters<MemoryBlobs['putNew']>) => {
        await blobs.putNew(...args);
        return 'exists' as const;
      },
    });
    const { segments } = await archiveOn(lossy).append(request([ualRecord()]));
    expect(segments).toHaveLength(1);
    expect((await readManifest(blobs, segments[0] as SegmentRef))?.adopted).toBeUndefined();
  });
});

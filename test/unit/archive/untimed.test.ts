import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { Archive, type AppendRequest } from '../../../shared/archive/archive.ts';
import { parseRecord } from '../../../shared/record.ts';
import { MemoryBlobs } from '../../../shared/store/memory.ts';

const clock = { now: () => 0, sleep: () => Promise.resolve() };
const request = (date: string, texts: readonly string[]): AppendRequest => ({
  tenant: 't',
  source: 'ual-exchange',
  date,
  records: texts.map((text) => parseRecord(Buffer.from(text))),
  window: null,
  pass: 1,
  requests: [],
});
const archiveOn = (blobs: MemoryBlobs): Archive => new Archive({ blobs, clock, graceMs: 0 });
const lines = (blobs: MemoryBlobs): string[] =>
  [...blobs.blobs]
    .filter(([name]) => name.endsWith('.ndjson.gz'))
    .flatMap(([, { body }]) => gunzipSync(body).toString('utf8').split('\n').filter(Boolean));

const named = '{"Id":"1","CreationTime":"yesterday","n":1.0}';
const nameless = '{"what":"no id, no time"}';
const broken = '{"Id":"2","CreationTime":';
const timed = '{"Id":"3","CreationTime":"2026-11-20T10:00:00"}';

// Found: each date is a log of its own, so what had no date was known only under the day that had brought it first.
describe('a record without a readable time that comes again in a window of another day', () => {
  it.each([
    ['five days later', '2026-11-25'],
    ['in a window before, collected later', '2026-11-14'],
    ['at the edge of what is looked at', '2026-12-04'],
  ])('is known: %s', async (_name, date) => {
    const blobs = new MemoryBlobs();
    await archiveOn(blobs).append(request('2026-11-20', [named, nameless, broken, timed]));
    const again = await archiveOn(blobs).append(
      request(date, [broken, '{"n":1.0, "Id":"1","CreationTime":"yesterday"}', nameless, '{"new":1}']),
    );
    expect(again).toMatchObject({ added: 1, duplicates: 3 });
    expect(again.segments.map((s) => s.date)).toEqual([date]);
    expect(lines(blobs).sort()).toEqual([named, nameless, broken, timed, '{"new":1}'].sort());
  });

  it('is kept where its content is another', async () => {
    const blobs = new MemoryBlobs();
    await archiveOn(blobs).append(request('2026-11-20', [named]));
    const changed = named.replace('1.0', '2');
    expect(await archiveOn(blobs).append(request('2026-11-22', [changed]))).toMatchObject({ added: 1 });
    expect(lines(blobs).sort()).toEqual([named, changed].sort());
  });

  it('is stored once by windows of two days that bring it at once', async () => {
    const blobs = new MemoryBlobs();
    const archive = archiveOn(blobs);
    const dates = ['2026-11-20', '2026-11-21', '2026-11-24'];
    const results = await Promise.all(dates.map((date) => archive.append(request(date, [named, nameless]))));
    expect(results.map((r) => r.added + r.duplicates)).toEqual([2, 2, 2]);
    expect(lines(blobs).sort()).toEqual([named, nameless].sort());
  });

  it('announces a segment of another day that it finds without manifest', async () => {
    const blobs = new MemoryBlobs();
    await archiveOn(blobs).append(request('2026-11-20', [named]));
    for (const name of blobs.blobs.keys()) if (name.endsWith('.manifest.json')) blobs.blobs.delete(name);
    const result = await archiveOn(blobs).append(request('2026-11-21', [named]));
    expect(result).toMatchObject({ added: 0, duplicates: 1, segments: [{ date: '2026-11-20' }] });
  });
});

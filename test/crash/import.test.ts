import { describe, expect, it } from 'vitest';
import { Archive } from '../../shared/archive/archive.ts';
import { deriveManifest } from '../../shared/archive/adopt.ts';
import { parseManifest } from '../../shared/archive/manifest.ts';
import { bufferFile } from '../../shared/import/source-file.ts';
import { checkFile } from '../../shared/import/check-file.ts';
import { finishImport } from '../../shared/import/finish.ts';
import { nothingStored, storeFile, type ImportAsk } from '../../shared/import/store-file.ts';
import { manifestPath, parseArchivePath, segmentPath } from '../../shared/layout.ts';
import { MemoryBlobs, MemoryQueues } from '../../shared/store/memory.ts';
import type { BlobStore, QueueStore } from '../../shared/store/stores.ts';
import { archivedLines, ask, audit, NOW, receipts } from '../support/imports.ts';

// An import dies right before and right after each of its writes, and is run again: the same archive, as if it had
// never died; nothing is lost, nothing twice.

const records = Array.from({ length: 60 }, (_, i) =>
  audit(`r${i}`, `2026-11-0${1 + (i % 4)}T10:00:00`, { filler: 'x'.repeat(200) }),
);
const file = bufferFile('export.ndjson', Buffer.from(records.join('\n')));
const clock = { now: () => NOW, sleep: () => Promise.resolve() };

interface Death {
  readonly call: number;
  readonly when: 'before' | 'after';
}

class Died extends Error {}

/** Stores that fail from the planned write on, as those of a dead process do. */
function mortal(blobs: MemoryBlobs, queues: MemoryQueues, death: Death | undefined) {
  const writes: string[] = [];
  let dead = false;
  const write = async <T>(name: string, effect: () => Promise<T>): Promise<T> => {
    if (dead) throw new Died(name);
    writes.push(name);
    const now = death?.call === writes.length ? death.when : undefined;
    dead = now !== undefined;
    if (now === 'before') throw new Died(name);
    const done = await effect();
    if (now === 'after') throw new Died(name);
    return done;
  };
  const alive = <T>(work: () => T): T => {
    if (dead) throw new Died('read');
    return work();
  };
  const store: BlobStore = {
    putNew: (name, body, options) => write(`put ${name}`, () => blobs.putNew(name, body, options)),
    get: (name) => alive(() => blobs.get(name)),
    getRange: (...a) => alive(() => blobs.getRange(...a)),
    info: (name) => alive(() => blobs.info(name)),
    list: (prefix) => alive(() => blobs.list(prefix)),
  };
  const queue: QueueStore = {
    send: (name, messages) => write(`send ${name}`, () => queues.send(name, messages)),
  };
  return { writes, store, queue };
}

async function run(asked: ImportAsk, blobs: BlobStore, queues: QueueStore): Promise<void> {
  const archive = new Archive({ blobs, clock, graceMs: 0 });
  const facts = await checkFile(file, asked.format);
  const stored = await storeFile(file, asked, facts, nothingStored(), { archive, memory: 4000 });
  await finishImport(asked, facts, stored, NOW, { blobs, queues });
}

async function play(death?: Death): Promise<{ blobs: MemoryBlobs; queues: MemoryQueues; writes: string[] }> {
  const [blobs, queues] = [new MemoryBlobs(), new MemoryQueues()];
  const asked = ask({ name: 'export.ndjson' });
  const first = mortal(blobs, queues, death);
  const died = await run(asked, first.store, first.queue).then(
    () => false,
    (error: unknown) => {
      if (error instanceof Died) return true;
      throw error;
    },
  );
  expect(died).toBe(death !== undefined);
  if (died) await run(asked, blobs, queues);
  return { blobs, queues, writes: first.writes };
}

const segments = ({ blobs }: MemoryBlobs): string[] =>
  [...blobs]
    .filter(([name]) => name.endsWith('.gz'))
    .map(([name, { metadata }]) => `${name} ${metadata['sha256']}`)
    .sort();

const whole = await play();
const points = whole.writes.flatMap((name, i) => [
  { name, call: i + 1, when: 'before' as const },
  { name, call: i + 1, when: 'after' as const },
]);

describe('a crash of an import', () => {
  it('is tried around every kind of write', () => {
    for (const kind of [/^put v1.*gz$/, /^put v1.*manifest/, /^put passes/, /^send index/])
      expect(whole.writes.some((name) => kind.test(name))).toBe(true);
    expect(points.length).toBeGreaterThan(30);
    expect(archivedLines(whole.blobs)).toEqual(records.toSorted());
  });

  it.each(points)('$when write $call, $name', async (death) => {
    const { blobs, queues } = await play(death);
    expect(archivedLines(blobs)).toEqual(records.toSorted());
    expect(segments(blobs)).toEqual(segments(whole.blobs));
    expect([...blobs.blobs.keys()].sort()).toEqual([...whole.blobs.blobs.keys()].sort());
    const [receipt] = receipts(blobs);
    expect(receipt!.segments).toEqual(receipts(whole.blobs)[0]!.segments);
    for (const name of blobs.blobs.keys()) {
      const ref = parseArchivePath(name);
      if (ref?.kind !== 'segment') continue;
      const manifest = parseManifest(name, blobs.blobs.get(manifestPath(ref))!.body);
      expect(manifest.sha256).toBe(deriveManifest(ref, blobs.blobs.get(segmentPath(ref))!.body).sha256);
    }
    const indexed = queues.sent
      .filter(({ queue }) => queue === 'index-segment')
      .map(({ message }) => JSON.stringify(message));
    expect(new Set(indexed).size).toBe(receipt!.segments.length);
  });
});

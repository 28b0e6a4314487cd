import { existsSync, statSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { readRecord, RecordFile } from '../../../shared/bundle/record-file.ts';
import { TextStore } from '../../../shared/bundle/text-store.ts';

const MIB = 1024 * 1024;
let open: { dispose(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open) await one.dispose();
  open = [];
});
const kept = <T extends { dispose(): Promise<void> }>(one: T): T => {
  open.push(one);
  return one;
};

/** Texts of many lengths, some longer than a block, each telling its number. */
const text = (n: number): Buffer => {
  const length = n % 97 === 0 ? 300_000 + n : n % 13 === 0 ? 40_000 : 200 + (n % 50);
  return Buffer.from(`${n}:${String.fromCharCode(97 + (n % 26)).repeat(length)}`);
};

async function filled(count: number): Promise<{ store: TextStore; offsets: number[] }> {
  const store = kept(new TextStore());
  const offsets: number[] = [];
  for (let n = 0; n < count; n++) offsets.push(await store.add(text(n)));
  await store.finish();
  return { store, offsets };
}

describe.each([
  ['few, in memory', 200, false],
  ['many, on disk', 5000, true],
] as const)('texts that are %s', (_name, count, onDisk) => {
  it('are read again as they were, in any order', async () => {
    const { store, offsets } = await filled(count);
    expect(existsSync(store.path)).toBe(onDisk);
    const order = offsets.map((_, n) => (n * 7919) % count);
    for (const n of order) expect((await store.read(offsets[n]!, text(n).length)).equals(text(n))).toBe(true);
  });

  it('do not depend on the bytes that were given: those may be changed at once', async () => {
    const store = kept(new TextStore());
    const buffer = Buffer.alloc(50);
    const offsets: number[] = [];
    for (let n = 0; n < count; n++) {
      buffer.fill(String(n).padStart(50, ' '));
      offsets.push(await store.add(buffer));
    }
    await store.finish();
    for (const [n, offset] of offsets.entries())
      expect(String(await store.read(offset, 50)).trim()).toBe(String(n));
  });
});

describe('texts on disk', () => {
  it('are for their owner only, and gone when done', async () => {
    const { store } = await filled(5000);
    expect(statSync(store.path).mode & 0o777).toBe(0o600);
    await store.dispose();
    expect(existsSync(store.path)).toBe(false);
  });
});

describe('records of a bundle', () => {
  it.each([
    ['in memory', 300, 400],
    ['on disk', 3000, 9000],
  ])('are given as lines in any order, %s', async (_name, count, length) => {
    const records = kept(new RecordFile());
    const lines = Array.from(
      { length: count },
      (_, n) => `{"Id":"${n}","Pad":"${'p'.repeat((n * 31) % length)}"}`,
    );
    for (const line of lines) await records.add('ual-general', readRecord(Buffer.from(line)));
    await records.finish();
    expect(lines.join('').length > 12 * MIB).toBe(length === 9000);
    for (const order of [
      lines.map((_, n) => n),
      lines.map((_, n) => (n * 7) % count),
      [5, 6, 7, 2, 3, 299],
    ]) {
      const parts = [];
      for await (const part of records.lines(order)) parts.push(part);
      expect(Buffer.concat(parts).toString()).toBe(order.map((n) => `${lines[n]}\n`).join(''));
    }
    expect((await records.record(17)).facts.id).toBe('17');
  });
});

import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { escapeKey } from '../../../shared/layout.ts';
import { connectStorage } from '../../../shared/store/connect.ts';
import { MemoryBlobs, MemoryQueues, MemoryTables } from '../../../shared/store/memory.ts';
import type { Stores } from '../../../shared/store/stores.ts';

/** One suite for both kinds of store: what the fake promises, Azurite must keep. */
async function azurite(): Promise<Stores> {
  const prefix = `t${randomBytes(6).toString('hex')}`;
  const storage = connectStorage(
    { kind: 'connection-string', connectionString: inject('storage').connectionString },
    undefined,
    prefix,
  );
  await storage.ensure();
  await storage.ensure();
  return storage.stores;
}
const memory = (): Promise<Stores> =>
  Promise.resolve({ archive: new MemoryBlobs(), tables: new MemoryTables(), queues: new MemoryQueues() });

const all = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
};

describe.each([
  ['memory', memory],
  ['Azurite', azurite],
])('stores: %s', (_name, open) => {
  let s: Stores;
  beforeAll(async () => {
    s = await open();
  });

  it('creates a blob once, whole, with metadata, and never overwrites it', async () => {
    expect(await s.archive.putNew('a/1', Buffer.from('first'), { metadata: { records: '3' } })).toBe(
      'created',
    );
    expect(await s.archive.putNew('a/1', Buffer.from('second'))).toBe('exists');
    expect((await s.archive.get('a/1'))?.toString()).toBe('first');
    expect(await s.archive.info('a/1')).toEqual({ name: 'a/1', size: 5, metadata: { records: '3' } });
  });

  it('lets exactly one of many writers create a blob', async () => {
    const results = await Promise.all(
      Array.from({ length: 12 }, (_, i) => s.archive.putNew('race', Buffer.from(`w${i}`))),
    );
    expect(results.filter((r) => r === 'created')).toHaveLength(1);
    expect((await s.archive.get('race'))?.toString()).toBe(`w${results.indexOf('created')}`);
  });

  it('reads ranges, tells absence from emptiness, lists by prefix in order', async () => {
    await s.archive.putNew('b/2', Buffer.from('0123456789'));
    await s.archive.putNew('b/1', Buffer.alloc(0));
    expect((await s.archive.getRange('b/2', 3, 4)).toString()).toBe('3456');
    expect((await s.archive.get('b/1'))?.length).toBe(0);
    expect(await s.archive.get('b/none')).toBeUndefined();
    expect(await s.archive.info('b/none')).toBeUndefined();
    expect((await all(s.archive.list('b/'))).map((b) => b.name)).toEqual(['b/1', 'b/2']);
  });

  it('upserts more than a transaction holds and reads a range in key order', async () => {
    const writes = Array.from({ length: 250 }, (_, i) => ({
      row: `k|${String(i).padStart(4, '0')}`,
      cells: { n: i, text: `t${i}`, ok: i % 2 === 0 },
    }));
    await s.tables.upsert('slices', 'p1', [...writes].reverse());
    await s.tables.upsert('slices', 'p1', writes);
    const rows = await all(s.tables.query('slices', 'p1', { from: 'k|0010', to: 'k|0020' }));
    expect(rows.map((r) => r.row)).toEqual(writes.slice(10, 20).map((w) => w.row));
    expect(rows[0]!.cells).toEqual({ n: 10, text: 't10', ok: true });
    expect(await all(s.tables.query('slices', 'p1', { where: { ok: true } }))).toHaveLength(125);
    expect(await all(s.tables.query('slices', 'p2'))).toEqual([]);
  });

  it('keeps hostile keys apart and gives them back', async () => {
    const hostile = [
      "o'brien@x",
      'a/b\\c#d?e',
      'tab\tnew\nline',
      'x|y~z',
      '%00',
      '\u202eevil',
      'emoji😀',
      '\ud800lone',
      'é',
      'e\u0301',
    ];
    await s.tables.upsert(
      'users',
      'h',
      hostile.map((key, i) => ({ row: escapeKey(key), cells: { i } })),
    );
    for (const [i, key] of hostile.entries()) {
      expect((await s.tables.get('users', 'h', escapeKey(key)))?.cells).toEqual({ i });
      expect(
        await all(s.tables.query('users', 'h', { from: escapeKey(key), to: `${escapeKey(key)}\u0021` })),
      ).toHaveLength(1);
    }
  });

  it('guards inserts and replacements: an etag that is not current changes nothing', async () => {
    expect(await s.tables.insert('windows', 'w', { row: 'r', cells: { v: 1 } })).toBe('created');
    expect(await s.tables.insert('windows', 'w', { row: 'r', cells: { v: 2 } })).toBe('exists');
    const first = (await s.tables.get('windows', 'w', 'r'))!;
    expect(await s.tables.replace('windows', 'w', { row: 'r', cells: { v: 3 } }, first.etag)).toBe(
      'replaced',
    );
    expect(await s.tables.replace('windows', 'w', { row: 'r', cells: { v: 4 } }, first.etag)).toBe('changed');
    expect((await s.tables.get('windows', 'w', 'r'))?.cells).toEqual({ v: 3 });
    expect(await s.tables.replace('windows', 'w', { row: 'none', cells: { v: 4 } }, first.etag)).toBe(
      'changed',
    );
  });

  it('replaces and deletes in one transaction; an absent row is no fault', async () => {
    await s.tables.upsert('windows', 'x', [
      { row: '1', cells: { v: 1 } },
      { row: '2', cells: { v: 1 } },
    ]);
    await s.tables.replaceAll(
      'windows',
      'x',
      [
        { row: '1', cells: { v: 2 } },
        { row: '3', cells: { v: 2 } },
      ],
      ['2', 'none'],
    );
    expect((await all(s.tables.query('windows', 'x'))).map((r) => [r.row, r.cells['v']])).toEqual([
      ['1', 2],
      ['3', 2],
    ]);
    await s.tables.remove('windows', 'x', ['1', 'none']);
    expect((await all(s.tables.query('windows', 'x'))).map((r) => r.row)).toEqual(['3']);
  });

  it('sends messages of any text', async () => {
    await expect(
      s.queues.send(
        'index-segment',
        Array.from({ length: 40 }, (_, i) => ({ i, text: 'é\u0000' })),
      ),
    ).resolves.toBeUndefined();
  });
});

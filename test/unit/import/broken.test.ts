import { gzipSync } from 'node:zlib';
import { ZipFile } from 'yazl';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { checkFile } from '../../../shared/import/check-file.ts';
import { MAX_RECORD_BYTES, MAX_RECORD_LINES } from '../../../shared/import/element.ts';
import { MAX_DEPTH } from '../../../shared/import/records.ts';
import { bufferFile } from '../../../shared/import/source-file.ts';
import { MoreThanLimit } from '../../../shared/import/unpack.ts';
import { problemOf } from '../../../shared/http/problem.ts';
import { HOSTILE } from '../../support/hostile.ts';
import { archivedLines, audit, importBench, imported, quoted, searchCsv } from '../../support/imports.ts';

const good = (n: number): string => audit(String(n), '2026-11-01T10:00:00');
const many = (n: number): string[] => Array.from({ length: n }, (_, i) => good(i));
const check = (body: Buffer | string, format: 'auto' | 'csv' | 'json' | 'ndjson' = 'auto') =>
  checkFile(bufferFile('case.json', Buffer.from(body)), format);

async function zip(files: Record<string, string | Buffer>): Promise<Buffer> {
  const file = new ZipFile();
  for (const [name, body] of Object.entries(files)) file.addBuffer(Buffer.from(body), name);
  file.end();
  return buffer(file.outputStream);
}

describe('a broken file is refused with the line and the remedy', () => {
  it.each([
    ['NDJSON', [...many(5), '{"Id": ', good(6)].join('\n'), 6],
    ['NDJSON cut at its end', [...many(3), good(4).slice(0, 30)].join('\n'), 4],
    ['a line that is no object', [...many(2), '"text"'].join('\n'), 3],
    ['an array', `[\n${many(3).join(',\n')},\n{"Id": oops}\n]`, 5],
    ['an array cut at its end', `[\n${many(3).join(',\n')},\n`, 5],
    ['an array with more behind it', `[\n${many(3).join(',\n')}\n]\nx`, 6],
    ['a page cut within a record', `{"value":[\n${many(2).join(',\n')},\n${good(3).slice(0, 40)}`, 4],
    ['CSV with a quote that stays open', `${searchCsv(many(2))}\r\n"x","y","z`, 4],
    ['CSV with a cell too few', `${searchCsv(many(2))}\r\n"x","y"`, 4],
    ['CSV whose AuditData is cut', searchCsv([...many(2), good(3).slice(0, 50)]), 4],
    ['CSV whose AuditData is empty', `${searchCsv(many(1))}\r\n"a","b","c","d","","1"`, 3],
    [
      'CSV whose cells hold line breaks',
      `AuditData,b\r\n${quoted(good(1).replace(',', ',\r\n'))},1\r\n${quoted(good(2).slice(0, 50))},2`,
      4,
    ],
    ['objects in a row', `{\n"Id":"1"}\n{\n"Id": nope}`, 4],
    ['nested too deeply', `${good(1)}\n{"a":${'['.repeat(MAX_DEPTH)}${']'.repeat(MAX_DEPTH)}}`, 2],
    ['nested far too deeply', `${good(1)}\n{"a":${'['.repeat(200_000)}`, 2],
  ])('%s', async (_what, body, line) => {
    const error = await check(body).catch((e: unknown) => e);
    const { problem } = problemOf(error);
    expect(problem).toMatchObject({ status: 400, field: 'body', line, remedy: expect.any(String) as string });
    expect(problem.detail).toContain(`line ${line}:`);
  });

  it('says that a spreadsheet has cut a cell', async () => {
    const long = audit('1', '2026-11-01T10:00:00', { text: 'x'.repeat(40_000) }).slice(0, 32_767);
    await expect(check(searchCsv([long]))).rejects.toThrow(/32,767 characters: a spreadsheet/);
  });

  it('bytes that are no UTF-8 are named in a CSV, whose cells would change', async () => {
    const body = Buffer.concat([Buffer.from(`${searchCsv(many(2))}\n"x","`), Buffer.from([0xe4, 0x22])]);
    await expect(check(body)).rejects.toThrow(/not UTF-8/);
  });

  it.each([
    ['an empty file', ''],
    ['blanks', ' \n \n'],
    ['text', 'hello world\nthis is a letter\n'],
    ['HTML', '<html><body>Sign in to your account</body></html>'],
    ['binary', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 3])],
    ['a truncated gzip', gzipSync(many(1000).join('\n')).subarray(0, 100)],
    ['a zip that is none', Buffer.from('PK\u0003\u0004 not really a zip, only its first letters')],
    ['an empty array', '[]'],
    ['an array of numbers', '[1,2,3]'],
    ['CSV without a known column', 'a,b\n1,2\n'],
  ])('%s is refused', async (_what, body) => {
    await expect(check(body as string)).rejects.toMatchObject({ code: 'invalid-request' });
  });

  it('an endless record is refused before it is in memory whole', async () => {
    const body = Buffer.alloc(MAX_RECORD_BYTES + 1024 * 1024, 'x');
    body.write('{"a":"');
    await expect(check(body, 'ndjson')).rejects.toThrow(/longer than/);
    body.write('[{"a":"');
    await expect(check(body)).rejects.toThrow(/longer than/);
    // Quotes written where the last head was.
    body.fill('x').write('a,b\n"');
    await expect(check(body)).rejects.toThrow(/longer than/);
  });

  it('a record over endlessly many lines is refused, short as they are', async () => {
    // Found by hostile requests: a piece of memory per line made a small gzip cost hundreds of megabytes.
    await expect(check('{"a":\n'.repeat(MAX_RECORD_LINES + 10))).rejects.toThrow(/100000 lines/);
  });

  it('what unpacks to more than is allowed is noticed on the way', async () => {
    const bomb = gzipSync(Buffer.alloc(4 * 1024 * 1024, `${good(1)}\n`));
    const limits = { plainBytes: 1024 * 1024, entries: 10 };
    await expect(checkFile(bufferFile('b', bomb), 'auto', limits)).rejects.toBeInstanceOf(MoreThanLimit);
    const zipped = await zip({ 'a.json': Buffer.alloc(4 * 1024 * 1024, `${good(1)}\n`) });
    await expect(checkFile(bufferFile('b', zipped), 'auto', limits)).rejects.toBeInstanceOf(MoreThanLimit);
  });

  it('a zip of too many files, of a zip, or with a broken file inside', async () => {
    const files = Object.fromEntries(many(4).map((text, i) => [`${i}.json`, text]));
    const limits = { plainBytes: 1e9, entries: 3 };
    await expect(checkFile(bufferFile('z', await zip(files)), 'auto', limits)).rejects.toThrow(/4 entries/);
    await expect(check(await zip({ 'in.zip': await zip({ a: good(1) }) }))).rejects.toThrow(
      /zip inside a zip/,
    );
    const broken = check(await zip({ 'a.json': good(1), 'b.json': `${good(2)}\nno` }));
    await expect(broken).rejects.toThrow(/b\.json, line 2/);
  });

  it('a zip of several files of several formats is read whole, Mac’s noise left out', async () => {
    const facts = await check(
      await zip({
        'a.csv': searchCsv([good(1)]),
        'folder/b.json.gz': gzipSync(good(2)),
        '__MACOSX/._a.csv': 'noise',
        'c.json': Buffer.from(`\ufeff[${good(3)}]`, 'utf16le'),
      }),
    );
    expect(facts.contents).toEqual([
      { name: 'a.csv', layout: 'csv', records: 1 },
      { name: 'folder/b.json.gz', layout: 'ndjson', records: 1 },
      { name: 'c.json', layout: 'json array', records: 1 },
    ]);
  });
});

describe('nothing half-written', () => {
  it('a file that is broken in its last line leaves nothing at all', async () => {
    const bench = importBench();
    const body = `${Array.from({ length: 20_000 }, (_, i) => audit(String(i), '2026-11-01T10:00:00')).join('\n')}\n{"cut`;
    await expect(imported(bench, body)).rejects.toMatchObject({ ids: { line: 20_001 } });
    expect([...bench.blobs.blobs.keys()]).toEqual([]);
    expect(bench.queues.sent).toEqual([]);
  });
});

describe('hostile text', () => {
  it('in records is archived as it stands', async () => {
    const bench = importBench();
    const records = HOSTILE.map((text, i) =>
      audit(String(i), '2026-11-01T10:00:00', { Subject: text, [text.slice(0, 50)]: 1 }),
    );
    await imported(bench, records.join('\n'));
    expect(archivedLines(bench.blobs)).toEqual(records.toSorted());
    const csv = importBench();
    await imported(csv, searchCsv(records.map((r) => Buffer.from(r).toString('utf8'))));
    expect(archivedLines(csv.blobs)).toEqual(records.toSorted());
  });

  it('in names, of the file and in a zip, ends in no control character of an answer or a path', async () => {
    for (const name of HOSTILE) {
      const bench = importBench();
      const result = await imported(
        bench,
        await zip({
          [`${name
            .slice(0, 300)
            .replaceAll(/[\\:\0]/g, '')
            .replace(/^\/+|\.\.\//g, '')}x`]: good(1),
        }),
        { name },
      );
      const told = `${result.file.name}${result.contents[0]!.name}`;
      expect(told).not.toMatch(/[\p{Cc}\u202e\u2066\u2028]/u);
      for (const path of bench.blobs.blobs.keys()) expect(path).toMatch(/^[\w./=-]+$/);
    }
  });

  it('a path in a zip that leads elsewhere is refused', async () => {
    const body = await zip({ 'aa/bb/cc.json': good(1) });
    const evil = Buffer.from(body.toString('latin1').replaceAll('aa/bb/cc.json', '../../cc.json'), 'latin1');
    await expect(check(evil)).rejects.toThrow(/zip is damaged or of a kind/);
  });

  it('in a header names no member of every object', async () => {
    const csv = `__proto__,constructor,AuditData\n1,2,${quoted(good(1))}\n`;
    expect((await check(csv)).records).toBe(1);
    const rows = 'Date (UTC),Request ID,Status,__proto__\n2026-11-01T10:00:00Z,r1,Success,x\n';
    expect((await check(rows)).kinds).toEqual({ 'sign-in': 1 });
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });
});

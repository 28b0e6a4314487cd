import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Archive } from '../../shared/archive/archive.ts';
import { writeReceipt } from '../../shared/archive/receipt.ts';
import { parseRecord, type ArchiveRecord } from '../../shared/record.ts';
import { MemoryBlobs } from '../../shared/store/memory.ts';

/**
 * Makes the golden archive of format 1, which every later release must read. Run by hand once per format version:
 * `node test/golden/make.ts`. Its bytes are data from then on; a new format gets a folder of its own.
 */
const records: readonly [string, string][] = [
  [
    'ual-exchange',
    '{"CreationTime":"2026-11-20T10:00:00","Id":"e1","Operation":"New-InboxRule","UserId":"Anna@x.example","SessionId":"00a1b2c3-0000-4000-8000-000000000001","ClientIP":"[2001:db8::7]:443","Parameters":[{"Name":"Name","Value":".."}]}',
  ],
  [
    'ual-exchange',
    '{"CreationTime":"2026-11-20T10:00:00.0000001","Id":"e2","Operation":"Send","UserId":"anna@x.example","N":9007199254740993,"F":1.0,"S":"\\u00e9 é \\/"}',
  ],
  [
    'ual-exchange',
    '{ "Id" : "e3", "Operation":"Create", "UserId":"ben@x.example", "CreationTime":"2026-11-20T09:59:59" }',
  ],
  [
    'ual-exchange',
    '{"Id":"e1","CreationTime":"2026-11-20T10:00:00","Operation":"New-InboxRule","UserId":"Anna@x.example","Version":2}',
  ],
  ['ual-exchange', '{"Id":"e4","no time":true}'],
  ['ual-exchange', '{"not json'],
  [
    'signins-interactive',
    '{"id":"s1","createdDateTime":"2026-11-20T23:59:59Z","userPrincipalName":"anna@x.example","userId":"26be570a-ae82-4189-b4e2-a37c6808512d","sessionId":"00a1b2c3-0000-4000-8000-000000000001","ipAddress":"203.0.113.9","location":{"countryOrRegion":"DE"}}',
  ],
];

const blobs = new MemoryBlobs();
const archive = new Archive({ blobs, clock: { now: () => 0, sleep: () => Promise.resolve() }, graceMs: 0 });
const window = { from: '2026-11-20T00:00:00Z', to: '2026-11-21T00:00:00Z' };
const tenant = '11111111-1111-4111-8111-111111111111';
const of = (source: string): ArchiveRecord[] =>
  records.filter(([s]) => s === source).map(([, text]) => parseRecord(Buffer.from(text)));

for (const source of ['ual-exchange', 'signins-interactive'] as const) {
  const requests = [
    {
      url: 'https://graph.microsoft.com/beta/…',
      requestId: 'r-1',
      fetchedAt: '2026-11-21T01:00:00.000Z',
      status: 200,
      sha256: 'ab'.repeat(32),
      bytes: 1234,
      records: of(source).length,
    },
  ];
  const place = { tenant, source, date: '2026-11-20' };
  const first = await archive.append({
    ...place,
    records: of(source).slice(0, 4),
    window,
    pass: 1,
    requests,
  });
  const second = await archive.append({ ...place, records: of(source), window, pass: 2, requests });
  await writeReceipt(
    blobs,
    { tenant, source, fromMs: Date.parse(window.from), toMs: Date.parse(window.to), pass: 1 },
    {
      outcome: 'collected',
      startedAt: '2026-11-24T01:00:00.000Z',
      finishedAt: '2026-11-24T01:00:01.000Z',
      counts: {
        received: 4,
        added: first.added,
        versions: first.versions,
        duplicates: 0,
        outside: 0,
        unparsed: 0,
      },
      segments: [...first.segments, ...second.segments].map(({ date, segment }) => ({ date, segment })),
      settled: true,
      requests,
    },
  );
}
for (const [name, { body }] of blobs.blobs) {
  const path = join(import.meta.dirname, 'v1', name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, body);
}
await writeFile(
  join(import.meta.dirname, 'v1', 'expected.ndjson'),
  `${records.map((r) => JSON.stringify(r)).join('\n')}\n`,
);

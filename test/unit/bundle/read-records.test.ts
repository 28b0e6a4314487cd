import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Archive } from '../../../shared/archive/archive.ts';
import { matchRecord, wantedKeys } from '../../../shared/bundle/matcher.ts';
import { locate, readRecords, type SegmentChunks } from '../../../shared/bundle/read-records.ts';
import type { Scope } from '../../../shared/bundle/scope.ts';
import { systemClock } from '../../../shared/clock.ts';
import { indexSegment } from '../../../shared/indexing/index-segment.ts';
import { parseRecord, type ArchiveRecord } from '../../../shared/record.ts';
import { MemoryBlobs, MemoryTables } from '../../../shared/store/memory.ts';

const TENANT = '11111111-1111-4111-8111-111111111111';
const USERS = ['ana@x.example', 'bob@x.example', 'josé@x.example', 'ana@x.example.org'];
const IPS = ['203.0.113.9', '198.51.100.7', '2001:db8::5'];
/** A few of these fill a chunk. */
const PADDING = 'x'.repeat(40_000);

/** The same name as it is, in upper case, or with an escape. */
const spelled = (name: string): fc.Arbitrary<string> =>
  fc.constantFrom(
    name,
    name.toUpperCase(),
    `\\u00${name.charCodeAt(0).toString(16).padStart(2, '0')}${name.slice(1)}`,
  );

const line = fc
  .record({
    user: fc.constantFrom(...USERS).chain(spelled),
    ip: fc.constantFrom(...IPS),
    second: fc.nat(59),
    padded: fc.boolean(),
  })
  .map(
    ({ user, ip, second, padded }) =>
      `"CreationTime":"2026-03-04T10:00:${String(second).padStart(2, '0')}","Operation":"FileAccessed","UserId":"${user}","ClientIP":"${ip}"${padded ? `,"Pad":"${PADDING}"` : ''}}`,
  );

const scopeOf = (entities: Partial<Scope['entities']>): Scope => ({
  tenant: TENANT,
  entities: { user: [], session: [], ip: [], app: [], ...entities },
  fromMs: Date.UTC(2026, 2, 4),
  toMs: Date.UTC(2026, 2, 5),
});

async function archived(records: readonly ArchiveRecord[]) {
  const stores = { blobs: new MemoryBlobs(), tables: new MemoryTables() };
  const archive = new Archive({ blobs: stores.blobs, clock: systemClock, graceMs: 0 });
  const { segments } = await archive.append({
    tenant: TENANT,
    source: 'ual-sharepoint',
    date: '2026-03-04',
    records,
    window: null,
    pass: 0,
    requests: [],
  });
  for (const ref of segments) await indexSegment(ref, stores);
  return stores;
}

/** Every record of the archive that the scope wants, whatever the index says. */
async function byLookingAtAll(records: readonly ArchiveRecord[], scope: Scope, tables: MemoryTables) {
  const wanted = await wantedKeys(scope, tables);
  return records
    .filter(({ value, facts }) => matchRecord(value, facts.ticks, wanted, scope) !== undefined)
    .map((record) => record.text.toString())
    .sort();
}

describe('reading by the lines that the index names', () => {
  it('finds exactly the records that looking at all of them finds', async () => {
    const lines = fc.array(line, { minLength: 1, maxLength: 60 });
    const asked = fc.oneof(
      fc.constantFrom(...USERS).map((user) => scopeOf({ user: [user] })),
      fc.constantFrom(...IPS).map((ip) => scopeOf({ ip: [ip] })),
      fc.constant(scopeOf({ user: [USERS[0]!], ip: [IPS[1]!] })),
    );
    await fc.assert(
      fc.asyncProperty(lines, asked, async (bodies, scope) => {
        const records = bodies.map((body, i) => parseRecord(Buffer.from(`{"Id":"${i}",${body}`)));
        const { blobs, tables } = await archived(records);
        const wanted = await wantedKeys(scope, tables);
        const found: string[] = [];
        const located = await locate(scope, wanted, tables);
        for await (const chunk of readRecords(located, scope, wanted, blobs))
          for (const { text } of chunk) found.push(text.toString());
        expect(found.sort()).toEqual(await byLookingAtAll(records, scope, tables));
      }),
      { numRuns: 60 },
    );
  });

  it('looks at every line of a chunk of which the index does not name any', async () => {
    const records = USERS.map((user, i) =>
      parseRecord(
        Buffer.from(
          `{"Id":"${i}","CreationTime":"2026-03-04T10:00:00","Operation":"FileAccessed","UserId":"${user}"}`,
        ),
      ),
    );
    const { blobs, tables } = await archived(records);
    const scope = scopeOf({ user: [USERS[1]!] });
    const wanted = await wantedKeys(scope, tables);
    const unnamed: SegmentChunks[] = (await locate(scope, wanted, tables)).map(({ ref, chunks }) => ({
      ref,
      chunks: chunks.map(({ index, offset, length }) => ({ index, offset, length })),
    }));
    const found = [];
    for await (const chunk of readRecords(unnamed, scope, wanted, blobs))
      for (const { facts } of chunk) found.push(facts.id);
    expect(found).toEqual(['1']);
  });
});

import { describe, expect, it } from 'vitest';
import { auditEnvelope } from '../../../infra/local/tenant/audit-envelope.ts';
import { planBundle } from '../../../shared/bundle/incident/plan.ts';
import { bundleWorld, type Sourced } from '../../support/bundle-world.ts';
import { zipped } from '../../support/zipped.ts';

const TENANT = '11111111-1111-4111-8111-111111111111';
const scope = {
  tenant: TENANT,
  entities: { user: ['a@x.example'], session: [], ip: [], app: [] },
  fromMs: Date.parse('2026-11-19'),
  toMs: Date.parse('2026-11-22'),
};
const request = { id: '22222222-2222-4222-8222-222222222222', requester: 'tester', requestedMs: scope.toMs };

const audit = (id: string, over: object = {}): string =>
  JSON.stringify({
    Id: id,
    CreationTime: '2026-11-20T10:00:00',
    Operation: 'FileAccessed',
    UserId: 'a@x.example',
    RecordType: 6,
    Workload: 'SharePoint',
    ...over,
  });
const feed = (text: string): Sourced => ({ source: 'ual-sharepoint', text });
const search = (text: string): Sourced => ({ source: 'ual-search', text: auditEnvelope(text) });

async function bundle(records: readonly Sourced[]): Promise<Map<string, Buffer>> {
  const { deps, blobs } = await bundleWorld(TENANT, records);
  const plan = await planBundle({ scope, expand: 0 }, deps);
  const { files } = await zipped({ request, plan, snapshots: [] }, blobs);
  return files;
}
const linesOf = (files: Map<string, Buffer>, name: string): string[] =>
  files.get(name)?.toString('utf8').split('\n').filter(Boolean) ?? [];
const jsonOf = (files: Map<string, Buffer>, name: string): Record<string, unknown> =>
  JSON.parse(files.get(name)!.toString('utf8')) as Record<string, unknown>;

const left = (records: number) => [
  {
    source: 'ual-search',
    records,
    reason: "the same audit record, with the same content, is among the feed's records of this bundle",
  },
];

describe('an audit record that the search brought first and the feed later', () => {
  it("is in a bundle once, in the feed's words, and the bundle says how many are left out", async () => {
    const both = ['one', 'two', 'three'].map((id) => audit(id));
    const only = audit('only the search');
    const files = await bundle([...[...both, only].map(search), ...both.map(feed)]);
    expect(linesOf(files, 'records/ual-sharepoint.ndjson').sort()).toEqual([...both].sort());
    expect(linesOf(files, 'records/ual-search.ndjson')).toEqual([auditEnvelope(only)]);
    expect(linesOf(files, 'timeline.csv')).toHaveLength(1 + 4);
    expect(jsonOf(files, 'manifest.json')).toMatchObject({ records: 4, events: 4, leftOut: left(3) });
    expect(jsonOf(files, 'coverage.json')).toMatchObject({ leftOut: left(3) });
    expect(files.get('report.md')!.toString('utf8')).toContain(
      "3 records of the audit search are left out, because the feed's same record is in it.",
    );
    // What was read to tell is still named as evidence.
    expect(JSON.stringify(jsonOf(files, 'manifest.json')['segments'])).toContain('source=ual-search');
  });

  it.each([
    ['its content differs: then it is a further version', audit('one', { ObjectId: 'other' })],
    ['another record has its id and operation', audit('one', { RecordType: 7 })],
    ['it has no id to compare', audit('')],
  ])('stays where %s', async (_why, text) => {
    const files = await bundle([feed(audit('one')), search(text)]);
    expect(linesOf(files, 'records/ual-search.ndjson')).toEqual([auditEnvelope(text)]);
    expect(jsonOf(files, 'manifest.json')).toMatchObject({ records: 2, leftOut: [] });
    expect(files.get('report.md')!.toString('utf8')).not.toContain('left out');
  });

  it('stays where the bundle does not hold the record of the feed', async () => {
    const files = await bundle([search(audit('one'))]);
    expect(jsonOf(files, 'manifest.json')).toMatchObject({ records: 1, leftOut: [] });
  });
});

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadNativeRecords, shiftTimes, sourceOf } from '../../../infra/local/tenant/native.ts';
import type { PublishedSource } from '../../../infra/local/tenant/records.ts';
import { DAY, HOUR, iso, NOW, sorted } from './harness.ts';

// Public sample records beside the project, read where they lie; a checkout elsewhere has the inline ones only.
const DATA = join(import.meta.dirname, '../../../../shared/data');

const listed = (folder: string): string[] =>
  readdirSync(join(DATA, folder))
    .filter((name) => /\.(ndjson|jsonl)$/.test(name))
    .map((name) => join(DATA, folder, name));

const FILES = [
  'elastic-beats-o365-2020',
  'elastic-integrations-o365-2023/unwrapped',
  'microsoft-mgmt-activity-api-docs',
  'plaso-m365-audit',
  'elastic-integrations-azure-diag-2023',
  'elastic-integrations-edgecases-2024-26',
].flatMap((folder) => (existsSync(join(DATA, folder)) ? listed(folder) : []));

const linesOf = (path: string): string[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

test.each(FILES)('%s loads whole, its newest event at now, only times changed', async (path) => {
  const records = await loadNativeRecords(path, { nowMs: NOW });
  const originals = linesOf(path);
  expect(records).toHaveLength(originals.length);
  const newest = Math.max(...records.map(({ eventMs }) => eventMs));
  expect(NOW - newest).toBeGreaterThanOrEqual(0);
  expect(NOW - newest).toBeLessThan(1000);
  for (const [at, { text }] of records.entries()) {
    expect(text.length).toBe(originals[at]!.length);
    expect(text.replaceAll(/\d/g, '0')).toBe(originals[at]!.replaceAll(/\d/g, '0'));
  }
});

const EXPECTED: readonly (readonly [string, PublishedSource])[] = [
  ['elastic-beats-o365-2020/01-exchange-admin.ndjson', 'ual-exchange'],
  ['elastic-beats-o365-2020/06-sharepointfileop.ndjson', 'ual-sharepoint'],
  ['elastic-beats-o365-2020/08-azuread.ndjson', 'ual-entra'],
  ['elastic-beats-o365-2020/11-dlp-sharepoint.ndjson', 'ual-dlp'],
  ['elastic-beats-o365-2020/13-dlp-exchange.ndjson', 'ual-dlp'],
  ['elastic-beats-o365-2020/15-azuread-sts-logon.ndjson', 'ual-entra'],
  ['elastic-beats-o365-2020/25-ms-teams.ndjson', 'ual-general'],
  ['elastic-beats-o365-2020/40-sec-comp-alerts.ndjson', 'ual-general'],
];

test.each(EXPECTED.filter(([path]) => existsSync(join(DATA, path))))(
  '%s goes to %s',
  async (path, source) => {
    const records = await loadNativeRecords(join(DATA, path), { nowMs: NOW });
    expect(new Set(records.map((record) => record.source))).toEqual(new Set([source]));
  },
);

test.each(FILES.filter((path) => path.includes('derived_graph_signIns')))(
  'sign-ins of %s go to the streams they show',
  async (path) => {
    const sources = (await loadNativeRecords(path, { nowMs: NOW })).map(({ source }) => source);
    expect(sorted([...new Set(sources)])).toEqual([
      'signins-interactive',
      'signins-noninteractive',
      'signins-serviceprincipal',
    ]);
  },
);

test.each([
  [{ signInEventTypes: ['managedIdentity'] }, 'signins-managedidentity'],
  [{ signInEventTypes: ['servicePrincipal'] }, 'signins-serviceprincipal'],
  [{ signInEventTypes: ['nonInteractiveUser'], isInteractive: true }, 'signins-noninteractive'],
  [
    { managedServiceIdentity: { msiType: 'systemAssigned' }, servicePrincipalId: 'x' },
    'signins-managedidentity',
  ],
  [{ isInteractive: true, userId: 'u' }, 'signins-interactive'],
  [{ activityDateTime: 'x', provisioningAction: 'create' }, 'provisioning'],
  [{ activityDateTime: 'x', category: 'UserManagement' }, 'directory-audits'],
  [{ activityDateTime: 'x', riskEventType: 'unfamiliarFeatures' }, 'risk-detections'],
  [{ RecordType: 50 }, 'ual-exchange'],
  [{ RecordType: 13, Workload: 'Exchange' }, 'ual-dlp'],
  [{ RecordType: 6, Workload: 'OneDrive' }, 'ual-sharepoint'],
  [{ RecordType: 15, Workload: 'AzureActiveDirectory' }, 'ual-entra'],
  [{ RecordType: 25, Workload: 'MicrosoftTeams' }, 'ual-general'],
  [{ RecordType: '20', Workload: 'PowerBI' }, 'ual-general'],
  [{ RecordType: 9999, CreationTime: 'x' }, 'ual-general'],
])('%j is of %s', (record, source) => {
  expect(sourceOf(record)).toBe(source);
});

test('a shift replaces whole time strings in their own form, and nothing else', () => {
  const text =
    '{"a":"2022-01-24T04:59:49.2279838+00:00","b": "2020-02-28T23:59:59","c":"2020-02-28T23:59","d":"at 2020-02-28T23:59:59","e":"2019-10-18T04:45:48.07-05:00","f":"0001-01-01T00:00:00","g":"2020-02-28 10:00:00Z","h":1.0}';
  expect(shiftTimes(text, DAY + HOUR)).toBe(
    '{"a":"2022-01-25T05:59:49.2279838+00:00","b": "2020-03-01T00:59:59","c":"2020-03-01T00:59","d":"at 2020-02-28T23:59:59","e":"2019-10-19T05:45:48.07-05:00","f":"0001-01-01T00:00:00","g":"2020-02-29 11:00:00Z","h":1.0}',
  );
});

test('a shift can be given, or left out; latency delays availability', async () => {
  const path = join(await mkdtemp(join(tmpdir(), 'native-')), 'a.ndjson');
  const text = `{"Id":"a","CreationTime":"${iso(NOW).slice(0, 19)}","RecordType":8}`;
  await writeFile(path, `${text}\n\n`);
  const [still] = await loadNativeRecords(path, { nowMs: NOW + DAY, shift: false, latencyMs: HOUR });
  expect(still).toEqual({ source: 'ual-entra', text, eventMs: NOW, availableMs: NOW + HOUR });
  const [moved] = await loadNativeRecords(path, { nowMs: NOW, shift: HOUR });
  expect(moved!.eventMs).toBe(NOW + HOUR);
});

test('a line that is no record is named', async () => {
  const path = join(await mkdtemp(join(tmpdir(), 'native-')), 'a.ndjson');
  await writeFile(path, '[1]\n');
  await expect(loadNativeRecords(path, { nowMs: NOW })).rejects.toThrow('is not a record');
});

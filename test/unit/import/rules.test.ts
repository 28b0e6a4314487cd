import { expect, it } from 'vitest';
import { compile } from '../../../shared/detect/sigma/index.ts';
import { parseRecord } from '../../../shared/record.ts';
import { archivedLines, imported, importBench } from '../../support/imports.ts';
import { matchingEvents } from '../sigma/generate-event.ts';
import { PUBLIC_LISTS, publicRules, shippedPipelines } from '../sigma/support.ts';

// Rules on logs that holdfast does not collect (Azure Resource Manager's activity log) can only ever see imports.

const pipelines = shippedPipelines();
const set = compile({ ...publicRules(), ...pipelines, lists: PUBLIC_LISTS });
const onlyImports = set.status().filter(({ sources }) => sources.length === 1 && sources[0] === 'import');

it('all public rules for imports only find their records in an imported file', async () => {
  expect(onlyImports).toHaveLength(35);
  const activity = {
    time: '2026-11-01T10:00:00Z',
    operationName: 'MICROSOFT.RESOURCES/TAGS/READ',
    resourceId: '/subscriptions/s',
  };
  const events: object[] = [activity];
  for (const { key } of onlyImports) {
    const rule = set.rules.find((r) => r.key === key)!;
    const { product, service } = rule.logSource;
    const pipeline = pipelines.pipelines.find(
      (p) => p.logsource.product === product && p.logsource.service === service,
    )!;
    for (const bind of pipeline.bind) {
      const shape = pipelines.shapes.find((s) => s.shape === bind.shape)!;
      events.push(...(matchingEvents(rule, pipeline, bind, shape) as object[]));
    }
  }
  const bench = importBench();
  await imported(bench, events.map((event) => JSON.stringify(event)).join('\n'));
  const hit = new Set<string>();
  for (const line of archivedLines(bench.blobs))
    for (const match of set.evaluate('import', parseRecord(Buffer.from(line)).value)) hit.add(match.ruleKey);
  expect(onlyImports.filter(({ key }) => !hit.has(key)).map(({ title }) => title)).toEqual([]);
});

it('rows of Log Analytics are seen by the rules for what they were rows of', async () => {
  const rows = [
    { Type: 'AzureActivity', TimeGenerated: '2026-11-01T10:00:00Z', OperationNameValue: 'MICROSOFT.NETWORK/AZUREFIREWALLS/DELETE', CategoryValue: 'Administrative', _ResourceId: '/subscriptions/s/x' },
    { Type: 'AuditLogs', TimeGenerated: '2026-11-01T10:00:00Z', OperationName: 'Add app role assignment to service principal', ActivityDisplayName: 'Add app role assignment to service principal', InitiatedBy: '{"user":{"userPrincipalName":"ada@contoso.example"}}', TargetResources: '[]', LoggedByService: 'Core Directory', Id: 'a1' },
    { Type: 'SigninLogs', TimeGenerated: '2026-11-01T10:00:00Z', OperationName: 'Sign-in activity', ResultType: '50053', AppId: 'c44b4083-3bb0-49c1-b47d-974e53cbdf3c', UserPrincipalName: 'ada@contoso.example', Id: 's1' },
  ]; // prettier-ignore
  const bench = importBench();
  await imported(bench, JSON.stringify(rows));
  const titles = archivedLines(bench.blobs).flatMap((line) =>
    set.evaluate('import', parseRecord(Buffer.from(line)).value).map(({ title }) => title),
  );
  expect(titles).toEqual(
    expect.arrayContaining([
      'Azure Firewall Modified or Deleted',
      'App Granted Privileged Delegated Or App Permissions',
      'Account Lockout',
    ]),
  );
});

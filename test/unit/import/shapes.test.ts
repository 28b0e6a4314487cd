import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { checkFile } from '../../../shared/import/check-file.ts';
import { recordsOf } from '../../../shared/import/records.ts';
import { bufferFile } from '../../../shared/import/source-file.ts';
import { parseRecord } from '../../../shared/record.ts';
import { entityKeys } from '../../../shared/indexing/entities/index.ts';
import { audit, sample, searchCsv } from '../../support/imports.ts';

async function read(body: Buffer | string): Promise<{ text: string; value: never; kind: string }[]> {
  const found: { text: string; value: never; kind: string }[] = [];
  for await (const { records } of recordsOf(bufferFile('f', Buffer.from(body)), 'auto'))
    for (const { text, kind } of records)
      found.push({ text: text.toString(), value: JSON.parse(text.toString()) as never, kind });
  return found;
}

const first = async (body: Buffer | string): Promise<Record<string, unknown>> => (await read(body))[0]!.value;

describe('the samples at hand', () => {
  it.each([
    ['elastic-beats-o365-2020/01-exchange-admin.ndjson', 100, 'unified-audit', 'ndjson'],
    ['elastic-beats-o365-2020/15-azuread-sts-logon.ndjson', 69, 'unified-audit', 'ndjson'],
    ['plaso-m365-audit/microsoft_audit_log.jsonl', 4, 'unified-audit', 'ndjson'],
    ['microsoft-mgmt-activity-api-docs/audit_records.ndjson', 13, 'unified-audit', 'ndjson'],
    ['api-examples/oma-content-blob.json', 2, 'unified-audit', 'json array'],
    ['api-examples/auditlogquery.records.synthetic.json', 1, 'audit-search', 'json page "value"'],
    ['api-examples/signins-beta.page.json', 1, 'sign-in', 'json page "value"'],
    ['api-examples/directoryaudits-v1.page.json', 2, 'directory-audit', 'json page "value"'],
    ['api-examples/provisioning-v1.page.json', 1, 'provisioning', 'json page "value"'],
    ['api-examples/riskdetections-v1.page.json', 1, 'risk-detection', 'json page "value"'],
    ['api-examples/signin-beta.full-fields.synthetic.json', 1, 'sign-in', 'json objects'],
    ['elastic-integrations-azure-diag-2023/signinlogs/test-signinlogs-raw.log', 2, 'diagnostic', 'ndjson'],
    ['elastic-integrations-azure-diag-2023/auditlogs/test-auditlogs-raw.log', 1, 'diagnostic', 'ndjson'],
    [
      'elastic-integrations-azure-diag-2023/activitylogs/test-activitylogs-raw.log',
      1,
      'azure-activity',
      'ndjson',
    ],
    [
      'elastic-integrations-edgecases-2024-26/signinlogs-time-formats-corner-cases.log',
      11,
      'diagnostic',
      'ndjson',
    ],
    ['microsoft-msticpy-training/officeactivity_random.ndjson', 300, 'unified-audit', 'ndjson'],
    ['microsoft-msticpy-training/signinlogs_random.ndjson', 300, 'sign-in', 'ndjson'],
    ['microsoft-sentinel-training-lab/office_activity.csv', 266, 'unified-audit', 'csv'],
    ['microsoft-sentinel-training-lab/sign-in_adelete.csv', 56, 'sign-in', 'csv'],
    ['microsoft-sentinel-training-lab/azureActivity_adele.csv', 23, 'azure-activity', 'csv'],
  ])('%s: %d records of kind %s', async (path, records, kind, layout) => {
    const facts = await checkFile(bufferFile(path, sample(path)), 'auto');
    expect(facts).toMatchObject({ records, untimed: 0, kinds: { [kind]: records } });
    expect(facts.contents.map((c) => c.layout)).toEqual([layout]);
  });

  it.each([
    ['api-examples/messagerules.json', 'none of its 2 records is of a kind that is known here'],
    ['api-examples/oma-subscriptions-list.json', 'none of its 2 records is of a kind'],
    ['microsoft-sentinel-training-lab/signinLogs.csv', 'none of its 1 records is of a kind'],
    ['microsoft-sentinel-training-lab/disable_accounts.csv', 'has a time that can be read'],
    [
      'microsoft-graph-docs-examples/beta_signin-list_2.as-published-invalid.txt',
      'line 101: this is not JSON',
    ],
  ])('%s is refused: %s', async (path, reason) => {
    await expect(checkFile(bufferFile(path, sample(path)), 'auto')).rejects.toMatchObject({
      code: 'invalid-request',
      message: expect.stringContaining(reason) as string,
      remedy: expect.any(String) as string,
      field: expect.any(String) as string,
    });
  });
});

describe('records keep their own text', () => {
  const odd =
    '{"Id":"1","n": 1.0,"big":12345678901234567890,"CreationTime":"2026-11-01T10:00:00","Operation":"\\u0041","RecordType":1}';

  it.each([
    ['NDJSON with CRLF and blank lines', `${odd}\r\n\r\n${odd}\r\n`],
    ['an array', `[\n  ${odd},\n${odd}]`],
    ['a page with links', `{"@odata.context":"x","value":[${odd},${odd}],"@odata.nextLink":"y"}`],
    ['a storage blob of diagnostic settings', `{"records": [${odd},${odd}]}`],
    ['pages in lines', `{"value":[${odd}]}\n{"value":[${odd}]}\n`],
    ['objects in a row', `${odd.replace('{', '{\n')}\n${odd.replace('{', '{\n')}`],
    ['the column AuditData', searchCsv([odd, odd])],
    ['AuditData as text in JSON', JSON.stringify([{ RecordType: 'x', AuditData: odd }, { AuditData: odd }])],
    ['UTF-8 with byte order mark', `\ufeff${odd}\n${odd}`],
    ['UTF-16 with byte order mark', Buffer.from(`\ufeff${odd}\n${odd}`, 'utf16le')],
    ['UTF-16 without', Buffer.from(`${odd}\n${odd}`, 'utf16le')],
    ['UTF-16, big end first', Buffer.from(`\ufeff${odd}\n${odd}`, 'utf16le').swap16()],
    ['gzip of several members', Buffer.concat([gzipSync(`${odd}\n`), gzipSync(odd)])],
  ])('%s', async (_what, body) => {
    expect((await read(body as Buffer)).map(({ text }) => text)).toEqual([odd, odd]);
  });

  it('line breaks between the tokens of AuditData are dropped, and nothing else', async () => {
    const pretty = odd.replaceAll(',"', ',\r\n  "');
    const [record] = await read(searchCsv([pretty]));
    expect(record!.text).toBe(odd.replaceAll(',"', ',  "'));
  });

  it.each([',', ';', '\t'])('CSV with delimiter %j, and Excel’s announcement of it', async (delimiter) => {
    const csv = `sep=${delimiter}\r\nRecordType${delimiter}AuditData\r\n1${delimiter}"${odd.replaceAll('"', '""')}"\r\n`;
    expect((await read(csv)).map(({ text }) => text)).toEqual([odd]);
  });
});

describe('rows become records of their native shape, and keep the row', () => {
  it('Entra portal sign-ins', async () => {
    const csv =
      'Date (UTC),Request ID,Correlation ID,User ID,User,Username,Application,Application ID ,IP address,Location,Status,Sign-in error code,Failure reason,Client app,Session ID,Odd column\n' +
      '2026-11-02T08:00:00Z,r1,c1,9b117c67-170e-4aed-9702-658b3fddc889,Ada,ada@contoso.example,Azure Portal,c44b4083-3bb0-49c1-b47d-974e53cbdf3c,203.0.113.7,"Vienna, Wien, AT",Failure,50126,Bad password,Browser,00aabbcc-0000-4000-8000-000000000001,=cmd()\n';
    const value = await first(csv);
    expect(value).toMatchObject({
      id: 'r1',
      createdDateTime: '2026-11-02T08:00:00Z',
      userPrincipalName: 'ada@contoso.example',
      status: { errorCode: 50126, failureReason: 'Bad password' },
      location: { city: 'Vienna', state: 'Wien', countryOrRegion: 'AT' },
      imported: { 'Odd column': '=cmd()', 'Request ID': 'r1' },
    });
    expect(entityKeys(value)).toMatchObject({
      user: ['ada@contoso.example', '9b117c67-170e-4aed-9702-658b3fddc889'],
      session: ['00aabbcc-0000-4000-8000-000000000001'],
      ip: ['203.0.113.7'],
      app: ['c44b4083-3bb0-49c1-b47d-974e53cbdf3c'],
    });
  });

  it('Entra portal audit logs, with targets and their changed properties', async () => {
    const csv =
      'Date (UTC),CorrelationId,Service,Category,Activity,Result,ResultReason,ActorType,ActorDisplayName,ActorObjectId,ActorUserPrincipalName,IPAddress,Target1Type,Target1DisplayName,Target1ObjectId,Target1ModifiedProperty1Name,Target1ModifiedProperty1OldValue,Target1ModifiedProperty1NewValue,AdditionalDetail1Key,AdditionalDetail1Value\n' +
      '2026-11-02T08:00:00Z,c1,Core Directory,ApplicationManagement,Consent to application,Success,,User,Ada,9b117c67-170e-4aed-9702-658b3fddc889,ada@contoso.example,203.0.113.7,ServicePrincipal,App,c44b4083-3bb0-49c1-b47d-974e53cbdf3c,ConsentContext.IsAdminConsent,,True,User-Agent,curl\n';
    expect(await first(csv)).toMatchObject({
      activityDisplayName: 'Consent to application',
      result: 'success',
      initiatedBy: { user: { userPrincipalName: 'ada@contoso.example', ipAddress: '203.0.113.7' } },
      targetResources: [
        {
          type: 'ServicePrincipal',
          id: 'c44b4083-3bb0-49c1-b47d-974e53cbdf3c',
          modifiedProperties: [
            { displayName: 'ConsentContext.IsAdminConsent', oldValue: null, newValue: 'True' },
          ],
        },
      ],
      additionalDetails: [{ key: 'User-Agent', value: 'curl' }],
    });
  });

  it('Log Analytics sign-ins: cells that hold JSON, times of a portal, numbers as text', async () => {
    const value = await first(sample('microsoft-sentinel-training-lab/sign-in_adelete.csv'));
    expect(value).toMatchObject({
      createdDateTime: '4/28/2021 2:08:45.221 PM',
      status: { errorCode: 0 },
      location: { countryOrRegion: 'IL' },
      isInteractive: true,
      signInEventTypes: ['interactiveUser'],
      imported: { Type: 'SigninLogs' },
    });
    expect(entityKeys(value).user).toContain('adelev@m365x816222.onmicrosoft.com');
  });

  it('Log Analytics rows in JSON keep the spelling of their numbers in the row', async () => {
    const row =
      '{"Type":"OfficeActivity","OfficeWorkload":"Exchange","Operation":"Send","RecordType":"ExchangeItem","TimeGenerated":"2026-11-01T10:00:00Z","UserId":"ada@contoso.example","OfficeId":"o1","Big":12345678901234567890}';
    const [record] = await read(row);
    expect(record!.text).toContain(`"imported":${row}`);
    expect(record!.value).toMatchObject({
      Id: 'o1',
      Workload: 'Exchange',
      CreationTime: '2026-11-01T10:00:00Z',
    });
  });

  it('objects of Graph PowerShell, with times of Windows PowerShell', async () => {
    const row = {
      Id: 's1',
      CreatedDateTime: '/Date(1793527200000)/',
      AppId: 'c44b4083-3bb0-49c1-b47d-974e53cbdf3c',
      UserPrincipalName: 'ada@contoso.example',
      IPAddress: '203.0.113.7',
      Status: { ErrorCode: 0, AdditionalProperties: {} },
      AdditionalProperties: {},
    };
    expect(await first(JSON.stringify([row]))).toMatchObject({
      id: 's1',
      createdDateTime: '2026-11-01T10:00:00.000Z',
      status: { errorCode: 0 },
      ipAddress: '203.0.113.7',
      imported: row,
    });
  });
});

it('records of diagnostic settings are indexed by what their envelope holds', () => {
  const [line] = sample('elastic-integrations-azure-diag-2023/signinlogs/test-signinlogs-raw.log')
    .toString()
    .split('\n');
  const { value, facts } = parseRecord(Buffer.from(line!));
  const inner = (value as { properties: { id: string; userPrincipalName: string } }).properties;
  expect(facts).toMatchObject({ id: inner.id, user: inner.userPrincipalName.toLowerCase() });
  expect(entityKeys(value).user).toContain(inner.userPrincipalName.toLowerCase());
  expect(entityKeys(value).app.length).toBeGreaterThan(0);
});

it('records of the activity log are indexed by caller and claims', () => {
  const value = {
    time: '2026-11-01T10:00:00Z',
    operationName: 'MICROSOFT.WEB/SITES/DELETE',
    resourceId: '/subscriptions/s',
    callerIpAddress: '203.0.113.7',
    caller: 'Ada@contoso.example',
    identity: { claims: { appid: 'c44b4083-3bb0-49c1-b47d-974e53cbdf3c' } },
  };
  expect(entityKeys(value)).toMatchObject({
    user: ['ada@contoso.example'],
    ip: ['203.0.113.7'],
    app: ['c44b4083-3bb0-49c1-b47d-974e53cbdf3c'],
  });
});

it('a record that has a property named as pages have is no page', async () => {
  const record = audit('1', '2026-11-01T10:00:00', { data: [{ a: 1 }] });
  expect((await read(`${record}\n${record}`)).map(({ text }) => text)).toEqual([record, record]);
});

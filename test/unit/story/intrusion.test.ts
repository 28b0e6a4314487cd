import { describe, expect, test } from 'vitest';
import { storyGroundTruth } from '../../../infra/local/story/index.ts';
import { MIDDLE, clientIps, leaves, sessionIds, tell, type Json, type Told } from './telling.ts';

const truth = storyGroundTruth(MIDDLE);
const told = tell(MIDDLE);
const byId = new Map<string, Told>(told.map((record) => [`${record.source} ${record.id}`, record]));

const step = (id: string): readonly Told[] =>
  truth.steps.find((one) => one.id === id)!.records.map((r) => byId.get(`${r.source} ${r.id}`)!);
const clock = (record: Told): string => new Date(record.eventMs).toISOString().slice(11, 19);
const parameters = (body: Json): Record<string, string> =>
  Object.fromEntries(
    (body['Parameters'] as { Name: string; Value: string }[]).map(({ Name, Value }) => [Name, Value]),
  );
const has = (value: unknown, text: string): boolean =>
  [...leaves(value)].some(([, leaf]) => leaf.includes(text));

const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; rv:109.0) Gecko/20100101 Firefox/115.0';

describe('the intrusion on its day', () => {
  test('every step has records, all on the one UTC day', () => {
    expect(truth.intrusionDate).toBe('2026-11-21');
    for (const { records, fromMs, toMs } of truth.steps) {
      expect(records.length).toBeGreaterThan(0);
      expect(new Date(fromMs).toISOString().slice(0, 10)).toBe(truth.intrusionDate);
      expect(new Date(toMs).toISOString().slice(0, 10)).toBe(truth.intrusionDate);
    }
  });

  test('sign-ins from both addresses between 13:50:17 and 14:11:43, and none outside', () => {
    const { johanna } = truth;
    const own = told.filter(
      ({ source, body }) =>
        source.startsWith('signins-') &&
        body['userId'] === johanna.objectId &&
        truth.attacker.ips.includes(String(body['ipAddress'])),
    );
    const times = own.map(clock).sort();
    expect([times[0], times.at(-1)]).toEqual(['13:50:17', '14:11:43']);
    expect(new Set(own.map(({ body }) => body['userAgent']))).toEqual(new Set([FIREFOX]));
    const places = new Set(
      own.map(({ body }) =>
        Object.values(body['location'] as Json)
          .slice(0, 3)
          .join('|'),
      ),
    );
    expect(places).toEqual(new Set(['||US', 'Saarbruecken|Saarland|DE']));
    expect(truth.signInWindow).toEqual({
      fromMs: Date.parse('2026-11-21T13:50:17Z'),
      toMs: Date.parse('2026-11-21T14:11:43Z'),
    });
  });

  test.each(['johanna', 'marek'] as const)(
    'AiTM landing of %s: 50074, 50140, 0 on OfficeHome, one correlation id, risk',
    (who) => {
      const landing = step(`${who}/aitm-landing`).filter(({ source }) => source === 'signins-interactive');
      const errors = new Set(landing.map(({ body }) => (body['status'] as Json)['errorCode']));
      expect(errors).toEqual(new Set([50074, 50140, 0]));
      expect(new Set(landing.map(({ body }) => body['correlationId'])).size).toBe(1);
      expect(landing.every(({ body }) => body['appId'] === '4765445b-32c6-49b0-83e6-1d93765276ca')).toBe(
        true,
      );
      const levels = told
        .filter((r) => landing.some(({ id }) => id === r.id) && r.source === 'signins-interactive')
        .map(({ body }) => body['riskLevelDuringSignIn']);
      expect(new Set(levels)).toEqual(new Set(['none', 'medium', 'high']));
      const risk = step(`${who}/risk`);
      expect(risk.map(({ body }) => body['riskEventType'])).toContain('attackerinTheMiddle');
      expect(risk.every(({ body }) => typeof body['additionalInfo'] === 'string')).toBe(true);
    },
  );

  test('the chatbot: application, principal, owners, secret, in both logs, from 13:55:36', () => {
    const records = step('johanna/application-added');
    const audits = records.filter(({ source }) => source === 'directory-audits');
    const ual = records.filter(({ source }) => source === 'ual-entra');
    expect(audits.map(({ body }) => body['activityDisplayName'])).toEqual([
      'Add application',
      'Add owner to application',
      'Add service principal',
      'Add owner to service principal',
      'Update service principal',
      'Update application',
      'Update application – Certificates and secrets management',
    ]);
    expect(ual.map(({ body }) => body['Operation'])).toContain(
      'Update application – Certificates and secrets management ',
    );
    expect(ual.map(({ body }) => body['Operation'])).toContain('Add application.');
    expect(clock(audits[0]!)).toBe('13:55:36');
    const target = (audits[0]!.body['targetResources'] as Json[])[0]!;
    expect(target).toMatchObject({
      id: '80cf2cdc-2178-400b-ab98-a0677b6bd694',
      displayName: 'chatbot',
      type: 'Application',
    });
    expect(has(ual[0]!.body, 'Application_80cf2cdc-2178-400b-ab98-a0677b6bd694')).toBe(true);
    for (const group of [audits, ual]) {
      expect(group.some(({ body }) => has(body, 'http://localhost:7823/access'))).toBe(true);
      expect(group.some(({ body }) => has(body, 'AzureADandPersonalMicrosoftAccount'))).toBe(true);
    }
    expect(sessionIds(audits[0]!.body)).toEqual(new Set([truth.johanna.attackerSession]));
    expect(ual.every(({ body }) => sessionIds(body).size === 0)).toBe(true);
  });

  test('consent for all principals at 14:04:58, in both logs', () => {
    const records = step('johanna/consent');
    const activities = records.map(({ body }) =>
      String(body['activityDisplayName'] ?? body['Operation']).replace(/\.$/, ''),
    );
    for (const name of [
      'Add app role assignment grant to user',
      'Add delegated permission grant',
      'Consent to application',
    ])
      expect(activities.filter((activity) => activity === name)).toHaveLength(2);
    expect(new Set(records.map(clock))).toEqual(new Set(['14:04:58']));
    const consents = records.filter(({ text }) => text.includes('Consent to application'));
    for (const { body } of consents) {
      expect(has(body, 'ConsentType: AllPrincipals')).toBe(true);
      expect(has(body, 'Scope: Mail.ReadWrite MailboxSettings.ReadWrite User.Read')).toBe(true);
    }
  });

  test('security info started and registered, a device registered', () => {
    const security = step('johanna/security-info').filter(
      ({ body }) => body['loggedByService'] === 'Authentication Methods',
    );
    expect(security.map(({ body }) => body['activityDisplayName'])).toEqual([
      'User started security info registration',
      'User registered security info',
    ]);
    const device = step('johanna/device').filter(
      ({ body }) => body['loggedByService'] === 'Device Registration Service',
    );
    expect(device.map(({ body }) => [body['activityDisplayName'], body['category']])).toEqual([
      ['Register device', 'Device'],
    ]);
    const [person] = security[0]!.body['targetResources'] as Json[];
    expect(person!['id']).toBe(truth.johanna.objectId);
  });

  test('the rule "..", its trace in the same second, the other rule forty seconds later, one removed', () => {
    const [rule] = step('johanna/hiding-rule');
    expect(rule!.body).toMatchObject({ Operation: 'New-InboxRule', RecordType: 1, Workload: 'Exchange' });
    expect(parameters(rule!.body)).toMatchObject({
      Name: '..',
      MoveToFolder: 'Deleted Items',
      SubjectOrBodyContainsWords: 'Re: REVISED INVOICE',
      MarkAsRead: 'True',
      StopProcessingRules: 'False',
    });
    const [trace] = step('johanna/rule-trace-deleted');
    expect(trace!.body).toMatchObject({
      Operation: 'HardDelete',
      RecordType: 3,
      AffectedItems: [{ Subject: 'Outlook Rules Organizer' }],
    });
    expect(trace!.eventMs).toBe(rule!.eventMs);
    expect(step('johanna/second-rule')[0]!.eventMs - rule!.eventMs).toBe(40_000);
    expect(step('johanna/rule-removed')[0]!.body).toMatchObject({
      Operation: 'Remove-InboxRule',
      RecordType: 1,
    });
  });

  test('REVISED INVOICE sent from Outlook on the web at 05:03, then deleted', () => {
    const sent = step('johanna/mail-sent').filter(({ body }) => body['Operation'] === 'Send');
    expect(sent.length).toBeGreaterThanOrEqual(20);
    for (const record of sent) {
      expect(clock(record)).toMatch(/^05:03:/);
      expect(record.body).toMatchObject({
        ClientInfoString: 'Client=OWA;Action=ViaProxy',
        AppId: '00000002-0000-0ff1-ce00-000000000000',
        Item: { Subject: 'REVISED INVOICE' },
      });
    }
    const deleted = step('johanna/sent-traces-deleted');
    expect(deleted.map(({ body }) => body['Operation'])).toEqual([
      'SoftDelete',
      'SoftDelete',
      'MoveToDeletedItems',
    ]);
    const gone = deleted.flatMap(({ body }) =>
      (body['AffectedItems'] as Json[]).map((item) => item['InternetMessageId']),
    );
    expect(new Set(gone)).toEqual(
      new Set(sent.map(({ body }) => (body['Item'] as Json)['InternetMessageId'])),
    );
    const recipients = step('johanna/mail-flow').flatMap(({ body }) => body['Recipients'] as string[]);
    expect(recipients[0]).toBe(truth.marek.upn);
    expect(recipients.filter((to) => !to.endsWith('sunnyside-trading.example')).length).toBeGreaterThan(2);
  });

  test('mail read by Bind and by Sync', () => {
    const access = step('johanna/mail-read').map(({ body }) => [
      body['RecordType'],
      (body['OperationProperties'] as { Value: string }[])[0]!.Value,
    ]);
    expect(access).toContainEqual([50, 'Bind']);
    expect(access).toContainEqual([2, 'Sync']);
  });

  test('both documents downloaded between 05:12:10 and 05:15:38', () => {
    const records = step('johanna/files-downloaded');
    expect([clock(records[0]!), clock(records.at(-1)!)]).toEqual(['05:12:10', '05:15:38']);
    const downloads = records.filter(({ body }) => body['Operation'] === 'FileDownloaded');
    expect(downloads.map(({ body }) => body['SourceFileName'])).toEqual([
      'PO_EcoGreenLand_inc.docx',
      'Comprehensive ERP System Requirements.docx',
    ]);
    expect(downloads.every(({ body }) => body['RecordType'] === 6 && body['UserAgent'] === FIREFOX)).toBe(
      true,
    );
  });

  test("one session id crosses the record types and the sign-ins, beside Johanna's own Outlook work", () => {
    const { johanna } = truth;
    const own = told.filter(({ body }) => sessionIds(body).has(johanna.attackerSession));
    const types = new Set(own.map(({ body }) => body['RecordType']).filter((type) => type !== undefined));
    expect(types).toEqual(new Set([15, 1, 2, 3, 50, 6]));
    const sources = new Set(own.map(({ source }) => source));
    expect(sources).toContain('signins-interactive');
    expect(sources).toContain('signins-noninteractive');
    expect(sources).toContain('directory-audits');
    const outlook = told.filter(
      ({ body, eventMs }) =>
        body['ClientInfoString'] === 'Client=MSExchangeRPC' &&
        String(body['UserId']).toLowerCase() === johanna.upn &&
        new Date(eventMs).toISOString().startsWith(truth.intrusionDate),
    );
    expect(outlook.length).toBeGreaterThan(2);
    expect(outlook.some(({ body }) => sessionIds(body).size > 0)).toBe(true);
    expect(outlook.some(({ body }) => sessionIds(body).has(johanna.attackerSession))).toBe(false);
  });

  test('Marek: invoice first, the same addresses, a session of his own, one rule, mail read', () => {
    const { marek, johanna } = truth;
    expect(marek.attackerSession).not.toBe(johanna.attackerSession);
    const own = told.filter(({ body }) => sessionIds(body).has(marek.attackerSession));
    expect(new Set(own.flatMap(({ body }) => [...clientIps(body)]))).toEqual(new Set(truth.attacker.ips));
    expect(own.every(({ eventMs }) => eventMs > truth.signInWindow.toMs)).toBe(true);
    expect(own.filter(({ body }) => body['Operation'] === 'New-InboxRule')).toHaveLength(1);
    expect(own.filter(({ body }) => body['Operation'] === 'MailItemsAccessed')).toHaveLength(3);
    const [read] = step('marek/invoice-read');
    const firstSent = step('johanna/mail-sent').find(({ body }) => body['Operation'] === 'Send')!;
    expect(has(read!.body, String((firstSent.body['Item'] as Json)['InternetMessageId']))).toBe(true);
  });
});

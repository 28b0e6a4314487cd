import { factsOf, victims, type ReportInput } from '../input.ts';
import { heading, table, type Block, type Text } from '../doc.ts';

/** Defensive measures of the reference deck, each for the step of an intrusion that it would have hindered. */
interface Measure {
  readonly when: (input: ReportInput) => boolean;
  readonly because: string;
  readonly measure: string;
  readonly where: string;
  readonly licence: string;
}

const has =
  (section: 'activity' | 'security' | 'rules', kind: string) =>
  (input: ReportInput): boolean =>
    factsOf(input, section).some((f) => f.kind === kind);
const anyone = (input: ReportInput): boolean => victims(input).length > 0;
const aitm = (input: ReportInput): boolean =>
  input.analysis.suspicious.some((s) =>
    s.reasons.some((r) => r.signal === 'aitm' || r.signal === 'detection'),
  );
const risky = (input: ReportInput): boolean =>
  input.analysis.suspicious.some((s) =>
    s.reasons.some((r) => r.signal === 'riskHigh' || r.signal === 'riskMedium'),
  );

const CA = 'Entra ID > Conditional Access';

const MEASURES: readonly Measure[] = [
  {
    when: anyone,
    because: 'Sign-in from a foreign device',
    measure: 'Allow sign-ins only from devices that are hybrid joined or managed and compliant',
    where: `${CA} > Grant > Require device to be marked as compliant, or hybrid joined`,
    licence: 'Entra ID P1, Intune',
  },
  {
    when: aitm,
    because: 'Second factor relayed by a phishing page',
    measure: 'Require phishing-resistant authentication (Windows Hello for Business, FIDO2)',
    where: `${CA} > Grant > Require authentication strength`,
    licence: 'Entra ID P1, devices with strong methods',
  },
  {
    when: aitm,
    because: 'Session used elsewhere than where it was made',
    measure: 'Token protection: use tokens only on the device they were issued to',
    where: `${CA} > Session > Require token protection`,
    licence: 'Entra ID P2',
  },
  {
    when: anyone,
    because: 'Session that lived on for hours',
    measure: 'Limit sessions of Outlook on the web to one hour',
    where: `${CA} > Session > Sign-in frequency, client apps: browser`,
    licence: 'Entra ID P1',
  },
  {
    when: anyone,
    because: 'Addresses of two countries within minutes',
    measure: 'Alert on sign-ins of one user from two countries within 10 minutes',
    where: 'holdfast rules, or a SIEM',
    licence: 'Entra ID Free',
  },
  {
    when: risky,
    because: 'Sign-in that was rated risky',
    measure: 'Alert administrators on medium and high sign-in risk, and block or re-authenticate',
    where: 'Entra ID Protection > Sign-in risk policy',
    licence: 'Entra ID P2',
  },
  {
    when: has('security', 'security-info'),
    because: 'Security info registered by the intruder',
    measure: 'Block registration of security info outside trusted locations, or require a compliant device',
    where: `${CA} > User actions: Register security information`,
    licence: 'Entra ID P1',
  },
  {
    when: has('security', 'device'),
    because: 'Device registered by the intruder',
    measure: 'Block registration of devices outside trusted locations, or require MFA',
    where: `${CA} > User actions: Register or join devices`,
    licence: 'Entra ID P1',
  },
  {
    when: has('security', 'device'),
    because: 'Device registered by the intruder',
    measure: 'Notify users of newly registered devices',
    where: 'Intune admin center > Enrollment notifications',
    licence: 'Entra ID P1, Intune',
  },
  {
    when: has('activity', 'application'),
    because: 'Application added by a user',
    measure: 'Users can register applications: No',
    where: 'Entra ID > Users > User settings',
    licence: 'Entra ID Free',
  },
  {
    when: has('activity', 'consent'),
    because: 'Consent given to an application',
    measure: 'Do not allow user consent',
    where: 'Entra ID > Enterprise applications > Consent and permissions',
    licence: 'Entra ID Free',
  },
  {
    when: has('rules', 'rule'),
    because: 'Inbox rule that hides mail',
    measure: 'Alert on new inbox rules',
    where: 'holdfast rules, or a SIEM on the unified audit log',
    licence: 'Audit (Standard), Exchange Online',
  },
];

/** Only what the steps of this incident call for. */
export function adviceSection(input: ReportInput): Block[] {
  const rows = MEASURES.filter((m) => m.when(input)).map((m): Text[] => [
    [m.because],
    [m.measure],
    [m.where],
    [m.licence],
  ]);
  if (rows.length === 0) return [];
  return [
    heading(2, 'Prevention', 'prevention'),
    table(['Seen here', 'What hinders it', 'Where', 'Licence'], rows, {
      caption:
        'Measures that the steps of this incident call for. Leave emergency accounts out of every policy.',
    }),
  ];
}

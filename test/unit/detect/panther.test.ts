import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Evaluator } from '../../../shared/detect/evaluation.ts';
import { makeRuleBook } from '../../../shared/detect/rule-book.ts';
import { PLACE } from './support.ts';

const FOLDER = join(import.meta.dirname, '../../../../shared/data/panther-analysis-azure-m365');
const FILES = [
  'azure_audit',
  'azure_monitoractivity',
  'microsoft365_audit_azureactivedirectory',
  'microsoft365_audit_exchange',
  'microsoft365_audit_sharepoint',
];

interface Labelled {
  readonly rule_id: string;
  readonly test_name: string;
  readonly expected_alert: boolean;
  readonly event: unknown;
}

/** Which of our rules speak of the subject of a rule of theirs. */
const SUBJECTS: Readonly<Record<string, readonly string[]>> = {
  'Azure.Audit.OIDC.Changed': ['authentication-methods-policy-changed'],
  'Azure.Audit.ExcessiveAccountLockouts': ['signin-account-locked'],
  'Azure.Audit.HighRiskSignIn': ['signin-risk-high'],
  'Azure.Audit.MultipleProtectionAlerts': ['signin-risk-medium', 'signin-risk-high'],
  'Azure.Audit.PolicyChanged': ['conditional-access-changed'],
  'Azure.Audit.RiskLevelPassthrough': [
    'signin-risk-medium',
    'signin-risk-high',
    'signin-risk-high-noninteractive',
  ],
  'Microsoft365.Brute.Force.Login.by.User': ['ual-login-failed'],
  'Microsoft365.MFA.Disabled': ['ual-mfa-disabled'],
  'Microsoft365.Exchange.External.Forwarding': ['mail-forwarded-outside'],
  'Microsoft365.External.Document.Sharing': ['file-shared-outside'],
};

/** Events whose label rests on the settings of their rule: the same record, alerting or not as they configured it. */
const CONFIGURED = new Set(['Allowed Domain', 'Allowed Folder', 'Allowed User']);

/** Why no rule of ours is held against the event; undefined when one is. */
function reasonOf({ rule_id, test_name }: Labelled): string | undefined {
  if (rule_id.startsWith('Azure.MonitorActivity.'))
    return "Azure Resource Manager's activity log: no source of holdfast";
  if (rule_id === 'Azure.Audit.GraphSessionMultipleIPs')
    return 'single events of a session; ours is a rule on several';
  if (CONFIGURED.has(test_name))
    return 'their rule is configured not to alert; ours would be by the allow list';
  return SUBJECTS[rule_id] ? undefined : 'no rule of ours on this subject';
}

/** Where we differ, and why. */
const DIFFERENCES: Readonly<Record<string, string>> = {
  'Failed Sign-In with riskLevelAggregated':
    'the level is low; ours begin at medium, as the reference deck does',
};

const events = FILES.flatMap((file) =>
  readFileSync(join(FOLDER, `${file}.labelled.ndjson`), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Labelled),
);

const evaluator = new Evaluator(makeRuleBook());

/** Keys of our rules that match, those that only feed correlations among them. */
function keysOf(event: unknown): string[] {
  const evaluated = Evaluator.empty();
  evaluator.take({ source: 'import', value: event, place: PLACE }, evaluated);
  const { matches, fed, native } = evaluated;
  return [...matches, ...fed].map(({ match }) => match.ruleKey).concat(native.map(({ rule }) => rule.key));
}

describe('labelled events of panther-analysis', () => {
  const covered = events.filter((event) => reasonOf(event) === undefined);
  const judged = covered.map((event) => ({
    ...event,
    ours: keysOf(event.event).some((key) => SUBJECTS[event.rule_id]!.includes(key)),
  }));
  const differing = judged.filter(({ ours, expected_alert }) => ours !== expected_alert);

  it('agree with our rules, where these speak of their subject, in 95 % or more', () => {
    const agreed = covered.length - differing.length;
    console.log(
      `${agreed} of ${covered.length} covered events agree (${((100 * agreed) / covered.length).toFixed(1)} %)`,
    );
    for (const { rule_id, test_name, expected_alert } of differing)
      console.log(
        `differs: ${rule_id} / ${test_name}: theirs ${expected_alert}, ours ${!expected_alert}: ${DIFFERENCES[test_name]}`,
      );
    expect(differing.filter(({ test_name }) => !DIFFERENCES[test_name])).toEqual([]);
    expect(covered.length).toBeGreaterThan(30);
    expect(agreed / covered.length).toBeGreaterThanOrEqual(0.95);
  });

  it('on other subjects are named with the reason', () => {
    const others = new Map<string, number>();
    for (const event of events) {
      const reason = reasonOf(event);
      if (reason)
        others.set(`${event.rule_id}: ${reason}`, (others.get(`${event.rule_id}: ${reason}`) ?? 0) + 1);
    }
    for (const [rule, count] of others) console.log(`not covered (${count} events): ${rule}`);
    expect(covered.length + [...others.values()].reduce((sum, n) => sum + n, 0)).toBe(events.length);
  });
});

import { SOURCE_IDS } from '../../sources.ts';
import type { FollowUpRule } from './follow-up.ts';

/** Seed: "similar intrusion within the organisation". User agents and devices have no index: they are no clue of their own. */
export const scopeSweep: FollowUpRule = {
  kind: 'native',
  type: 'follow-up',
  key: 'scope-sweep',
  title: 'What an intruder used was used on another account',
  level: 'high',
  description:
    'An address, session or application of an incident with several tactics, which nobody in the tenant had used in the month before it, was used by another account within thirty days. What more than twenty people use says nothing and is left out.',
  tags: ['attack.initial-access', 'attack.lateral-movement', 'attack.t1078.004'],
  references: ['https://learn.microsoft.com/security/operations/incident-response-playbook-phishing'],
  falsePositives: ['A new line of an office or provider, first used by the person of the incident'],
  sources: SOURCE_IDS,
};

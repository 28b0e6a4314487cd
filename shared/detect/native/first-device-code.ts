import type { FollowUpRule } from './follow-up.ts';

/** The rule whose findings it looks at. */
export const DEVICE_CODE_RULE = 'signin-device-code';

export const firstDeviceCode: FollowUpRule = {
  kind: 'native',
  type: 'follow-up',
  key: 'signin-device-code-first',
  title: 'First sign-in by device code in fourteen days',
  level: 'high',
  description:
    'A person who had not signed in by device code within the last fourteen days did so. Only people of whom some days before are archived are judged; of others, signin-device-code tells.',
  tags: ['attack.initial-access', 'attack.t1528', 'attack.t1566'],
  references: ['https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code'],
  falsePositives: ['A new meeting-room device or command-line tool'],
  sources: ['signins-interactive', 'signins-noninteractive', 'import'],
};

import type { Company, User } from './company.ts';
import { SOFTWARE_TOKEN } from './intrusion-persistence.ts';
import { guidOf } from './random.ts';
import { HIDING_RULE, MAREKS_RULE, type HostileRule } from './rules.ts';
import { DAY, clockTime, seconds } from './time.ts';

/** Inbox rules as they stand: the second hostile rule is already gone, the hiding one is not. */
export function rulesOf(company: Company, user: User): readonly object[] {
  if (user === company.johanna) return [ordinaryRule(user, 1), hostileRule(HIDING_RULE, 2, 'deleteditems')];
  if (user === company.marek) return [hostileRule(MAREKS_RULE, 1, 'rssfeeds')];
  return user.index % 7 === 0 ? [ordinaryRule(user, 1)] : [];
}

function hostileRule({ id, parameters }: HostileRule, sequence: number, folder: string) {
  const named = Object.fromEntries(parameters);
  return {
    id: Buffer.from(id).toString('base64'),
    displayName: named['Name'],
    sequence,
    isEnabled: true,
    hasError: false,
    isReadOnly: false,
    conditions: { bodyOrSubjectContains: named['SubjectOrBodyContainsWords']!.split(';') },
    actions: {
      moveToFolder: folder,
      markAsRead: true,
      stopProcessingRules: named['StopProcessingRules'] === 'True',
    },
  };
}

const ordinaryRule = (user: User, sequence: number) => ({
  id: Buffer.from(`rule-${user.index}`).toString('base64'),
  displayName: 'Newsletters',
  sequence,
  isEnabled: true,
  hasError: false,
  isReadOnly: false,
  conditions: { subjectContains: ['newsletter'] },
  actions: { moveToFolder: `AAMkAD-newsletters-${user.index}`, stopProcessingRules: true },
});

export const settingsOf = (user: User) => ({
  archiveFolder: `AAMkAD-archive-${user.index}`,
  timeZone: 'Central Europe Standard Time',
  delegateMeetingMessageDeliveryOptions: 'sendToDelegateOnly',
  dateFormat: 'dd.MM.yyyy',
  timeFormat: 'HH:mm',
  userPurpose: 'user',
  automaticRepliesSetting: {
    status: 'disabled',
    externalAudience: 'all',
    internalReplyMessage: '',
    externalReplyMessage: '',
  },
  language: { locale: 'en-GB', displayName: 'English (United Kingdom)' },
});

/** Everyone has a password and the authenticator app; Johanna has a second one since the intrusion. */
export function methodsOf(company: Company, user: User): readonly object[] {
  const { seed, firstDayMs, intrusionDayMs } = company.settings;
  const hired = seconds(firstDayMs - (40 + user.index) * DAY);
  const own = [
    {
      '@odata.type': '#microsoft.graph.passwordAuthenticationMethod',
      id: '28c10230-6103-485e-b985-444c60001490',
      createdDateTime: hired,
      password: null,
    },
    {
      '@odata.type': '#microsoft.graph.microsoftAuthenticatorAuthenticationMethod',
      id: guidOf(seed, 'authenticator', user.index),
      createdDateTime: hired,
      displayName: user.phone === 'iOS' ? 'iPhone 15' : 'SM-S921B',
      deviceTag: 'SoftwareTokenActivated',
      phoneAppVersion: '6.8.24',
    },
  ];
  if (user !== company.johanna) return own;
  return [
    ...own,
    {
      '@odata.type': '#microsoft.graph.softwareOathAuthenticationMethod',
      id: SOFTWARE_TOKEN,
      createdDateTime: seconds(intrusionDayMs + clockTime('14:06:02')),
      secretKey: null,
    },
  ];
}

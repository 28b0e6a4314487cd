import { describe, expect, test } from 'vitest';
import { storyGroundTruth, storyState } from '../../../infra/local/story/index.ts';
import { SMALL, type Json } from './telling.ts';

const state = storyState(SMALL);
const truth = storyGroundTruth(SMALL);
const rows = (path: string): Json[] => state[path] as Json[];

describe('Graph state after the intrusion', () => {
  test('the hiding rule is still there, under the object id', () => {
    const path = `users/${truth.johanna.objectId}/mailFolders/inbox/messageRules`;
    const hostile = rows(path).filter((rule) => rule['displayName'] === '..');
    expect(hostile).toHaveLength(1);
    expect(hostile[0]).toMatchObject({
      conditions: { bodyOrSubjectContains: ['Re: REVISED INVOICE'] },
      actions: { markAsRead: true, stopProcessingRules: false },
    });
  });

  test("the intruder's method and device stand out by their time", () => {
    const since = (path: string, field: string) =>
      rows(path).filter((row) => String(row[field]).startsWith(truth.intrusionDate));
    expect(since(`users/${truth.johanna.objectId}/authentication/methods`, 'createdDateTime')).toHaveLength(
      1,
    );
    expect(since(`users/${truth.johanna.objectId}/registeredDevices`, 'registrationDateTime')).toHaveLength(
      1,
    );
    expect(since(`users/${truth.marek.objectId}/authentication/methods`, 'createdDateTime')).toHaveLength(0);
  });

  test('the chatbot, its principal and its grant agree with the log', () => {
    const { application } = truth;
    expect(state[`applications/${application.objectId}`]).toMatchObject({
      displayName: 'chatbot',
      signInAudience: 'AzureADandPersonalMicrosoftAccount',
      web: { redirectUris: ['http://localhost:7823/access'] },
    });
    expect(state[`servicePrincipals/${application.servicePrincipalId}`]).toMatchObject({
      replyUrls: ['http://localhost:7823/access'],
    });
    expect(rows('oauth2PermissionGrants')[0]).toMatchObject({
      consentType: 'AllPrincipals',
      scope: application.scope,
    });
  });

  test('every person has the paths an investigator asks for; policies and risky users are there', () => {
    const people = Object.keys(state).filter((path) => /^users\/[^/@]+$/.test(path));
    expect(people).toHaveLength(40);
    for (const person of people)
      for (const path of [
        'mailFolders/inbox/messageRules',
        'mailboxSettings',
        'authentication/methods',
        'registeredDevices',
      ])
        expect(state).toHaveProperty([`${person}/${path}`]);
    expect(rows('identity/conditionalAccess/policies').length).toBeGreaterThan(1);
    expect(rows('identityProtection/riskyUsers').map((row) => row['userPrincipalName'])).toEqual([
      truth.johanna.upn,
      truth.marek.upn,
    ]);
    expect(JSON.parse(JSON.stringify(state))).toEqual(state);
  });
});

/** The application the intruder adds, named as in the reference deck; the ids the deck does not give are invented. */
export const CHATBOT = {
  name: 'chatbot',
  objectId: '80cf2cdc-2178-400b-ab98-a0677b6bd694',
  appId: '2f6b1b7e-94c1-4b0e-8f7d-5c1e0a9d3b62',
  servicePrincipalId: 'c81d7a04-3e57-4f0b-9a7c-6be2f5d41e90',
  replyUrl: 'http://localhost:7823/access',
  audience: 'AzureADandPersonalMicrosoftAccount',
  scope: 'Mail.ReadWrite MailboxSettings.ReadWrite User.Read',
  consentType: 'AllPrincipals',
  keyId: '9e0f4d2a-61b8-4c73-a5d9-1f3b7c80e246',
  grantId: 'BHoNyFc-C0-afGvi9dQekMmU7xQJrzVKgrVWgGl1dQY',
  graphServicePrincipalId: '14ef94c9-af09-4a35-82b5-56806975750a',
} as const;

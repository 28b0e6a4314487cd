/** Microsoft's well-known applications and resources, by the ids real logs carry. */
export interface App {
  readonly id: string;
  readonly name: string;
}

export const OFFICE_HOME: App = { id: '4765445b-32c6-49b0-83e6-1d93765276ca', name: 'OfficeHome' };
export const ONE_OUTLOOK_WEB: App = { id: '9199bf20-a13f-4107-85dc-02114787ef48', name: 'One Outlook Web' };
export const MICROSOFT_OFFICE: App = { id: 'd3590ed6-52b3-4102-aeff-aad2292ab01c', name: 'Microsoft Office' };
export const TEAMS: App = { id: '1fec8e78-bce4-4aaf-ab1b-5451cc387264', name: 'Microsoft Teams' };
export const TEAMS_WEB: App = {
  id: '5e3ce6c0-2b1f-4285-8d4b-75ee78787346',
  name: 'Microsoft Teams Web Client',
};
export const SHAREPOINT_WEB: App = {
  id: '08e18876-6177-487e-b8b5-cf950c1e598c',
  name: 'SharePoint Online Web Client Extensibility',
};
export const OUTLOOK_MOBILE: App = { id: '27922004-5251-4030-b22d-91ecd9a37ea4', name: 'Outlook Mobile' };
export const EDGE: App = { id: 'ecd6b820-32c2-49b6-98a6-444530e5a77a', name: 'Microsoft Edge' };
export const ONEDRIVE_SYNC: App = { id: 'ab9b8c07-8f02-4f72-87fa-80105867a763', name: 'OneDrive SyncEngine' };
export const AZURE_PORTAL: App = { id: 'c44b4083-3bb0-49c1-b47d-974e53cbdf3c', name: 'Azure Portal' };
export const MY_SIGN_INS: App = { id: '19db86c3-b2b9-44cc-b339-36da233a3be2', name: 'My Signins' };
export const AUTH_BROKER: App = {
  id: '29d9ed98-a469-4536-ade2-f981bc1d605e',
  name: 'Microsoft Authentication Broker',
};

export const GRAPH: App = { id: '00000003-0000-0000-c000-000000000000', name: 'Microsoft Graph' };
export const EXCHANGE: App = {
  id: '00000002-0000-0ff1-ce00-000000000000',
  name: 'Office 365 Exchange Online',
};
export const SHAREPOINT: App = {
  id: '00000003-0000-0ff1-ce00-000000000000',
  name: 'Office 365 SharePoint Online',
};
export const DIRECTORY: App = {
  id: '00000002-0000-0000-c000-000000000000',
  name: 'Windows Azure Active Directory',
};
export const AZURE_MANAGEMENT: App = {
  id: '797f4846-ba00-4fd7-ba43-dac1f8f63013',
  name: 'Windows Azure Service Management API',
};
export const KEY_VAULT: App = { id: 'cfa8b339-82a2-471a-a3c9-0fc0be7a4093', name: 'Azure Key Vault' };
export const DEVICE_REGISTRATION: App = {
  id: '01cb2876-7ebd-4aa4-9cc9-d28bd4d359a9',
  name: 'Device Registration Service',
};

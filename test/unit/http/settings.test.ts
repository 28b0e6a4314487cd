import { describe, expect, it } from 'vitest';
import { readSettings } from '../../../shared/config.ts';

const A = '11111111-1111-4111-8111-111111111111';
const base = { TENANT_ID: A, ARCHIVE_STORAGE__accountName: 'sthf1' };
const PEM =
  '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\nsecretsecret\n-----END PRIVATE KEY-----\n';

const faultsOf = (env: Record<string, string>): string => {
  try {
    readSettings({ ...base, ...env });
    return '';
  } catch (error) {
    return (error as Error).message;
  }
};

describe('settings of access', () => {
  it.each([
    [{ M365_CREDENTIAL: 'federated' }, 'M365_CLIENT_ID'],
    [{ M365_CREDENTIAL: 'certificate', M365_CLIENT_ID: A }, 'M365_CERTIFICATE'],
    [{ M365_CERTIFICATE: 'bm9uc2Vuc2U=' }, 'M365_CERTIFICATE'],
    [{ M365_CLIENT_ID: 'x' }, 'M365_CLIENT_ID'],
    [{ AUTH_AUDIENCE: 'api://x' }, 'AUTH_ISSUER_TENANTS'],
    [{ AUTH_ISSUER_TENANTS: 'contoso' }, 'AUTH_ISSUER_TENANTS'],
    [{ AUTH_MODE: 'open' }, 'AUTH_MODE'],
    [{ AUTH_KEY_ROLES: 'Reader,Owner' }, 'AUTH_KEY_ROLES'],
    [{ AUTH_ROLE_MAP: 'a=Owner' }, 'AUTH_ROLE_MAP'],
    [{ AUTH_ROLE_MAP: 'a=Reader@22222222-2222-4222-8222-222222222222' }, 'AUTH_ROLE_MAP'],
    [{ LIMIT_SPAN_DAYS: 'Reader=0' }, 'LIMIT_SPAN_DAYS'],
    [{ LIMIT_PER_MINUTE: '0' }, 'LIMIT_PER_MINUTE'],
    [{ AUTHORITY_ENDPOINT: 'http://127.0.0.1:1' }, 'AUTHORITY_ENDPOINT'],
    [{ ALERT_WEBHOOK_URL: 'http://hooks.example/x' }, 'ALERT_WEBHOOK_URL'],
    [{ GRAPH_ENDPOINT: 'http://graph.example' }, 'GRAPH_ENDPOINT'],
    [{ MANAGEMENT_BUDGET: '2000 a minute' }, 'MANAGEMENT_BUDGET'],
    [{ GRAPH_REPORT_BUDGET: '5' }, 'GRAPH_REPORT_BUDGET'],
    [{ GRAPH_ENDPOINT: 'https://user:pass@graph.example' }, 'GRAPH_ENDPOINT'],
  ])('%j is refused by name', (env, name) => expect(faultsOf(env as Record<string, string>)).toContain(name));

  it('request budgets are requests/seconds; the feed has none of its own unless one is set', () => {
    const { reportBudget, feedBudget } = readSettings({ ...base, MANAGEMENT_BUDGET: '4000/60' });
    expect(reportBudget).toEqual({ requests: 5, periodMs: 10_000 });
    expect(feedBudget).toEqual({ requests: 4000, periodMs: 60_000 });
    expect(readSettings(base)).not.toHaveProperty('feedBudget');
  });

  it('faults are told all at once, without any value that may be secret', () => {
    const told = faultsOf({
      M365_CREDENTIAL: 'federated',
      AUTH_AUDIENCE: 'api://x',
      ALERT_WEBHOOK_URL: 'http://hooks.example/canary',
      M365_CERTIFICATE: 'Y2FuYXJ5',
      LIMIT_CONCURRENT: 'many',
    });
    for (const name of ['ALERT_WEBHOOK_URL', 'M365_CERTIFICATE', 'LIMIT_CONCURRENT'])
      expect(told).toContain(name);
    expect(told).not.toMatch(/canary|Y2FuYXJ5/);
  });

  it.each([PEM, Buffer.from(PEM).toString('base64')])(
    'takes the certificate as PEM or base64 of it',
    (text) => {
      const { credential } = readSettings({
        ...base,
        M365_CREDENTIAL: 'certificate',
        M365_CLIENT_ID: A,
        M365_CERTIFICATE: text,
      });
      expect(credential).toEqual({ kind: 'certificate', clientId: A, pem: PEM });
    },
  );

  it('has defaults that deny nothing to a first user but tokens', () => {
    const { access, credential } = readSettings(base);
    expect(credential).toEqual({ kind: 'default' });
    expect(access).toMatchObject({
      mode: 'keys',
      keyRoles: ['Reader', 'Investigator', 'Admin'],
      platformPrincipal: false,
    });
    expect(access.tokens).toBeUndefined();
  });

  it('allows a webhook on this machine in plain http', () => {
    expect(readSettings({ ...base, ALERT_WEBHOOK_URL: 'http://127.0.0.1:9/x' }).alertWebhookUrl).toBe(
      'http://127.0.0.1:9/x',
    );
  });
});

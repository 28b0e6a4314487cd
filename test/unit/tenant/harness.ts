import { afterEach } from 'vitest';
import type { PublishedRecord, PublishedSource } from '../../../infra/local/tenant/records.ts';
import { createTenant } from '../../../infra/local/tenant/tenant.ts';
import type { Tenant, TenantOptions } from '../../../infra/local/tenant/tenant.ts';

export const NOW = Date.parse('2026-11-24T12:00:00Z');
export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export const iso = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** A clock that only moves when it is told to. */
export class ManualClock {
  #nowMs: number;

  constructor(nowMs = NOW) {
    this.#nowMs = nowMs;
  }

  now(): number {
    return this.#nowMs;
  }

  advance(ms: number): void {
    this.#nowMs += ms;
  }
}

const tenants: Tenant[] = [];

afterEach(async () => {
  await Promise.all(tenants.splice(0).map((tenant) => tenant.stop()));
});

/** A tenant on a manual clock, without request limits unless `limited`; stopped after the test. */
export async function startTenant(
  options: TenantOptions & { readonly limited?: boolean } = {},
): Promise<Tenant> {
  const tenant = await createTenant({ clock: new ManualClock(), ...options });
  tenants.push(tenant);
  if (!options.limited)
    for (const name of ['graphReports', 'identityProtection', 'feed', 'auditSubmissions'] as const)
      tenant.limits.set(name, false);
  return tenant;
}

type Times = Partial<Pick<PublishedRecord, 'availableMs' | 'goneMs'>>;

export function signIn(id: string, eventMs: number, more: object = {}, times: Times = {}): PublishedRecord {
  const record = {
    id,
    createdDateTime: iso(eventMs),
    userPrincipalName: 'alice@contoso.example',
    sessionId: 'session',
    ...more,
  };
  return {
    source: 'signins-interactive',
    text: JSON.stringify(record),
    eventMs,
    availableMs: eventMs,
    ...times,
  };
}

export const onSource = (source: PublishedSource, record: PublishedRecord): PublishedRecord => ({
  ...record,
  source,
});

export function audit(id: string, eventMs: number, more: object = {}, times: Times = {}): PublishedRecord {
  const record = {
    CreationTime: iso(eventMs).slice(0, 19),
    Id: id,
    Operation: 'Send',
    OrganizationId: '11111111-1111-4111-8111-111111111111',
    RecordType: 2,
    UserKey: '1003BFFD8EC47CA6',
    UserType: 0,
    Workload: 'Exchange',
    ClientIP: '192.0.2.7',
    UserId: 'alice@contoso.example',
    ...more,
  };
  return { source: 'ual-exchange', text: JSON.stringify(record), eventMs, availableMs: eventMs, ...times };
}

/** `count` records, one a second, the newest at `NOW - 1 s`; ids are `prefix0` (newest) and on. */
export const many = (
  count: number,
  of: (id: string, ms: number) => PublishedRecord,
  prefix = 'r',
): PublishedRecord[] =>
  Array.from({ length: count }, (_, at) => of(`${prefix}${at}`, NOW - (at + 1) * SECOND));

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Json;
}

export type Served = Readonly<Record<string, unknown>>;

/** The members tests look at; a body lacks most of them. */
export interface Json {
  readonly value: readonly Served[];
  readonly '@odata.nextLink'?: string;
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly innerError: Readonly<Record<string, string>>;
  };
  readonly [name: string]: unknown;
}

/** One request with a token; the body is parsed when it is JSON. */
export async function ask(url: string, init: RequestInit = {}): Promise<Answered> {
  const headers = { authorization: 'Bearer token', ...(init.headers as Record<string, string>) };
  const response = await fetch(url, { ...init, headers });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: parsed(text) };
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return {} as Json;
  }
}

export function reportUrl(tenant: Tenant, path: string, options: Record<string, string> = {}): string {
  const query = Object.entries(options).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return `${tenant.origin}/${path}?${query.join('&')}`;
}

export const SIGN_INS = 'beta/auditLogs/signIns';

/** All ids of a report, following every link. */
export async function allIds(url: string): Promise<string[]> {
  const ids: string[] = [];
  for (let next: string | undefined = url; next;) {
    const { status, body, text }: Answered = await ask(next);
    if (status !== 200) throw new Error(`${status}: ${text}`);
    for (const record of body.value) ids.push(String(record['id']));
    next = body['@odata.nextLink'];
  }
  return ids;
}

export const feedUrl = (tenant: Tenant, path: string): string =>
  `${tenant.origin}/api/v1.0/${tenant.tenantId}/activity/feed/${path}`;

export const start = (tenant: Tenant, type = 'Audit.Exchange') =>
  ask(feedUrl(tenant, `subscriptions/start?contentType=${type}`), { method: 'POST' });

export function listUrl(tenant: Tenant, fromMs: number, toMs: number, type = 'Audit.Exchange'): string {
  const [from, to] = [fromMs, toMs].map((ms) => iso(ms).slice(0, 19));
  return feedUrl(tenant, `subscriptions/content?contentType=${type}&startTime=${from}&endTime=${to}`);
}

export interface ContentEntry {
  readonly contentUri: string;
  readonly contentId: string;
  readonly contentCreated: string;
  readonly contentExpiration: string;
}

/** All entries of a listing, following every page. */
export async function allContent(url: string, header = 'NextPageUri'): Promise<ContentEntry[]> {
  const entries: ContentEntry[] = [];
  for (let next: string | null = url; next;) {
    const { status, headers, text }: Answered = await ask(next);
    if (status !== 200) throw new Error(`${status}: ${text}`);
    entries.push(...(JSON.parse(text) as ContentEntry[]));
    next = headers.get(header);
  }
  return entries;
}

/** Ids of all records in the blobs of a listing. */
export async function allAuditIds(url: string): Promise<string[]> {
  const ids: string[] = [];
  for (const { contentUri } of await allContent(url)) {
    const { status, text } = await ask(contentUri);
    if (status !== 200) throw new Error(`${status}: ${text}`);
    ids.push(...(JSON.parse(text) as { Id: string }[]).map(({ Id }) => Id));
  }
  return ids;
}

export const sorted = (ids: readonly string[]): string[] => [...ids].sort((a, b) => a.localeCompare(b));

export const errorCode = ({ body }: Answered): unknown => body.error?.code;

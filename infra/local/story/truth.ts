import { createHash } from 'node:crypto';
import type { PublishedSource } from '../tenant/records.ts';
import { ATTACKER_IPS, ATTACKER_USER_AGENT, attackSession } from './attacker.ts';
import { CHATBOT } from './chatbot.ts';
import { chronicle } from './chronicle.ts';
import { foundCompany, type Company, type User } from './company.ts';
import { STOLEN_FILES } from './intrusion-files.ts';
import { HIDING_RULE, INVOICE, MAREKS_RULE, SECOND_RULE } from './rules.ts';
import { STEPS } from './intrusion-steps.ts';
import { settle, type StoryOptions } from './options.ts';
import type { Role, StoryRecord } from './story-record.ts';

export interface TruthUser {
  readonly upn: string;
  /** As Exchange and the directory spell it. */
  readonly spelledUpn: string;
  readonly displayName: string;
  readonly objectId: string;
  readonly puid: string;
  readonly sid: string;
  readonly mailboxGuid: string;
}

/** One distinct (source, id, content). */
export interface TruthRecord {
  readonly source: PublishedSource;
  readonly id: string;
  /** Of the text's UTF-8 bytes, hex. */
  readonly sha256: string;
  readonly eventMs: number;
  readonly availableMs: number;
  readonly goneMs?: number;
  /** How the record concerns the account; empty in lists that are not about an account. */
  readonly roles: readonly Role[];
  /** The intruder's doing (the victim's own steps are not). */
  readonly attacker: boolean;
  readonly step?: string;
  readonly session?: string;
  readonly ips: readonly string[];
  /** 1; 2 when another content came earlier under the same source and id. */
  readonly version: number;
  /** How often it is delivered: exactly-once means it is kept once all the same. */
  readonly deliveries: number;
}

export interface TruthStep {
  readonly id: string;
  readonly description: string;
  readonly user: string;
  readonly attacker: boolean;
  readonly fromMs: number;
  readonly toMs: number;
  readonly sources: readonly PublishedSource[];
  readonly records: readonly TruthRecord[];
}

export interface TruthAccount extends TruthUser {
  readonly attackerSession: string;
  /** Actor, mailbox owner or target: every record of the account, in the whole story. */
  readonly records: readonly TruthRecord[];
  /** Records that only name the account in a mail's addresses. */
  readonly mentions: readonly TruthRecord[];
}

export interface GroundTruth {
  readonly tenantId: string;
  readonly seed: number;
  readonly nowMs: number;
  readonly intrusionDayMs: number;
  readonly intrusionDate: string;
  readonly johanna: TruthAccount;
  readonly marek: TruthAccount;
  readonly attacker: {
    readonly ips: readonly string[];
    readonly userAgent: string;
    readonly sessions: readonly string[];
  };
  readonly application: typeof CHATBOT;
  readonly inboxRules: readonly {
    readonly user: string;
    readonly name: string;
    readonly parameters: Record<string, string>;
  }[];
  readonly invoiceSubject: string;
  readonly files: readonly string[];
  /** Johanna's interactive sign-ins from the attacker's addresses: first and last. */
  readonly signInWindow: { readonly fromMs: number; readonly toMs: number };
  readonly steps: readonly TruthStep[];
  readonly bySession: Readonly<Record<string, readonly TruthRecord[]>>;
  readonly byIp: Readonly<Record<string, readonly TruthRecord[]>>;
  /** Records that carry the added application's appId. */
  readonly byApp: Readonly<Record<string, readonly TruthRecord[]>>;
}

/** What really happened, as serialisable data: the same options give the same truth. Reads the whole story once. */
export function storyGroundTruth(o: StoryOptions): GroundTruth {
  const settings = settle(o);
  const company = foundCompany(settings);
  const found = gather(company, o);
  const attacks = found.filter((entry) => entry.record.step !== undefined);
  const sessions = [company.johanna, company.marek].map((user) => attackSession(company, user));
  const listed = (keep: (entry: Entry) => boolean) => attacks.filter(keep).map((entry) => truthRecord(entry));
  const steps = Object.keys(STEPS).map((id) =>
    truthStep(
      company,
      id,
      listed((e) => e.record.step === id),
    ),
  );
  return {
    tenantId: settings.tenantId,
    seed: settings.seed,
    nowMs: settings.nowMs,
    intrusionDayMs: settings.intrusionDayMs,
    intrusionDate: new Date(settings.intrusionDayMs).toISOString().slice(0, 10),
    johanna: account(company, company.johanna, found),
    marek: account(company, company.marek, found),
    attacker: { ips: ATTACKER_IPS, userAgent: ATTACKER_USER_AGENT, sessions },
    application: CHATBOT,
    inboxRules: [
      ruleTruth(company.johanna, HIDING_RULE.parameters),
      ruleTruth(company.johanna, SECOND_RULE.parameters),
      ruleTruth(company.marek, MAREKS_RULE.parameters),
    ],
    invoiceSubject: INVOICE,
    files: STOLEN_FILES,
    signInWindow: windowOf(steps),
    steps,
    bySession: Object.fromEntries(sessions.map((id) => [id, listed((e) => e.session === id)])),
    byIp: Object.fromEntries(ATTACKER_IPS.map((ip) => [ip, listed((e) => e.ips.includes(ip))])),
    byApp: { [CHATBOT.appId]: listed((e) => e.record.text.includes(CHATBOT.appId)) },
  };
}

interface Entry {
  readonly record: StoryRecord;
  readonly sha256: string;
  readonly session: string | undefined;
  readonly ips: readonly string[];
  deliveries: number;
}

/** Every record that concerns a victim or belongs to the intrusion; copies are counted on the first. */
function gather(company: Company, o: StoryOptions): readonly Entry[] {
  const victims = new Set([company.johanna.index, company.marek.index]);
  const known = new Map<string, Entry>();
  for (const record of chronicle(o)) {
    if (record.step === undefined && !record.about.some(({ user }) => victims.has(user))) continue;
    const sha256 = createHash('sha256').update(record.text).digest('hex');
    const key = `${record.source} ${record.id} ${sha256}`;
    const entry = known.get(key);
    if (entry) entry.deliveries++;
    else known.set(key, { record, sha256, ...marksOf(company, record), deliveries: 1 });
  }
  return [...known.values()];
}

/** Which attacker session and addresses the record's own text carries. */
function marksOf(company: Company, { step, text }: StoryRecord): Pick<Entry, 'session' | 'ips'> {
  if (step === undefined) return { session: undefined, ips: [] };
  const session = [company.johanna, company.marek]
    .map((user) => attackSession(company, user))
    .find((id) => text.includes(id));
  return { session, ips: ATTACKER_IPS.filter((ip) => text.includes(ip)) };
}

function truthRecord({ record, sha256, session, ips, deliveries }: Entry, user?: User): TruthRecord {
  const { source, id, eventMs, availableMs, goneMs, step, version } = record;
  return {
    source,
    id,
    sha256,
    eventMs,
    availableMs,
    ...(goneMs === undefined ? undefined : { goneMs }),
    roles: record.about.filter((one) => one.user === user?.index).map(({ role }) => role),
    attacker: step !== undefined && STEPS[step]!.attacker,
    ...(step === undefined ? undefined : { step }),
    ...(session === undefined ? undefined : { session }),
    ips,
    version,
    deliveries,
  };
}

const mentionOnly = (role: Role): boolean => role === 'sender' || role === 'recipient';

function account(company: Company, user: User, found: readonly Entry[]): TruthAccount {
  const all = found.map((entry) => truthRecord(entry, user)).filter(({ roles }) => roles.length > 0);
  return {
    ...truthUser(user),
    attackerSession: attackSession(company, user),
    records: all.filter(({ roles }) => !roles.every(mentionOnly)),
    mentions: all.filter(({ roles }) => roles.every(mentionOnly)),
  };
}

const truthUser = ({ upn, spelledUpn, displayName, id, puid, sid, mailboxGuid }: User): TruthUser => ({
  upn,
  spelledUpn,
  displayName,
  objectId: id,
  puid,
  sid,
  mailboxGuid,
});

function truthStep(company: Company, id: string, records: readonly TruthRecord[]): TruthStep {
  const { description, victim, attacker } = STEPS[id]!;
  const times = records.map(({ eventMs }) => eventMs);
  return {
    id,
    description,
    user: company[victim].upn,
    attacker,
    fromMs: Math.min(...times),
    toMs: Math.max(...times),
    sources: [...new Set(records.map(({ source }) => source))],
    records,
  };
}

function ruleTruth(user: User, parameters: readonly (readonly [string, string])[]) {
  const map = Object.fromEntries(parameters);
  return { user: user.upn, name: map['Name']!, parameters: map };
}

function windowOf(steps: readonly TruthStep[]) {
  const interactive = steps
    .filter(({ id }) => id === 'johanna/aitm-landing' || id === 'johanna/sign-ins')
    .flatMap(({ records }) => records.map(({ eventMs }) => eventMs));
  return { fromMs: Math.min(...interactive), toMs: Math.max(...interactive) };
}

import { asnOf } from '../../sighting.ts';
import { errorCodeOf, isSignIn, type Event, type Place } from './event.ts';
import type { People } from './people.ts';
import {
  isDeletion,
  isLanding,
  isSending,
  signalsOf,
  signInError,
  subjectOf,
  affectedSubjects,
  type SignalId,
} from './signals.ts';

/** What is kept of one session while the records go by: bounded, whatever the session holds. */

const MAX_SESSIONS = 20_000;
const CAP = 5000;
const EVIDENCE = 40;

export interface AddressUse {
  readonly ip: string;
  place: Place;
  records: number;
  firstMs: number;
  lastMs: number;
  /** First record from it. */
  readonly number: number;
  /** Autonomous system, where a record says it. */
  asn: number | undefined;
}

export class SessionDraft {
  readonly key: string;
  readonly users = new Map<string, number>();
  readonly addresses = new Map<string, AddressUse>();
  readonly agents = new Map<string, number>();
  readonly countries = new Map<string, { firstMs: number; lastMs: number; number: number }>();
  readonly operations = new Map<string, number>();
  readonly tokens = new Set<string>();
  readonly flows = new Set<string>();
  readonly evidence = new Map<SignalId, number[]>();
  readonly #flowCodes = new Map<string, { codes: Set<string>; numbers: number[] }>();
  readonly #sent = new Map<string, { times: number[]; numbers: number[] }>();
  records = 0;
  interactive = 0;
  firstMs = Infinity;
  lastMs = -Infinity;
  firstNumber = -1;

  constructor(key: string) {
    this.key = key;
  }

  add(e: Event, user: string): void {
    if (this.records++ === 0) this.firstNumber = e.number;
    if (e.source === 'signins-interactive') this.interactive++;
    this.firstMs = Math.min(this.firstMs, e.ms || Infinity);
    this.lastMs = Math.max(this.lastMs, e.ms || -Infinity);
    count(this.users, user);
    count(this.operations, e.operation);
    if (e.userAgent && isSignIn(e)) count(this.agents, e.userAgent.slice(0, 300));
    for (const token of e.tokens) if (this.tokens.size < CAP) this.tokens.add(token);
    for (const id of e.flow) if (this.flows.size < CAP) this.flows.add(id);
    this.#address(e);
    this.#sending(e);
    this.#flow(e);
    for (const id of signalsOf(e)) this.note(id, e.number);
  }

  note(id: SignalId, ...numbers: number[]): void {
    const known = this.evidence.get(id) ?? [];
    this.evidence.set(id, [...known, ...numbers.slice(0, EVIDENCE - known.length)]);
  }

  #address(e: Event): void {
    if (e.ip === '' || (this.addresses.size >= 200 && !this.addresses.has(e.ip))) return;
    const use = this.addresses.get(e.ip) ?? {
      ip: e.ip,
      place: e.place,
      records: 0,
      firstMs: e.ms,
      lastMs: e.ms,
      number: e.number,
      asn: undefined,
    };
    this.addresses.set(e.ip, use);
    use.asn ??= asnOf(e.value);
    use.records++;
    use.lastMs = Math.max(use.lastMs, e.ms || use.lastMs);
    if (use.place.country === '' && e.place.country !== '') use.place = e.place;
    if (e.place.country === '') return;
    const seen = this.countries.get(e.place.country) ?? { firstMs: e.ms, lastMs: e.ms, number: e.number };
    this.countries.set(e.place.country, { ...seen, lastMs: Math.max(seen.lastMs, e.ms) });
  }

  #sending(e: Event): void {
    if (isSending(e) && this.#sent.size < CAP) {
      const sent = this.#sent.get(subjectOf(e)) ?? { times: [], numbers: [] };
      this.#sent.set(subjectOf(e), sent);
      if (sent.times.length < 1000) sent.times.push(e.ms);
      if (sent.numbers.length < EVIDENCE) sent.numbers.push(e.number);
      const recent = sent.times.filter((ms) => e.ms - ms <= 10 * 60_000);
      if (recent.length >= 10 && !this.evidence.has('massMail')) this.note('massMail', ...sent.numbers);
    }
    if (!isDeletion(e)) return;
    const soon = affectedSubjects(e).some((s) =>
      this.#sent.get(s)?.times.some((ms) => e.ms >= ms && e.ms - ms <= 3_600_000),
    );
    if (soon) this.note('sentTraces', e.number);
  }

  #flow(e: Event): void {
    const code = signInError(e);
    const flow = e.flow[0];
    if (code === undefined || flow === undefined || this.#flowCodes.size >= CAP) return;
    const seen = this.#flowCodes.get(flow) ?? { codes: new Set<string>(), numbers: [] };
    this.#flowCodes.set(flow, seen);
    seen.codes.add(code);
    if (seen.numbers.length < EVIDENCE) seen.numbers.push(e.number);
  }

  /** Records of sign-in flows that look relayed. */
  landings(): number[] {
    return [...this.#flowCodes.values()].filter(({ codes }) => isLanding(codes)).flatMap((f) => f.numbers);
  }

  subjects(): string[] {
    return [...this.#sent.keys()].filter(Boolean);
  }

  user(): string {
    return [...this.users].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))[0]?.[0] ?? '';
  }
}

const count = (map: Map<string, number>, key: string): void => {
  if (map.has(key) || map.size < CAP) map.set(key, (map.get(key) ?? 0) + 1);
};

/** Sessions of everybody in the records, in the order of their start. */
export class Sessions {
  readonly #drafts = new Map<string, SessionDraft>();
  readonly #people: People;
  readonly #risks: Event[] = [];
  /** Sessions that were not looked into, since there were too many. */
  overflow = 0;

  constructor(people: People) {
    this.#people = people;
  }

  add(e: Event): void {
    if (e.source === 'risk-detections' && this.#risks.length < CAP) this.#risks.push(e);
    if (e.session === '') return;
    const known = this.#drafts.get(e.session);
    if (!known && this.#drafts.size >= MAX_SESSIONS) {
      this.overflow++;
      return;
    }
    const draft = known ?? new SessionDraft(e.session);
    this.#drafts.set(e.session, draft);
    draft.add(e, this.#people.name(e.actor));
  }

  /** Also ties risk detections, which name no session, to the session of the sign-in they speak of. */
  finish(): SessionDraft[] {
    const drafts = [...this.#drafts.values()].sort(
      (a, b) => a.firstMs - b.firstMs || (a.key < b.key ? -1 : 1),
    );
    for (const risk of this.#risks) {
      const draft = drafts.find((d) => risk.flow.some((id) => d.flows.has(id)));
      if (!draft) continue;
      for (const id of signalsOf(risk)) draft.note(id, risk.number);
    }
    return drafts;
  }
}

export const failed = (e: Event): boolean => isSignIn(e) && errorCodeOf(e) !== '0';

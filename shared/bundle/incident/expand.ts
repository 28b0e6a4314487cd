import type { EntityKind } from '../../layout.ts';
import { Cited } from './cited.ts';
import { habitsOf, peopleOf } from './habits.ts';
import type { Expansion, Included } from './included.ts';
import { personOf, People, type Person } from '../../detect/pivot/session/people.ts';
import { aliasesOf } from '../../indexing/query.ts';
import { wantedKeys } from '../matcher.ts';
import { locate, readRecords, type ReadDeps, type SegmentChunks } from '../read-records.ts';
import type { Scope } from '../scope.ts';
import { eventOf, type Event } from '../../detect/pivot/session/event.ts';
import { Sessions } from '../../detect/pivot/session/sessions.ts';
import { judge, NO_HABITS, type JudgedSession } from '../../detect/pivot/session/verdict.ts';
import { findMailFlow } from './mail-search.ts';
import { Pivot } from './pivot.ts';

/** An address with more users than this is a shared one (an office, a proxy): it ties nobody to anybody. */
export const SHARED_USERS = 20;
const MAX_USERS = 50;

/**
 * The pivot of an investigation: user → suspicious sessions → their addresses, applications and mail subjects →
 * other users touched. Each round does it once for the users that the round before found.
 */
export async function expandScope(scope: Scope, depth: number, deps: ReadDeps): Promise<Expansion> {
  const state = new State(scope);
  let users = [...scope.entities.user];
  if (depth > 0 && users.length === 0) users = await actorsOf(state, deps);
  for (let round = 1; round <= depth; round++) {
    const found = await pivot(state, users, round, deps);
    users = await others(state, found, round, deps);
    if (users.length === 0) break;
  }
  const messages = [...state.messages].sort();
  const mailFlow = depth === 0 ? [] : await mailOf(state, messages, depth, deps);
  return {
    depth,
    scope: state.scope(),
    included: state.included(),
    notFollowed: state.notFollowed,
    messages,
    mailFlow,
  };
}

class State {
  readonly #asked: Scope;
  readonly #entities: Record<EntityKind, Set<string>>;
  readonly #included = new Map<string, Included>();
  readonly notFollowed: { kind: string; key: string; why: string }[] = [];
  readonly messages = new Set<string>();
  /** Sent mail's days, for finding its flow records. */
  readonly sentMs: number[] = [];
  /** Every key of every person in it, so that nobody is found again under another name. */
  readonly persons = new Set<string>();

  constructor(scope: Scope) {
    this.#asked = scope;
    const { user, session, ip, app } = scope.entities;
    this.#entities = { user: new Set(user), session: new Set(session), ip: new Set(ip), app: new Set(app) };
    for (const kind of ['user', 'session', 'ip', 'app'] as const)
      for (const key of scope.entities[kind])
        this.add({ kind, key, depth: 0, why: 'The request names it.', records: [], bundled: true });
  }

  has(kind: Included['kind'], key: string): boolean {
    return this.#included.has(`${kind}\n${key}`);
  }

  add(entity: Included): void {
    if (this.has(entity.kind, entity.key)) return;
    this.#included.set(`${entity.kind}\n${entity.key}`, entity);
    if (entity.kind !== 'subject' && entity.kind !== 'recipient') this.#entities[entity.kind].add(entity.key);
  }

  included(): Included[] {
    return [...this.#included.values()];
  }

  scope(): Scope {
    const { user, session, ip, app } = this.#entities;
    return {
      ...this.#asked,
      entities: { user: [...user], session: [...session], ip: [...ip], app: [...app] },
    };
  }

  /** The span and tenant of the question with other entities. */
  about(entities: Partial<Scope['entities']>): Scope {
    return { ...this.#asked, entities: { user: [], session: [], ip: [], app: [], ...entities } };
  }

  get asked(): Scope {
    return this.#asked;
  }
}

/** A question that names sessions or addresses only is about those who act in them. */
async function actorsOf(state: State, deps: ReadDeps): Promise<string[]> {
  const { session, ip } = state.asked.entities;
  const cited = new Cited();
  const actors = new Set<string>();
  for await (const e of eventsOf(state.about({ session, ip }), deps)) {
    if (e.actor === '' || (e.session === '' && ip.length === 0)) continue;
    cited.add('user', e.actor, e);
    actors.add(e.actor);
  }
  if (actors.size > SHARED_USERS) return [];
  for (const key of actors) {
    const why = 'Acts in a session or from an address that the request names.';
    state.add({ kind: 'user', key, depth: 1, why, records: cited.of('user', key), bundled: true });
  }
  return [...actors];
}

/** Suspicious sessions of some users, and what they lead to. In the first round also those that the request names. */
async function pivot(state: State, users: readonly string[], round: number, deps: ReadDeps): Promise<Pivot> {
  const given = round === 1 ? state.asked.entities : { session: [], ip: [], app: [] };
  const about = state.about({ user: users, session: given.session, ip: given.ip });
  const people = await peopleOf(about, deps.tables);
  for (const person of people) for (const key of person.keys) state.persons.add(key);
  const judged = await suspiciousOf(about, people, deps);
  const found = new Pivot(judged, round);
  const cited = new Cited();
  for await (const e of eventsOf(about, deps)) found.add(e, new People(people).name(e.actor), cited);
  for (const entity of found.entities(cited)) state.add(entity);
  for (const { messageId, ms } of found.sent) {
    state.messages.add(messageId);
    state.sentMs.push(ms);
  }
  return found;
}

async function suspiciousOf(
  about: Scope,
  people: readonly Person[],
  deps: ReadDeps,
): Promise<JudgedSession[]> {
  const habits = await habitsOf(about, people, deps.tables);
  const sessions = new Sessions(new People(people));
  let number = 0;
  for await (const e of eventsOf(about, deps)) sessions.add({ ...e, number: number++ });
  const asked = new Set(about.entities.session);
  return judge(sessions.finish(), (user) => habits[user] ?? NO_HABITS, { asked, findings: new Set() });
}

async function* eventsOf(scope: Scope, deps: ReadDeps): AsyncIterable<Event> {
  const wanted = await wantedKeys(scope, deps.tables);
  const located = await locate(scope, wanted, deps.tables);
  for await (const chunk of readRecords(located, scope, wanted, deps.blobs))
    for (const { source, text, value, facts, keys } of chunk)
      yield eventOf(source, { text, value, facts }, -1, keys);
}

/** Other users whose own records come from the addresses and sessions of the intruder. */
async function others(state: State, found: Pivot, round: number, deps: ReadDeps): Promise<string[]> {
  const next: string[] = [];
  for (const ip of found.addresses()) {
    const actors = new Map<string, Event[]>();
    for await (const e of eventsOf(state.about({ ip: [ip] }), deps)) {
      const seen = actors.get(e.actor) ?? [];
      if (e.actor !== '' && seen.length < 5) actors.set(e.actor, [...seen, e]);
    }
    if (actors.size > SHARED_USERS) {
      state.notFollowed.push({ kind: 'ip', key: ip, why: `${actors.size} users use it: a shared address.` });
      continue;
    }
    for (const [actor, events] of actors) {
      if (state.persons.has(actor) || next.length >= MAX_USERS) continue;
      const person = personOf(actor, await aliasesOf(deps.tables, state.asked.tenant, actor));
      for (const key of person.keys) state.persons.add(key);
      const why = `Their account was used from ${ip}, an address of the intruder.`;
      const records = events.map(({ source, id, time }) => ({ source, id, time }));
      state.add({ kind: 'user', key: person.name, depth: round, why, records, bundled: true });
      next.push(person.name);
    }
  }
  return next;
}

/** Flow records of the intruder's mails, and the recipients they name. */
async function mailOf(
  state: State,
  messages: readonly string[],
  depth: number,
  deps: ReadDeps,
): Promise<SegmentChunks[]> {
  const { chunks, recipients } = await findMailFlow(
    state.asked.tenant,
    new Set(messages),
    state.sentMs,
    deps,
  );
  for (const [key, { subject, records }] of recipients) {
    const why = `Received the intruder's mail "${subject}".`;
    state.add({ kind: 'recipient', key, depth, why, records, bundled: false });
  }
  return chunks;
}

import type { Event } from '../../detect/pivot/session/event.ts';
import type { JudgedSession } from '../../detect/pivot/session/verdict.ts';

/** Why a record is counted among an intruder's: shown with every statement, since not all ways are equally sure. */
export const BASES = {
  session: 'carries the suspicious session id',
  token: 'carries a token that was used in the suspicious session',
  request: 'belongs to the same request or sign-in flow as a record of the suspicious session',
  address: 'comes from an address of the suspicious session that the user had not used before',
} as const;
export type Basis = keyof typeof BASES;

export interface Attribution {
  readonly session: JudgedSession;
  readonly basis: Basis;
}

/** Not every record carries a session id: tokens, request ids and addresses tie the others, in this order. */
export class Attributor {
  readonly #sessions = new Map<string, JudgedSession>();
  readonly #tokens = new Map<string, JudgedSession>();
  readonly #flows = new Map<string, JudgedSession>();
  readonly #addresses = new Map<string, JudgedSession[]>();
  /** Sessions that are known and not suspicious: their records stay theirs, whatever address they share. */
  readonly #usual = new Set<string>();

  constructor(judged: readonly JudgedSession[]) {
    for (const session of judged) {
      if (session.verdict !== 'suspicious') {
        this.#usual.add(session.draft.key);
        continue;
      }
      this.#sessions.set(session.draft.key, session);
      for (const token of session.draft.tokens) this.#tokens.set(token, session);
      for (const id of session.draft.flows) this.#flows.set(id, session);
      for (const ip of session.newAddresses)
        this.#addresses.set(ip, [...(this.#addresses.get(ip) ?? []), session]);
    }
  }

  get addresses(): readonly string[] {
    return [...this.#addresses.keys()].sort();
  }

  /** @param actor who acted, as the people of the question are named. */
  of(e: Event, actor: string): Attribution | undefined {
    const session = this.#sessions.get(e.session);
    if (session) return { session, basis: 'session' };
    const token = first(e.tokens, this.#tokens);
    if (token) return { session: token, basis: 'token' };
    const flow = first(e.flow, this.#flows);
    if (flow) return { session: flow, basis: 'request' };
    if (this.#usual.has(e.session)) return undefined;
    const there = this.#addresses.get(e.ip) ?? [];
    const own = there.find((s) => s.user === actor);
    return own && { session: own, basis: 'address' };
  }
}

function first<T>(keys: readonly string[], map: ReadonlyMap<string, T>): T | undefined {
  for (const key of keys) if (map.has(key)) return map.get(key);
  return undefined;
}

import type { Attribution } from './attribution.ts';
import { errorCodeOf, isSignIn, type Event, type Place } from '../../detect/pivot/session/event.ts';

export interface SeenAt {
  readonly ip: string;
  readonly place: Place;
  readonly asn: string;
  readonly numbers: readonly number[];
}

/** Sign-ins of one suspicious session, of one kind. */
export interface SignInWindow {
  readonly user: string;
  readonly session: string;
  readonly interactive: boolean;
  readonly from: string;
  readonly to: string;
  readonly count: number;
  readonly failures: number;
  readonly agents: readonly { readonly agent: string; readonly numbers: readonly number[] }[];
  readonly addresses: readonly SeenAt[];
  readonly apps: readonly string[];
  /** First and last record among them. */
  readonly numbers: readonly number[];
}

const EVIDENCE = 60;

interface Open {
  readonly user: string;
  readonly session: string;
  readonly interactive: boolean;
  from: string;
  to: string;
  count: number;
  failures: number;
  readonly agents: Map<string, number[]>;
  readonly addresses: Map<string, { place: Place; asn: string; numbers: number[] }>;
  readonly apps: Set<string>;
  readonly numbers: number[];
}

/** Windows of suspicious sign-ins: Graph's sign-in records, one window a session and kind. */
export class SignIns {
  readonly #open = new Map<string, Open>();

  add(e: Event, user: string, { session }: Attribution): void {
    if (!isSignIn(e)) return;
    const interactive = e.source === 'signins-interactive';
    const key = `${session.draft.key}\n${interactive}`;
    const open = this.#open.get(key) ?? opened(user, session.draft.key, interactive, e.time);
    this.#open.set(key, open);
    open.to = e.time;
    open.count++;
    if (errorCodeOf(e) !== '0') open.failures++;
    push(open.numbers, e.number);
    if (e.userAgent)
      push(
        entry(open.agents, e.userAgent.slice(0, 500), () => []),
        e.number,
      );
    if (e.ip)
      push(
        entry(open.addresses, e.ip, () => ({ place: e.place, asn: asnOf(e), numbers: [] })).numbers,
        e.number,
      );
    const app = e.value['appDisplayName'];
    if (typeof app === 'string' && open.apps.size < 100) open.apps.add(app);
  }

  build(): SignInWindow[] {
    return [...this.#open.values()].map((o) => ({
      ...o,
      agents: [...o.agents].map(([agent, numbers]) => ({ agent, numbers })),
      addresses: [...o.addresses].map(([ip, rest]) => ({ ip, ...rest })),
      apps: [...o.apps].sort(),
    }));
  }
}

const opened = (user: string, session: string, interactive: boolean, time: string): Open => ({
  user,
  session,
  interactive,
  from: time,
  to: time,
  count: 0,
  failures: 0,
  agents: new Map(),
  addresses: new Map(),
  apps: new Set(),
  numbers: [],
});

const asnOf = (e: Event): string => {
  const asn = e.value['autonomousSystemNumber'];
  return typeof asn === 'number' ? `AS${asn}` : '';
};

function push(list: number[], number: number): void {
  if (list.length < EVIDENCE) list.push(number);
}

function entry<V>(map: Map<string, V>, key: string, make: () => V): V {
  const found = map.get(key) ?? make();
  if (map.has(key) || map.size < 200) map.set(key, found);
  return found;
}

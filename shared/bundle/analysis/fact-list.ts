import type { Attribution, Basis } from './attribution.ts';
import type { Event } from '../../detect/pivot/session/event.ts';
import { draftOf, type Draft, type Fact, type Field } from './facts.ts';

/** Facts kept per report; beyond it they are counted, and stand in the records and the timeline all the same. */
const MAX_FACTS = 5000;

interface Open {
  readonly draft: Draft;
  readonly user: string;
  readonly session: string;
  readonly time: string;
  readonly operation: string;
  readonly fields: Map<string, string>;
  target: string;
  targetId: string;
  readonly numbers: number[];
  readonly bases: Set<Basis>;
}

/** Collects facts; what two logs tell of one act in the same second becomes one fact with two records. */
export class FactList {
  readonly #open = new Map<string, Open>();
  overflow = 0;

  /** @returns whether the record tells a fact */
  add(e: Event, user: string, { session, basis }: Attribution): boolean {
    const draft = draftOf(e);
    if (!draft) return false;
    const key = keyOf(e, draft, session.draft.key);
    const known = this.#open.get(key);
    if (!known && this.#open.size >= MAX_FACTS) {
      this.overflow++;
      return true;
    }
    const open = known ?? opened(e, draft, user, session.draft.key);
    this.#open.set(key, open);
    open.numbers.push(e.number);
    open.bases.add(basis);
    open.target ||= draft.target;
    open.targetId ||= draft.targetId;
    for (const { name, value } of draft.fields) if (!open.fields.has(name)) open.fields.set(name, value);
    return true;
  }

  build(): Fact[] {
    return [...this.#open.values()].map((o) => ({
      section: o.draft.section,
      kind: o.draft.kind,
      user: o.user,
      session: o.session,
      time: o.time,
      operation: o.operation,
      target: o.target,
      targetId: o.targetId,
      fields: [...o.fields].map(([name, value]): Field => ({ name, value })),
      numbers: o.numbers,
      bases: [...o.bases],
    }));
  }
}

const opened = (e: Event, draft: Draft, user: string, session: string): Open => ({
  draft,
  user,
  session,
  time: e.time,
  operation: e.operation,
  fields: new Map(),
  target: draft.target,
  targetId: draft.targetId,
  numbers: [],
  bases: new Set(),
});

/** Only the directory's changes are told by two logs (Graph's and the unified audit log's). */
const isTwofold = ({ section }: Draft): boolean => section === 'activity' || section === 'security';

function keyOf(e: Event, draft: Draft, session: string): string {
  if (!isTwofold(draft)) return `#${e.number}`;
  return [
    draft.section,
    e.operation.toLowerCase().replace(/\W+/g, ' ').trim(),
    e.time.slice(0, 19),
    session,
  ].join('\n');
}

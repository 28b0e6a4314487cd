import type { RecordFile } from '../record-file.ts';
import { Attributor } from './attribution.ts';
import { Chart } from './chart-data.ts';
import { eventOf, type Event } from '../../detect/pivot/session/event.ts';
import { FactList } from './fact-list.ts';
import type { Fact } from './facts.ts';
import { MailFlow, type Delivery } from './mail-flow.ts';
import type { People } from '../../detect/pivot/session/people.ts';
import { Sessions } from '../../detect/pivot/session/sessions.ts';
import { SignIns, type SignInWindow } from './sign-ins.ts';
import { judge, type Habits, type JudgedSession } from '../../detect/pivot/session/verdict.ts';

export interface AnalysisInput {
  readonly people: People;
  readonly habits: ReadonlyMap<string, Habits>;
  /** Sessions that the request names. */
  readonly asked: readonly string[];
  /** Sessions in which a detection rule of level high or critical matched. */
  readonly findings: readonly string[];
}

/** What a report is written from: bounded, whatever the number of records. */
export interface Analysis {
  readonly people: People;
  /** Of the people of the question, by start. */
  readonly sessions: readonly JudgedSession[];
  readonly suspicious: readonly JudgedSession[];
  readonly signIns: readonly SignInWindow[];
  readonly facts: readonly Fact[];
  readonly deliveries: readonly Delivery[];
  readonly chart: Chart;
  readonly addresses: readonly string[];
  /** Suspicious records by how they were attributed. */
  readonly attributed: number;
  /** Facts and sessions left out of lists, since there were too many. */
  readonly overflow: { readonly facts: number; readonly sessions: number };
}

/** Record numbers to read: the latest version of each, in time order. */
export type Order = () => Iterable<number>;

/** Two passes over the records on disk: the first learns the sessions, the second tells who did what. */
export async function analyse(records: RecordFile, order: Order, input: AnalysisInput): Promise<Analysis> {
  const sessions = new Sessions(input.people);
  const events = new Events(records, order);
  for await (const e of events.all()) sessions.add(e);
  const judged = judge(sessions.finish(), (user) => input.habits.get(user) ?? NONE, {
    asked: new Set(input.asked),
    findings: new Set(input.findings),
  });
  const told = new Telling(input.people, judged);
  for await (const e of events.all()) told.add(e);
  const concerned = judged.filter((s) => input.people.has(s.user) || s.verdict === 'suspicious');
  return {
    people: input.people,
    sessions: concerned,
    suspicious: concerned.filter((s) => s.verdict === 'suspicious'),
    ...told.build(),
    overflow: { facts: told.facts.overflow, sessions: sessions.overflow },
  };
}

const NONE: Habits = { ips: [], countries: [], agents: [], records: 0, days: 0 };

class Events {
  readonly #records: RecordFile;
  readonly #order: Order;
  /** All events, once they have been gone through; only of records that are kept themselves. */
  #kept: readonly Event[] | undefined;

  constructor(records: RecordFile, order: Order) {
    this.#records = records;
    this.#order = order;
  }

  async *all(): AsyncIterable<Event> {
    if (this.#kept) yield* this.#kept;
    else yield* this.#read();
  }

  async *#read(): AsyncIterable<Event> {
    const events: Event[] = [];
    for (const number of this.#order()) {
      const record = await this.#records.record(number);
      const event = eventOf(this.#records.sourceOf(number), record, number, record.keys);
      if (this.#records.keepsAll) events.push(event);
      yield event;
    }
    if (this.#records.keepsAll) this.#kept = events;
  }
}

class Telling {
  readonly facts = new FactList();
  readonly #people: People;
  readonly #attributor: Attributor;
  readonly #signIns = new SignIns();
  readonly #mail = new MailFlow();
  readonly #chart = new Chart();
  #attributed = 0;

  constructor(people: People, judged: readonly JudgedSession[]) {
    this.#people = people;
    this.#attributor = new Attributor(judged);
  }

  add(e: Event): void {
    const actor = this.#people.name(e.actor);
    const found = this.#attributor.of(e, actor);
    this.#chart.add(e, found !== undefined);
    this.#mail.add(e, found !== undefined);
    if (!found) return;
    this.#attributed++;
    const user = found.session.user;
    this.#signIns.add(e, user, found);
    this.facts.add(e, user, found);
  }

  build() {
    return {
      signIns: this.#signIns.build(),
      facts: this.facts.build(),
      deliveries: this.#mail.build(),
      chart: this.#chart,
      addresses: this.#attributor.addresses,
      attributed: this.#attributed,
    };
  }
}

import { ComponentMemory, type ComponentState } from './correlation-memory.ts';
import { takenIn, type Candidate, type Evaluated, type FedMatch } from './evaluation.ts';
import {
  findingId,
  findingOfHit,
  findingOfMatch,
  findingOfNative,
  findingOfWindow,
  type Finding,
} from './findings/finding.ts';
import type { HistorySource } from './native/history.ts';
import type { WindowRule } from './native/native-rule.ts';
import { WindowMemory, type WindowState } from './native/window-memory.ts';
import type { RuleBook } from './rule-book.ts';
import { dateOf } from '../instant.ts';

export interface DetectionOutcome {
  readonly findings: readonly Finding[];
  /** Ids of findings that late records have disproved; the finding that takes their place, if any. */
  readonly withdrawn: readonly { readonly id: string; readonly by?: string }[];
}

export interface SavedMemory {
  readonly components: Readonly<Record<string, ComponentState>>;
  readonly windows?: WindowState;
}

export interface MemoryOptions {
  /** See CorrelationEngine: how long after later events a record may still come. */
  readonly latenessMs?: number;
}

/**
 * What a rule book remembers between batches, and how a batch's matches become findings. Same records, same findings,
 * in whatever batches; what is found again has the same id.
 */
export class Detection {
  readonly #book: RuleBook;
  readonly #components = new Map<string, ComponentMemory>();
  readonly #windows: WindowMemory;
  /** Names of components that changed since the last `changed()`. */
  readonly #changed = new Set<string>();
  #windowsChanged = false;

  constructor(book: RuleBook, saved?: SavedMemory, { latenessMs }: MemoryOptions = {}) {
    this.#book = book;
    for (const component of book.components)
      this.#components.set(
        component.name,
        new ComponentMemory(component, saved?.components[component.name], latenessMs),
      );
    const windowRules = book.native.filter((rule): rule is WindowRule => rule.type === 'window');
    this.#windows = new WindowMemory(windowRules, saved?.windows, latenessMs);
  }

  /** Latest event time of a record that correlations or window rules have seen; 0 when none. */
  get seenMs(): number {
    return Math.max(this.#windows.seenMs, ...[...this.#components.values()].map(({ seenMs }) => seenMs));
  }

  /** Turns what records gave into findings. */
  async conclude(evaluated: Evaluated, history: HistorySource): Promise<DetectionOutcome> {
    const correlated = this.#correlate(evaluated);
    return {
      findings: [
        ...evaluated.matches.map((found) => findingOfMatch(this.#info(found.match.ruleKey), found)),
        ...evaluated.native.map((found) => findingOfNative(this.#info(found.rule.key), found)),
        ...this.#window(evaluated),
        ...(await this.#compare(evaluated.candidates.values(), history)),
        ...correlated.findings,
      ],
      withdrawn: correlated.withdrawn,
    };
  }

  /** State that changed since the last call, by name. */
  changed(): { readonly components: Record<string, ComponentState>; readonly windows?: WindowState } {
    const components = Object.fromEntries(
      [...this.#changed].map((name) => [name, this.#components.get(name)!.state()]),
    );
    const windows = this.#windowsChanged ? { windows: this.#windows.state() } : {};
    this.#changed.clear();
    this.#windowsChanged = false;
    return { components, ...windows };
  }

  #info(key: string) {
    return this.#book.infos.get(key)!;
  }

  #correlate({ fed }: Evaluated): { findings: Finding[]; withdrawn: { id: string; by?: string }[] } {
    const findings: Finding[] = [];
    const withdrawn = new Map<string, { id: string; by?: string }>();
    for (const [name, mine] of this.#byComponent(fed)) {
      this.#changed.add(name);
      const changes = this.#components.get(name)!.add(mine);
      for (const { ruleKey, id, timeMs } of changes.withdrawn) {
        const finding = findingId(ruleKey, id, timeMs);
        withdrawn.set(finding, { id: finding });
      }
      for (const hit of changes.hits) {
        const finding = findingOfHit(this.#info(hit.hit.ruleKey), hit);
        findings.push(finding);
        for (const old of hit.supersedes) {
          const id = findingId(hit.hit.ruleKey, old.id, old.timeMs);
          withdrawn.set(id, { id, by: finding.id });
        }
      }
    }
    return { findings, withdrawn: [...withdrawn.values()] };
  }

  /** In the order of the components, those only that have something to take. */
  #byComponent(fed: readonly FedMatch[]): Map<string, FedMatch[]> {
    const byRule = Map.groupBy(fed, ({ match }) => match.ruleKey);
    const mine = new Map<string, FedMatch[]>();
    for (const { name, feeders } of this.#book.components) {
      const keys = [...feeders].filter((key) => byRule.has(key));
      if (keys.length > 0)
        mine.set(
          name,
          keys.flatMap((key) => byRule.get(key)!),
        );
    }
    return mine;
  }

  #window(evaluated: Evaluated): Finding[] {
    if (evaluated.taken.size === 0) return [];
    this.#windowsChanged = true;
    for (const { rule, taken, sighting } of takenIn(evaluated)) this.#windows.take(rule, taken, sighting);
    return this.#windows
      .settle()
      .map(({ rule, group, hit }) => findingOfWindow(this.#info(rule.key), rule, group, hit));
  }

  /** The first of a day's equal candidates speaks for all of them, so that a new network is one finding and not hundreds. */
  async #compare(candidates: Iterable<Candidate>, history: HistorySource): Promise<Finding[]> {
    const findings: Finding[] = [];
    for (const [key, { rule, sighting }] of earliest(candidates)) {
      if (sighting.user === undefined || sighting.timeMs === undefined) continue;
      const verdict = rule.judge(sighting, await history.before(sighting.user, sighting.timeMs, rule.days));
      if (!verdict) continue;
      const made = findingOfNative(this.#info(rule.key), { rule, verdict, sighting });
      const day = Date.parse(`${dateOf(sighting.timeMs)}T00:00:00Z`);
      findings.push({ ...made, id: findingId(rule.key, key, day) });
    }
    return findings;
  }
}

const keyOf = ({ rule, sighting }: Candidate): string =>
  [rule.key, sighting.user, dateOf(sighting.timeMs ?? 0), rule.once(sighting)].join('|');

function earliest(candidates: Iterable<Candidate>): Map<string, Candidate> {
  const first = new Map<string, Candidate>();
  for (const candidate of candidates) {
    const key = keyOf(candidate);
    const known = first.get(key);
    if (!known || (candidate.sighting.timeMs ?? 0) < (known.sighting.timeMs ?? 0)) first.set(key, candidate);
  }
  return first;
}

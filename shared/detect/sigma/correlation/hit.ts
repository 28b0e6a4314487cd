import type { Level } from '../ast.ts';
import { digest } from '../identity.ts';
import type { Episode } from './episodes.ts';
import type { Plan } from './plan.ts';

/** One episode of a correlation in one group. */
export interface CorrelationHit {
  /** The same for the same correlation, group and tip, in whatever order the records came. */
  readonly id: string;
  readonly ruleKey: string;
  readonly title: string;
  readonly level: Level | undefined;
  readonly tags: readonly string[];
  readonly type: string;
  /** Group-by field → its value, as the first event spells it. */
  readonly group: Readonly<Record<string, string>>;
  /** When the condition first held, milliseconds since the epoch. */
  readonly timeMs: number;
  /** First event of the window then, and last instant at which the condition held. */
  readonly fromMs: number;
  readonly toMs: number;
  /** What was counted or summed when the condition first held. */
  readonly value: number;
  readonly count: number;
  /** Up to 100 of the events. `recordId` is the hit's id where a correlation was correlated. */
  readonly events: readonly {
    readonly ruleKey: string;
    readonly recordId: string;
    readonly timeMs: number;
  }[];
}

/** What `add` reports. Applied in order, changes give the hits there are. */
export type CorrelationChange =
  | {
      readonly change: 'raised' | 'revised';
      readonly hit: CorrelationHit;
      /** Hits of the group withdrawn at the same time: late records moved their tip. Update their finding. */
      readonly supersedes: readonly string[];
    }
  | { readonly change: 'withdrawn'; readonly id: string; readonly ruleKey: string };

export const hitId = (plan: Plan, groupKey: string, tip: number): string =>
  digest([plan.correlation.key, groupKey, tip]);

export function hitOf(plan: Plan, groupKey: string, episode: Episode): CorrelationHit {
  const { correlation } = plan;
  return {
    id: hitId(plan, groupKey, episode.tip),
    ruleKey: correlation.key,
    title: correlation.title,
    level: correlation.level,
    tags: correlation.tags,
    type: correlation.type,
    group: groupFields(plan, groupKey, episode),
    timeMs: episode.tip,
    fromMs: episode.from,
    toMs: episode.last,
    value: episode.value,
    count: episode.count,
    events: episode.events.map(({ ref, id, t }) => ({
      ruleKey: plan.refKeys[ref]!,
      recordId: id,
      timeMs: t,
    })),
  };
}

function groupFields(plan: Plan, groupKey: string, episode: Episode): Record<string, string> {
  const values = JSON.parse(groupKey) as string[];
  const spelled = plan.correlation.groupBy.map((name, i) => {
    const lower = values[i] ?? '';
    const asWritten = episode.events[0]?.fields[name]?.find((text) => text.toLowerCase() === lower);
    return [name, asWritten ?? lower] as const;
  });
  return Object.fromEntries(spelled);
}

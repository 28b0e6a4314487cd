import type { SourceId } from '../sources.ts';
import type { Level, RuleStatus, SigmaCorrelation, SigmaRule } from './sigma/index.ts';
import type { FollowUpRule } from './native/follow-up.ts';
import type { NativeRule } from './native/native-rule.ts';

export type Origin = 'own' | 'loaded' | 'supplied';

/** What `GET /api/rules` says of a rule, and findings take from it. */
export interface RuleInfo {
  readonly key: string;
  readonly title: string;
  readonly kind: 'rule' | 'correlation' | 'native';
  readonly origin: Origin;
  readonly level: Level;
  readonly description?: string;
  readonly author?: string;
  readonly license?: string;
  readonly tags: readonly string[];
  readonly references: readonly string[];
  readonly falsePositives: readonly string[];
  /** native: fields as they lie in our records; mapped: translated; cannot-fire: see reasons. */
  readonly status: RuleStatus['status'];
  readonly cause?: RuleStatus['cause'];
  readonly reasons: readonly string[];
  readonly sources: readonly SourceId[];
  /** False: it only feeds correlations. */
  readonly standalone: boolean;
}

/** Tag of rules that report nothing by themselves, even where a correlation asks for the matches of what it builds on. */
const FEEDS = 'holdfast.feeds';

/** Rules without a level are taken for medium, as the specification has it that a level is recommended. */
const DEFAULT_LEVEL: Level = 'medium';

export function infoOf(
  rule: SigmaRule | SigmaCorrelation | NativeRule | FollowUpRule,
  origin: Origin,
  status?: RuleStatus,
): RuleInfo {
  return {
    key: rule.key,
    title: rule.title,
    kind: rule.kind,
    origin,
    level: rule.level ?? DEFAULT_LEVEL,
    ...(rule.description === undefined ? {} : { description: rule.description }),
    ...('author' in rule && rule.author !== undefined ? { author: rule.author } : {}),
    ...('license' in rule && rule.license !== undefined ? { license: rule.license } : {}),
    tags: rule.tags,
    references: rule.references,
    falsePositives: rule.falsePositives,
    status: status?.status ?? 'native',
    ...(status?.cause ? { cause: status.cause } : {}),
    reasons: status?.reasons ?? [],
    sources: status?.sources ?? ('sources' in rule ? rule.sources : []),
    standalone: (status?.standalone ?? true) && !rule.tags.includes(FEEDS),
  };
}

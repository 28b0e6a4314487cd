import type { SourceId } from '../../sources.ts';
import type { Level, LogSource, SigmaRule } from './ast.ts';

export type BindingStatus = 'native' | 'mapped' | 'cannot-fire';

/** Why a rule cannot fire: see `RuleStatus.reasons` for the particulars. */
export type CannotFireCause = 'log-source' | 'no-list' | 'record';

/** What became of a rule. A rule that cannot fire is loaded, shown, and not evaluated. */
export interface RuleStatus {
  readonly key: string;
  readonly title: string;
  readonly level: Level | undefined;
  readonly author: string | undefined;
  readonly file: string;
  readonly logSource: LogSource;
  /** native: fields as they lie in our records; mapped: at least one translated field on every shape. */
  readonly status: BindingStatus;
  readonly cause?: CannotFireCause;
  /** For cannot-fire: why. For others: shapes of its log source on which it cannot match, and why. */
  readonly reasons: readonly string[];
  /** Our sources whose records it is run on. Only `import`: holdfast does not collect them itself. */
  readonly sources: readonly SourceId[];
  /** Sigma's field names that were translated. */
  readonly mappedFields: readonly string[];
  /** False: the rule only feeds correlations. */
  readonly standalone: boolean;
}

export const statusBase = (rule: SigmaRule) => ({
  key: rule.key,
  title: rule.title,
  level: rule.level,
  author: rule.author,
  file: rule.file,
  logSource: rule.logSource,
});

/** `azure/signinlogs` */
export const logSourceName = ({ category, product, service }: LogSource): string =>
  [product, category, service].filter((part) => part !== undefined).join('/');

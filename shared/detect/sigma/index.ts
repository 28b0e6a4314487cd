/** The Sigma engine: YAML text in, compiled rules out. Pure: no I/O, no clock. */
export { MemberCutter } from './member-cutter.ts';
export type { MemberValue } from './value-table.ts';
export type { MemberSorter, Sort } from './member-sorter.ts';
export { parseRules, type ParsedRules } from './parse-rules.ts';
export { parsePipelines, type ParsedPipelines, type Pipeline, type Shape } from './pipeline.ts';
export { compile, type CompileInput } from './compile.ts';
export { RuleSet } from './rule-set.ts';
export type { RecordIdentity } from './identity.ts';
export type { PlaceholderLists } from './placeholder-lists.ts';
export type { CorrelatedMatch, FieldExplanation, Match, SelectionExplanation } from './match.ts';
export type { BindingStatus, CannotFireCause, RuleStatus } from './status.ts';
export { formatFault, refuseFaults, type RuleFault } from './faults.ts';
export {
  LEVELS,
  type Condition,
  type Level,
  type SigmaCorrelation,
  type SigmaFilter,
  type SigmaRule,
} from './ast.ts';
export { CorrelationEngine, type CorrelationOptions } from './correlation/engine.ts';
export type { CorrelationChange, CorrelationHit } from './correlation/hit.ts';
export {
  mergeStates,
  parseCorrelationState,
  type CorrelationState,
  type Dropped,
} from './correlation/state.ts';

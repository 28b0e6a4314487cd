import type { RecordRule } from './native-rule.ts';

/** A rule on findings, not on records: it is applied after a batch's findings are stored. */
export interface FollowUpRule extends Omit<RecordRule, 'type' | 'judge' | 'operations' | 'reads' | 'when'> {
  readonly type: 'follow-up';
}

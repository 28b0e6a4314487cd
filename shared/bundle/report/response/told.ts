import type { Inline, StepState, Text } from '../doc.ts';
import { victims, type ReportInput } from '../input.ts';
import { loudest } from './step.ts';

/** What is told of one user within a step. */
export interface Told {
  readonly state: StepState;
  readonly text: Text;
}

const joined = (told: readonly Told[]): Text =>
  told.flatMap((t, i): Inline[] => [...(i === 0 ? [] : [' ']), ...t.text]);

/** A step's state and words, user by user. */
export const each = (
  input: ReportInput,
  tell: (user: string) => Told,
): { state: StepState; because: Text } => {
  const told = victims(input).map(tell);
  if (told.length === 0)
    return {
      state: 'nothing',
      because: ['No account shows a suspicious session.', { file: 'sessions.csv' }],
    };
  return { state: loudest(told.map((t) => t.state)), because: joined(told) };
};

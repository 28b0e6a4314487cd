import { note, paragraph, type Block, type StepState, type Text } from '../doc.ts';

/** One step of the initial response, filled with an incident's ids. */
export interface ResponseStep {
  readonly title: string;
  readonly state: StepState;
  /** What the state rests on. */
  readonly because: Text;
  /** Where in the portal. */
  readonly portal: string;
  readonly commands: readonly { readonly title: string; readonly text: string }[];
  readonly caution?: string;
}

export const stepBlock = (step: ResponseStep, number: number): Block => ({
  kind: 'step',
  state: step.state,
  title: `${number}. ${step.title}`,
  body: [
    paragraph(...step.because),
    paragraph({ strong: 'Portal: ' }, step.portal),
    ...step.commands.map(({ title, text }): Block => ({ kind: 'code', title, text })),
    ...(step.caution ? [note(step.caution)] : []),
  ],
});

/** Of several users' states the one that calls loudest. */
export function loudest(states: readonly StepState[]): StepState {
  for (const state of ['open', 'unknown', 'done'] as const) if (states.includes(state)) return state;
  return 'nothing';
}

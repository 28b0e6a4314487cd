import type { Clock } from '../../clock.ts';
import type { SnapshotFile, SnapshotQuestion, TakeSnapshots } from '../../snapshot.ts';
import type { Parts } from '../report/input.ts';
import type { BundlePlan } from './plan.ts';

const MAX_USERS = 20;
const MAX_APPS = 20;

/** The state that belongs into a bundle, read within `forMs`; none into its core. */
export async function takeSnapshots(
  plan: BundlePlan,
  parts: Parts | undefined,
  deps: { readonly snapshots?: TakeSnapshots; readonly clock: Clock },
  forMs: number,
): Promise<readonly SnapshotFile[]> {
  if (parts === 'core') return [];
  return (await deps.snapshots?.(snapshotQuestion(plan, deps.clock.now() + forMs))) ?? [];
}

/** Whose state is asked for: the people of the question, and the applications it names or was led to. */
export function snapshotQuestion(plan: BundlePlan, deadlineMs: number): SnapshotQuestion {
  const { entities, tenant } = plan.wide;
  return {
    tenant,
    users: plan.people.map((p) => p.name).slice(0, MAX_USERS),
    apps: [...entities.app].slice(0, MAX_APPS),
    deadlineMs,
  };
}

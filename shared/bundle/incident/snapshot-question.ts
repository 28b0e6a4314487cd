import type { SnapshotQuestion } from '../../snapshot.ts';
import type { BundlePlan } from './plan.ts';

const MAX_USERS = 20;
const MAX_APPS = 20;

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

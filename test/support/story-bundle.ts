import {
  DEFAULT_TENANT_ID,
  generateStory,
  storyGroundTruth,
  storyState,
  type GroundTruth,
  type StoryOptions,
} from '../../infra/local/story/index.ts';
import { createTenant } from '../../infra/local/tenant/tenant.ts';
import { planBundle, type BundlePlan } from '../../shared/bundle/incident/plan.ts';
import { snapshotQuestion } from '../../shared/bundle/incident/snapshot-question.ts';
import type { BundleRequest } from '../../shared/bundle/build-bundle.ts';
import type { SnapshotFile } from '../../shared/snapshot.ts';
import { bundleWorld, type BundleWorld } from './bundle-world.ts';
import { stateReaderOf } from './story-snapshots.ts';
import { zipped } from './zipped.ts';

const DAY = 86_400_000;

export const STORY: StoryOptions = {
  nowMs: Date.parse('2026-11-24T18:00:00Z'),
  days: 10,
  records: 12_000,
  users: 60,
};

export const REQUEST: BundleRequest = {
  id: '11111111-1111-4111-8111-111111111111',
  requester: 'yumi.iida@sunnyside-trading.example',
  requestedMs: STORY.nowMs,
  title: 'Case 118-4471: revised invoice',
  zone: 'Europe/Vienna',
};

export interface StoryBundle {
  readonly truth: GroundTruth;
  readonly world: BundleWorld;
  readonly plan: BundlePlan;
  readonly snapshots: readonly SnapshotFile[];
  readonly zip: Buffer;
  readonly files: Map<string, Buffer>;
}

/** The story as it stands in an archive at its present, everything current. */
export async function storyWorld(): Promise<BundleWorld> {
  const { nowMs } = STORY;
  const records = [...generateStory(STORY)].filter(
    (r) => r.availableMs <= nowMs && (r.goneMs === undefined || r.goneMs > nowMs),
  );
  return bundleWorld(DEFAULT_TENANT_ID, records);
}

/** The bundle of the story's first victim, followed one round, with state snapshots of a simulated tenant. */
export async function storyBundle(expand = 1): Promise<StoryBundle> {
  const truth = storyGroundTruth(STORY);
  const world = await storyWorld();
  const scope = {
    tenant: DEFAULT_TENANT_ID,
    entities: { user: [truth.johanna.upn.toLowerCase()], session: [], ip: [], app: [] },
    fromMs: STORY.nowMs - 5 * DAY,
    toMs: STORY.nowMs,
  };
  const plan = await planBundle({ scope, expand }, world.deps);
  const snapshots = await snapshotsOf(plan);
  return {
    truth,
    world,
    plan,
    snapshots,
    ...(await zipped({ request: REQUEST, plan, snapshots }, world.blobs)),
  };
}

export async function snapshotsOf(plan: BundlePlan): Promise<readonly SnapshotFile[]> {
  const tenant = await createTenant({ state: storyState(STORY), tenantId: DEFAULT_TENANT_ID });
  tenant.limits.set('graphReports', false);
  tenant.limits.set('identityProtection', false);
  try {
    return await stateReaderOf(tenant).take(snapshotQuestion(plan, Date.now() + 60_000));
  } finally {
    await tenant.stop();
  }
}

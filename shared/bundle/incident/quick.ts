import { buildBundle, type BundleRequest } from '../build-bundle.ts';
import type { BundleStore } from '../publish.ts';
import type { Scope } from '../scope.ts';
import { estimate, HTTP_SECONDS } from './estimate.ts';
import { zipBlob } from './incident.ts';
import { planBundle, type BundlePlan } from './plan.ts';
import type { IncidentDeps } from './run-incident.ts';
import { takeSnapshots } from './snapshot-question.ts';

/** The answer to `GET /api/bundle`: the zip, a link to it, or "it takes longer". */
export type QuickAnswer =
  | { readonly kind: 'body'; readonly body: Buffer }
  | { readonly kind: 'link'; readonly blob: string }
  | { readonly kind: 'longer'; readonly seconds: number };

/** Body of one HTTP answer at most; above it, a link to the blob. */
export const INLINE_BYTES = 16 * 1024 * 1024;
/** State snapshots of a quick bundle may take so long; what is not read by then says so. */
const SNAPSHOT_MS = 20_000;
/** A build that the estimate was wrong about is given up here, well before Azure's 230 s. */
const GIVE_UP_MS = 170_000;

class TooLong extends Error {
  override readonly name = 'TooLong';
}

export interface QuickQuestion {
  readonly scope: Scope;
  readonly expand: number;
  readonly request: BundleRequest;
}

/** Decides by the index which answer can be kept before anything is read, then keeps it. */
export async function answerQuickly(
  ask: QuickQuestion,
  deps: IncidentDeps,
  store: BundleStore,
): Promise<QuickAnswer> {
  const startMs = deps.clock.now();
  // Following entities reads records before their number is known: that is a background job's work.
  const plan = await planBundle(ask, deps);
  const { seconds } = estimate(plan.located);
  if (seconds > HTTP_SECONDS) return { kind: 'longer', seconds };
  try {
    return await build(ask, plan, startMs + GIVE_UP_MS, deps, store);
  } catch (error) {
    if (error instanceof TooLong) return { kind: 'longer', seconds: GIVE_UP_MS / 1000 };
    throw error;
  }
}

async function build(
  ask: QuickQuestion,
  plan: BundlePlan,
  deadlineMs: number,
  deps: IncidentDeps,
  store: BundleStore,
): Promise<QuickAnswer> {
  const snapshots = await takeSnapshots(plan, ask.request.parts, deps, SNAPSHOT_MS);
  const blob = zipBlob(ask.scope.tenant, ask.request.id);
  const watch = (): Promise<void> =>
    deps.clock.now() > deadlineMs ? Promise.reject(new TooLong()) : Promise.resolve();
  const { body } = await store.write(blob, INLINE_BYTES, async (sink) => {
    await buildBundle({ request: ask.request, plan, snapshots }, deps.blobs, sink, watch);
  });
  return body ? { kind: 'body', body } : { kind: 'link', blob };
}

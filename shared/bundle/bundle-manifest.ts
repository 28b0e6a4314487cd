import { SOFTWARE } from '../archive/manifest.ts';
import { formatSeconds } from '../instant.ts';
import type { BundleInput } from './build-bundle.ts';
import type { Gathered } from './content.ts';
import { leftOut } from './twins.ts';
import { segmentsOf, type SegmentUse, type StatedHashes } from './evidence.ts';
import type { WrittenFile } from './zip.ts';

/** `manifest.json`: what each file is, from which query, segments and seals, and who asked for it when. */
export function bundleManifest(
  { request, plan }: BundleInput,
  gathered: Pick<Gathered, 'count' | 'events' | 'unlisted' | 'twins'>,
  files: readonly WrittenFile[],
  stated: StatedHashes,
): unknown {
  const all = request.parts !== 'core';
  const segments = segmentsOf(plan.located, all ? stated : undefined);
  return {
    format: 1,
    software: SOFTWARE,
    parts: request.parts ?? 'all',
    ...(!all && { evidence: 'left out: ask for the bundle with all its parts to prove it' }),
    request: {
      id: request.id,
      ...(request.title !== undefined && { title: request.title }),
      requester: request.requester,
      requestedAt: new Date(request.requestedMs).toISOString(),
    },
    query: {
      tenant: plan.scope.tenant,
      from: formatSeconds(plan.scope.fromMs),
      to: formatSeconds(plan.scope.toMs),
      entities: plan.scope.entities,
      expand: plan.expansion.depth,
      keys: plan.keys,
      ...(plan.messages.length > 0 && { messages: plan.messages }),
    },
    expansion: { included: plan.expansion.included, notFollowed: plan.expansion.notFollowed },
    records: gathered.count,
    events: gathered.events,
    unlisted: gathered.unlisted,
    leftOut: leftOut(gathered.twins),
    files: files.map((file) => ({ ...file, ...originOf(file.path, segments) })),
    segments: [...segments.values()].flat(),
    seals: plan.seals.map(({ path, covers }) => ({
      path,
      ...(all && { file: `evidence/seals/${path.split('/').at(-1)!}` }),
      covers,
    })),
  };
}

/** Which segments a file of records came from; other files tell of all of them. */
function originOf(path: string, segments: ReadonlyMap<string, readonly SegmentUse[]>) {
  const source = /^records\/(.+)\.ndjson$/.exec(path)?.[1];
  return source === undefined ? {} : { segments: (segments.get(source) ?? []).map((s) => s.path) };
}

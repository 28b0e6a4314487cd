import { analyse } from './analysis/analyse.ts';
import { People } from '../detect/pivot/session/people.ts';
import { bundleManifest } from './bundle-manifest.ts';
import { gather, type Gathered } from './content.ts';
import { evidenceFiles, StatedHashes } from './evidence.ts';
import { isSerious } from './findings.ts';
import type { BundleContent, BundleFile } from './formats/format.ts';
import { CORE_FORMATS, FORMATS } from './formats/index.ts';
import { estimate } from './incident/estimate.ts';
import { wantedOf, type BundlePlan } from './incident/plan.ts';
import { readRecords } from './read-records.ts';
import type { BundleRequest, ReportInput } from './report/input.ts';
import { MemoryMeter, SMALL } from './release-memory.ts';
import type { SnapshotFile } from '../snapshot.ts';
import type { BlobStore } from '../store/stores.ts';
import { searchLast, Twins } from './twins.ts';
import { writeZip, type WrittenFile } from './zip.ts';

export type { BundleRequest } from './report/input.ts';

/** What was fixed before the first record is read: from here on, equal input makes equal bytes. */
export interface BundleInput {
  readonly request: BundleRequest;
  readonly plan: BundlePlan;
  readonly snapshots: readonly SnapshotFile[];
}

/** Told how far the work is; may throw to stop it. */
export type Progress = (step: 'read' | 'write', done: number, total: number) => Promise<void>;

const silent: Progress = () => Promise.resolve();

/** Writes the bundle's zip into `sink` as it is made. Memory does not grow with the records. */
export async function buildBundle(
  input: BundleInput,
  blobs: BlobStore,
  sink: NodeJS.WritableStream,
  progress: Progress = silent,
): Promise<{ records: number; files: readonly WrittenFile[] }> {
  const { plan } = input;
  const located = searchLast(plan.located);
  const meter = new MemoryMeter(SMALL);
  const messages = new Set(plan.messages);
  const found = readRecords(located, plan.wide, wantedOf(plan), blobs, { messages, meter });
  const ask = {
    twins: new Twins(located),
    lookFor: citedIds(plan),
    again: input.request.parts !== 'core',
  };
  const expected = estimate(located).records;
  const gathered = await gather(found, ask, (done) => progress('read', done, expected));
  try {
    const stated = new StatedHashes();
    const files =
      input.request.parts === 'core'
        ? CORE_FORMATS.flatMap((format) => format({ ...gathered, plan }))
        : [
            ...(await formatted(input, gathered)),
            ...evidenceFiles(plan.located, plan.seals, blobs, { stated, meter }),
          ];
    const written = await writeZip(files, (done) => bundleManifest(input, gathered, done, stated), sink, {
      beat: (done) => progress('write', done, files.length + 2),
      meter,
    });
    return { records: gathered.count, files: written };
  } finally {
    await gathered.dispose();
  }
}

/** Records that the plan names by their own ids, before they have a place in the bundle. */
const citedIds = (plan: BundlePlan): ReadonlySet<string> =>
  new Set([
    ...plan.expansion.included.flatMap((i) => i.records.map((r) => r.id)),
    ...plan.findings.flatMap((f) => f.recordIds),
  ]);

async function formatted(input: BundleInput, gathered: Gathered): Promise<BundleFile[]> {
  const content = await contentOf(input, gathered);
  return FORMATS.flatMap((format) => format(content));
}

async function contentOf(input: BundleInput, gathered: Gathered): Promise<BundleContent> {
  const { plan, snapshots, request } = input;
  const serious = plan.findings.filter((f) => isSerious(f) && f.session !== '' && f.state !== 'suppressed');
  const analysis = await analyse(gathered.records, gathered.order, {
    people: new People(plan.people),
    habits: new Map(Object.entries(plan.habits)),
    asked: plan.scope.entities.session,
    findings: serious.map((f) => f.session),
  });
  const report: ReportInput = {
    request,
    plan,
    analysis,
    snapshots,
    records: gathered.count,
    twins: gathered.twins,
    events: gathered.events,
    numberOf: gathered.numberOf,
  };
  return { ...gathered, plan, snapshots, analysis, report };
}

import { isHoldfastError } from '../errors.ts';
import { manifestPath, sealPath, type SegmentRef } from '../layout.ts';
import { digestOf, parseRecord } from '../record.ts';
import { DigestSet } from './known.ts';
import { manifestSchema, type Manifest } from './manifest.ts';
import { parseSeal, sealHash, type Seal } from './seal.ts';
import { linkFaults } from './verify-chain.ts';
import { problem, type Problem } from './verify-problem.ts';

/**
 * Proves offline, from what a bundle carries, that its records are in sealed segments: the digest of a line is among
 * a manifest's `digests`, the manifest's hash is in a seal, the seal's Merkle root and own hash hold, and the seals
 * follow one another. Pure; paths within the bundle do not matter, the files say themselves what they are.
 */
export interface EvidenceFile {
  /** Where it lies in the bundle, for messages. */
  readonly name: string;
  readonly body: Buffer;
}

export type LineProof = 'sealed' | 'unsealed' | 'unknown';

interface ReadSeal {
  readonly name: string;
  readonly seal: Seal;
  readonly sha256: string;
}

interface ReadManifest {
  readonly manifest: Manifest;
  readonly sealed: boolean;
  readonly digests: DigestSet;
}

export class BundleEvidence {
  readonly problems: readonly Problem[];
  readonly manifests: number;
  readonly sealedManifests: number;
  /** Newest seal in the bundle: compare its hash with one noted elsewhere. */
  readonly head: { readonly date: string; readonly sha256: string } | undefined;
  readonly #bySource = new Map<string, ReadManifest[]>();

  constructor(manifests: readonly EvidenceFile[], seals: readonly EvidenceFile[]) {
    const problems: Problem[] = [];
    const chain = readSeals(seals, problems);
    const sealed = new Map(
      chain.flatMap(({ seal }) => seal.entries.map((entry) => [entry.path, entry.sha256] as const)),
    );
    const read = manifests.flatMap((file) => readManifestFile(file, sealed, problems));
    for (const one of read) {
      const list = this.#bySource.get(one.manifest.source) ?? [];
      this.#bySource.set(one.manifest.source, [...list, one]);
    }
    this.problems = problems;
    this.manifests = read.length;
    this.sealedManifests = read.filter((one) => one.sealed).length;
    const last = chain.at(-1);
    this.head = last && { date: last.seal.date, sha256: last.sha256 };
  }

  /** What the evidence says of one line of `records/<source>.ndjson`, as it stands there without its line feed. */
  prove(source: string, line: Buffer): LineProof {
    const digest = digestOf(parseRecord(line));
    const found = (this.#bySource.get(source) ?? []).filter(({ digests }) => digests.find(digest).exact);
    if (found.length === 0) return 'unknown';
    return found.some((one) => one.sealed) ? 'sealed' : 'unsealed';
  }
}

/** The seals that hold, by date. Neighbours in the chain must name one another; others may be left out of a bundle. */
function readSeals(files: readonly EvidenceFile[], problems: Problem[]): ReadSeal[] {
  const read = files
    .flatMap((file) => readSealFile(file, problems))
    .sort((a, b) => (a.seal.date < b.seal.date ? -1 : 1));
  for (const [i, { name, seal }] of read.entries()) {
    const before = read[i - 1];
    if (before && seal.sequence === before.seal.sequence + 1)
      problems.push(
        ...linkFaults(sealPath(seal.tenant, seal.date), seal, {
          date: before.seal.date,
          sha256: before.sha256,
        }).map((found) => ({ ...found, blob: name })),
      );
    else if (before && seal.sequence <= before.seal.sequence)
      problems.push(
        problem('chain', name, `number ${seal.sequence} comes after number ${before.seal.sequence}`),
      );
  }
  return read;
}

function readSealFile({ name, body }: EvidenceFile, problems: Problem[]): ReadSeal[] {
  try {
    const { tenant, date } = JSON.parse(body.toString('utf8')) as { tenant: string; date: string };
    return [{ name, seal: parseSeal(sealPath(tenant, date), body), sha256: sealHash(body) }];
  } catch (error) {
    if (
      !isHoldfastError(error, 'archive-corrupt') &&
      !(error instanceof SyntaxError) &&
      !(error instanceof TypeError)
    )
      throw error;
    const reason = isHoldfastError(error) ? String(error.ids['reason'] ?? error.message) : 'it is not JSON';
    problems.push(problem('changed', name, reason));
    return [];
  }
}

function readManifestFile(
  { name, body }: EvidenceFile,
  sealed: ReadonlyMap<string, string>,
  problems: Problem[],
): ReadManifest[] {
  const manifest = parsed(body);
  if (!manifest) {
    problems.push(problem('changed', name, 'it is not a manifest'));
    return [];
  }
  const stated = sealed.get(manifestPath(manifest as SegmentRef));
  const isSealed = stated === sealHash(body);
  if (stated !== undefined && !isSealed)
    problems.push(problem('changed', name, 'its SHA-256 is not the one that was sealed'));
  // A changed manifest proves nothing.
  if (stated !== undefined && !isSealed) return [];
  return [{ manifest, sealed: isSealed, digests: new DigestSet(Buffer.from(manifest.digests, 'base64')) }];
}

function parsed(body: Buffer): Manifest | undefined {
  try {
    return manifestSchema.parse(JSON.parse(body.toString('utf8')));
  } catch {
    return undefined;
  }
}

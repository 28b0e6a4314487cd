import type { Clock } from '../clock.ts';
import {
  evidenceKind,
  manifestPath,
  parseArchivePath,
  segmentName,
  segmentPath,
  sealPrefix,
  type SegmentRef,
} from '../layout.ts';
import { inParallel } from '../parallel.ts';
import type { BlobStore } from '../store/stores.ts';
import { sealedRoots } from './seal-run.ts';
import { parseSeal, type SealEntry } from './seal.ts';
import { readChain, type Chain, type ChainLink } from './verify-chain.ts';
import { verifyBlob } from './verify-blob.ts';
import { problem, type Problem } from './verify-problem.ts';
import type { VerifyProgress } from './verify-progress.ts';

/**
 * Derives everything anew from the blobs of one tenant and names what does not fit: first the seals and all that they
 * list, then every blob there is. Resumable after each batch; memory is one segment per task plus 16 bytes a sealed
 * path.
 */
export interface VerifyOptions {
  readonly blobs: BlobStore;
  readonly clock: Clock;
  /** Work ends at about this time; the progress then says where to go on. */
  readonly deadlineMs?: number;
  /** Hash of a seal noted earlier elsewhere: it must be in the chain. */
  readonly head?: string;
  readonly onProblem?: (problem: Problem) => void;
  /** Told after every batch. */
  readonly onProgress?: (progress: VerifyProgress) => Promise<void> | void;
  /** How long a segment may stand without its manifest before it counts as surplus. */
  readonly graceMs?: number;
}

const BATCH = 48;
/** Segments in memory at a time; each is at most 64 MiB of text. */
const WIDTH = 2;
const MAX_NAMED = 500;
/** Named of one date: a file called 999999 is one finding, not a million. */
const MAX_HOLES = 20;

export async function verifyTenant(
  o: VerifyOptions,
  tenant: string,
  from: VerifyProgress,
): Promise<VerifyProgress> {
  return new Verification(o, tenant, from).run();
}

class Verification {
  readonly #o: VerifyOptions;
  readonly #tenant: string;
  readonly #p: VerifyProgress;
  readonly #named: Set<string>;

  constructor(o: VerifyOptions, tenant: string, from: VerifyProgress) {
    this.#o = o;
    this.#tenant = tenant;
    this.#p = structuredClone(from);
    this.#named = new Set(from.problems.map(keyOf));
  }

  async run(): Promise<VerifyProgress> {
    const chain = await readChain(this.#o.blobs, this.#tenant);
    this.#chainFacts(chain);
    if (this.#p.phase === 'seals' && (await this.#seals(chain))) this.#p.phase = 'sweep';
    if (this.#p.phase === 'sweep' && (await this.#sweep(chain))) {
      this.#p.phase = 'done';
      this.#p.finishedAt = new Date(this.#o.clock.now()).toISOString();
    }
    await this.#o.onProgress?.(this.#p);
    return this.#p;
  }

  #chainFacts({ links, problems }: Chain): void {
    const last = links.at(-1);
    this.#p.seals = links.length;
    this.#p.head = last ? { date: last.date, sha256: last.sha256 } : null;
    for (const found of problems) this.#note(found);
    const { head } = this.#o;
    if (head !== undefined && !links.some((link) => link.sha256 === head))
      this.#note(
        problem('missing', sealPrefix(this.#tenant), `no seal has the hash ${head} that was noted earlier`),
      );
  }

  #note(found: Problem): void {
    if (this.#named.has(keyOf(found))) return;
    this.#p.problemCount++;
    if (this.#p.problems.length < MAX_NAMED) {
      this.#named.add(keyOf(found));
      this.#p.problems.push(found);
    }
    this.#o.onProblem?.(found);
  }

  #late(): boolean {
    return this.#o.deadlineMs !== undefined && this.#o.clock.now() >= this.#o.deadlineMs;
  }

  /** All that the seals list. True when through. */
  async #seals({ links }: Chain): Promise<boolean> {
    for (const link of links.filter((l) => l.date >= this.#p.seal)) {
      if (link.date > this.#p.seal) Object.assign(this.#p, { seal: link.date, entry: 0 });
      const entries = await this.#entries(link);
      while (this.#p.entry < entries.length) {
        if (this.#late()) return false;
        const batch = entries.slice(this.#p.entry, this.#p.entry + BATCH);
        await inParallel(batch, WIDTH, (entry) => this.#blob(entry.path, entry.sha256));
        this.#p.entry += batch.length;
        await this.#o.onProgress?.(this.#p);
      }
    }
    return true;
  }

  /** None of a damaged seal: the chain's own check has named it. */
  async #entries(link: ChainLink): Promise<readonly SealEntry[]> {
    if (link.entries === 0) return [];
    const body = await this.#o.blobs.get(link.path);
    return body ? parseSeal(link.path, body).entries : [];
  }

  async #blob(path: string, sealed: string | undefined): Promise<void> {
    const { problems, records, bytes } = await verifyBlob(this.#o.blobs, path, sealed);
    for (const found of problems) this.#note(found);
    this.#p.records += records;
    this.#p.bytes += bytes;
    if (sealed === undefined) this.#p.unsealed++;
    const kind = evidenceKind(path);
    if (kind === 'manifest') this.#p.manifests++;
    else if (kind === 'receipt') this.#p.receipts++;
  }

  /** All blobs there are, folder by folder. True when through. */
  async #sweep(chain: Chain): Promise<boolean> {
    const roots = [...sealedRoots(this.#tenant), sealPrefix(this.#tenant)].sort();
    for (const root of roots) {
      for await (const folder of foldersOf(this.#o.blobs, root)) {
        const last = folder.at(-1)!;
        if (last <= this.#p.blob) continue;
        if (this.#late()) return false;
        await this.#folder(folder, chain);
        this.#p.blob = last;
        await this.#o.onProgress?.(this.#p);
      }
    }
    return true;
  }

  async #folder(names: readonly string[], { sealed }: Chain): Promise<void> {
    const known: string[] = [];
    for (const name of names) {
      const kind = evidenceKind(name);
      if (kind === undefined) this.#note(problem('surplus', name, 'holdfast writes no such file'));
      else if (kind !== 'segment' && kind !== 'seal' && !sealed.has(name)) known.push(name);
    }
    await inParallel(known, WIDTH, (name) => this.#blob(name, undefined));
    await this.#pairs(names, sealed);
  }

  /** Segments without manifest, and numbers that are left out: segments are numbered without holes. */
  async #pairs(names: readonly string[], sealed: { has(path: string): boolean }): Promise<void> {
    const present = new Set(names);
    const refs = names.map(parseArchivePath).filter((ref) => ref !== undefined);
    const last = Math.max(0, ...refs.map((ref) => Number(ref.segment)));
    const orphans: SegmentRef[] = [];
    for (let n = 1, holes = 0; n <= last && holes < MAX_HOLES; n++) {
      const ref: SegmentRef = { ...refs[0]!, segment: segmentName(n) };
      const [segment, manifest] = [present.has(segmentPath(ref)), present.has(manifestPath(ref))];
      if (segment && !manifest) orphans.push(ref);
      // What is sealed and gone was named with its seal.
      else if (!segment && !manifest && !sealed.has(manifestPath(ref))) {
        this.#note(problem('missing', segmentPath(ref), 'later numbers of its date are there'));
        holes++;
      }
    }
    await this.#orphans(orphans.filter((ref) => !sealed.has(manifestPath(ref))));
  }

  /** A writer may be just between segment and manifest. */
  async #orphans(refs: readonly SegmentRef[]): Promise<void> {
    if (refs.length === 0) return;
    await this.#o.clock.sleep(this.#o.graceMs ?? 10_000);
    for (const ref of refs) {
      if (!(await this.#o.blobs.info(manifestPath(ref))))
        this.#note(
          problem(
            'surplus',
            segmentPath(ref),
            'a segment without manifest: the next writer of its date adopts it',
          ),
        );
    }
  }
}

const keyOf = (p: Problem): string => `${p.kind}\n${p.blob}\n${p.reason}`;

/** Up to the date, so that nothing put in below it tears a day apart. */
const FOLDER = /^.*?\/date=[^/]*\/|^.*\//;

/** The names under a prefix in name order, by folder: one folder is one source's day. */
async function* foldersOf(blobs: BlobStore, root: string): AsyncIterable<string[]> {
  let [folder, names]: [string, string[]] = ['', []];
  for await (const { name } of blobs.list(root)) {
    const at = FOLDER.exec(name)?.[0] ?? '';
    if (at !== folder && names.length > 0) {
      yield names;
      names = [];
    }
    folder = at;
    names.push(name);
  }
  if (names.length > 0) yield names;
}

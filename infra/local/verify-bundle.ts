import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { openPromise, type Entry, type ZipFile } from 'yauzl';
import { z } from 'zod';
import { BundleEvidence, type EvidenceFile } from '../../shared/archive/bundle-evidence.ts';
import { problem, type Problem } from '../../shared/archive/verify-problem.ts';

/** What an offline check of a bundle found. */
export interface BundleVerdict {
  readonly problems: readonly Problem[];
  readonly files: number;
  readonly records: number;
  /** Lines proven to be in a sealed segment. */
  readonly sealed: number;
  /** Lines in a segment that no seal of the bundle lists yet: not proven, and no sign of a fault. */
  readonly unsealed: number;
  /** Whether the bundle carries manifests and seals at all. */
  readonly evidence: boolean;
  readonly head: { readonly date: string; readonly sha256: string } | undefined;
}

const bundleManifest = z.looseObject({
  files: z.array(
    z.looseObject({
      path: z.string(),
      bytes: z.number(),
      sha256: z.string(),
      records: z.number().optional(),
    }),
  ),
});

interface Seen {
  readonly bytes: number;
  readonly sha256: string;
  readonly lines: number;
}

const SUMS = 'SHA256SUMS';
const MANIFEST = 'manifest.json';
const MAX_NAMED = 200;
/** One file that is read whole: a seal or manifest; larger ones are no such thing. */
const MAX_WHOLE = 256 * 1024 * 1024;

/** Verifies a bundle's zip without any other source. Streams; holds the evidence, never the records. */
export async function verifyBundle(path: string): Promise<BundleVerdict> {
  const zip = await openPromise(path, { lazyEntries: true, autoClose: false });
  try {
    return await new BundleCheck(zip).run();
  } finally {
    zip.close();
  }
}

class BundleCheck {
  readonly #zip: ZipFile;
  readonly #problems: Problem[] = [];
  readonly #seen = new Map<string, Seen>();
  readonly #counts = { sealed: 0, unsealed: 0, records: 0 };

  constructor(zip: ZipFile) {
    this.#zip = zip;
  }

  async run(): Promise<BundleVerdict> {
    const entries = await this.#entries();
    const evidence = await this.#evidence(entries);
    for (const [name, entry] of entries) await this.#file(name, entry, evidence);
    await this.#sums(entries);
    await this.#manifest(entries);
    return {
      problems: this.#problems,
      files: entries.size,
      ...this.#counts,
      evidence: evidence !== undefined,
      head: evidence?.head,
    };
  }

  #note(found: Problem): void {
    if (this.#problems.length < MAX_NAMED) this.#problems.push(found);
  }

  async #entries(): Promise<Map<string, Entry>> {
    const entries = new Map<string, Entry>();
    for await (const entry of this.#zip.eachEntry()) {
      // Two files of one name: tools differ in which one they show.
      if (entries.has(entry.fileName))
        this.#note(problem('surplus', entry.fileName, 'the zip holds it twice'));
      entries.set(entry.fileName, entry);
    }
    return entries;
  }

  async #evidence(entries: ReadonlyMap<string, Entry>): Promise<BundleEvidence | undefined> {
    const read = (folder: string): Promise<EvidenceFile[]> =>
      Promise.all(
        [...entries]
          .filter(([name]) => name.startsWith(folder) && !name.endsWith('/'))
          .map(async ([name, entry]) => ({ name, body: await this.#whole(entry) })),
      );
    const manifests = await read('evidence/manifests/');
    const seals = await read('evidence/seals/');
    if (manifests.length + seals.length === 0) return undefined;
    const evidence = new BundleEvidence(manifests, seals);
    for (const found of evidence.problems) this.#note(found);
    return evidence;
  }

  /** Empty when it cannot be read; `#file` names why. */
  async #whole(entry: Entry): Promise<Buffer> {
    if (entry.uncompressedSize > MAX_WHOLE) throw new Error(`${entry.fileName} is too large to be evidence`);
    const parts: Buffer[] = [];
    try {
      for await (const part of await this.#zip.openReadStreamPromise(entry)) parts.push(part as Buffer);
    } catch {
      return Buffer.alloc(0);
    }
    return Buffer.concat(parts);
  }

  async #file(name: string, entry: Entry, evidence: BundleEvidence | undefined): Promise<void> {
    const source = /^records\/(.+)\.ndjson$/.exec(name)?.[1];
    const hash = createHash('sha256');
    let [bytes, lines] = [0, 0];
    const take = (part: Buffer): void => {
      hash.update(part);
      bytes += part.length;
    };
    try {
      const stream = await this.#zip.openReadStreamPromise(entry);
      for await (const line of linesIn(stream, take)) {
        if (source === undefined || line.length === 0) continue;
        lines++;
        if (evidence) this.#prove(evidence, name, source, line, lines);
      }
    } catch (error) {
      this.#note(problem('changed', name, `it cannot be read: ${(error as Error).message}`));
    }
    this.#counts.records += lines;
    this.#seen.set(name, { bytes, sha256: hash.digest('hex'), lines });
  }

  #prove(evidence: BundleEvidence, name: string, source: string, line: Buffer, number: number): void {
    const proof = evidence.prove(source, line);
    if (proof === 'sealed') this.#counts.sealed++;
    else if (proof === 'unsealed') this.#counts.unsealed++;
    else
      this.#note(problem('surplus', name, `line ${number} is in no segment whose manifest the bundle holds`));
  }

  async #sums(entries: ReadonlyMap<string, Entry>): Promise<void> {
    const entry = entries.get(SUMS);
    if (!entry) return this.#note(problem('missing', SUMS, 'a bundle lists the hashes of its files there'));
    const listed = new Set<string>();
    for (const line of (await this.#whole(entry)).toString('utf8').split('\n').filter(Boolean)) {
      const [, sha256, path] = /^([0-9a-f]{64}) [ *](.+)$/.exec(line) ?? [];
      if (sha256 === undefined || path === undefined) {
        this.#note(problem('changed', SUMS, `it has a line that is no hash: ${line.slice(0, 80)}`));
        continue;
      }
      listed.add(path);
      this.#expect(path, sha256, SUMS);
    }
    for (const name of entries.keys())
      if (name !== SUMS && !name.endsWith('/') && !listed.has(name))
        this.#note(problem('surplus', name, `${SUMS} does not list it`));
  }

  #expect(path: string, sha256: string, by: string): Seen | undefined {
    const seen = this.#seen.get(path);
    if (!seen) this.#note(problem('missing', path, `${by} lists it`));
    else if (seen.sha256 !== sha256)
      this.#note(problem('changed', path, `its SHA-256 is not the one in ${by}`));
    return seen;
  }

  async #manifest(entries: ReadonlyMap<string, Entry>): Promise<void> {
    const entry = entries.get(MANIFEST);
    if (!entry) return this.#note(problem('missing', MANIFEST, 'every bundle has one'));
    const parsed = bundleManifest.safeParse(parseJson(await this.#whole(entry)));
    if (!parsed.success) return this.#note(problem('changed', MANIFEST, 'it is not a manifest of a bundle'));
    for (const file of parsed.data.files) {
      const seen = this.#expect(file.path, file.sha256, MANIFEST);
      if (
        seen &&
        file.records !== undefined &&
        file.path.startsWith('records/') &&
        seen.lines !== file.records
      )
        this.#note(problem('inconsistent', file.path, `${seen.lines} records instead of ${file.records}`));
    }
  }
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Lines without their line feeds; `take` sees every byte. */
async function* linesIn(stream: Readable, take: (part: Buffer) => void): AsyncIterable<Buffer> {
  let rest: Buffer[] = [];
  for await (const part of stream as AsyncIterable<Buffer>) {
    take(part);
    let start = 0;
    for (let end = part.indexOf(0x0a); end !== -1; end = part.indexOf(0x0a, start)) {
      yield Buffer.concat([...rest, part.subarray(start, end)]);
      rest = [];
      start = end + 1;
    }
    if (start < part.length) rest.push(Buffer.from(part.subarray(start)));
  }
  if (rest.length > 0) yield Buffer.concat(rest);
}

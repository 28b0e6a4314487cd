import { createHash } from 'node:crypto';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ZipFile } from 'yazl';
import { readManifest, SOFTWARE } from '../archive/manifest.ts';
import type { SourceCoverage } from '../archive/coverage.ts';
import { formatSeconds } from '../instant.ts';
import { segmentPath } from '../layout.ts';
import { gather, type GatheredContent } from './content.ts';
import type { BundleFile } from './formats/format.ts';
import { FORMATS } from './formats/index.ts';
import { wantedKeys, type WantedKeys } from './matcher.ts';
import { locate, readRecords, type ReadDeps, type SegmentChunks } from './read-records.ts';
import type { Scope } from './scope.ts';

export interface BundleRequest {
  readonly id: string;
  readonly scope: Scope;
  readonly requester: string;
  readonly requestedMs: number;
  readonly title?: string;
}

export interface BundleDeps extends ReadDeps {
  readonly coverage: (tenant: string, fromMs: number, toMs: number) => Promise<readonly SourceCoverage[]>;
}

export interface WrittenFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly records?: number;
}

/** Two bundles of the same archive and request differ in the request's own facts only: no clock gets in. */
const ZIP_TIME = new Date(Date.UTC(2000, 0, 1));

/** Writes the bundle's zip into `sink` as it is made. Memory does not grow with the records. */
export async function buildBundle(
  request: BundleRequest,
  deps: BundleDeps,
  sink: NodeJS.WritableStream,
): Promise<{ records: number; files: readonly WrittenFile[] }> {
  const wanted = await wantedKeys(request.scope, deps.tables);
  const located = await locate(request.scope, wanted, deps.tables);
  const content = await gather(readRecords(located, request.scope, wanted, deps.blobs));
  try {
    const coverage = await deps.coverage(request.scope.tenant, request.scope.fromMs, request.scope.toMs);
    const files: BundleFile[] = [
      ...FORMATS.flatMap((format) => format(content)),
      {
        path: 'coverage.json',
        content: () =>
          json({
            from: formatSeconds(request.scope.fromMs),
            to: formatSeconds(request.scope.toMs),
            sources: coverage,
          }),
      },
    ];
    const written = await zip(
      files,
      (done) => manifestOf(request, wanted, located, content, done, deps),
      sink,
    );
    return { records: content.count, files: written };
  } finally {
    await content.dispose();
  }
}

async function* json(value: unknown): AsyncIterable<string> {
  yield `${JSON.stringify(value, null, 2)}\n`;
  await Promise.resolve();
}

type ManifestMaker = (done: readonly WrittenFile[]) => Promise<unknown>;

async function zip(
  files: readonly BundleFile[],
  manifest: ManifestMaker,
  sink: NodeJS.WritableStream,
): Promise<WrittenFile[]> {
  const archive = new ZipFile();
  const done: WrittenFile[] = [];
  const failed = new AbortController();
  const add = (file: BundleFile): void =>
    archive.addReadStreamLazy(file.path, { mtime: ZIP_TIME, compress: true }, (give) => {
      const source = Readable.from(hashed(file, done));
      source.once('error', (error) => failed.abort(error));
      give(null, source);
    });
  for (const file of files) add(file);
  // Both are made when their turn comes: all before them is written and hashed by then.
  add({
    path: 'manifest.json',
    content: () => later(async () => `${JSON.stringify(await manifest(done), null, 2)}\n`),
  });
  add({
    path: 'SHA256SUMS',
    content: () => later(() => Promise.resolve(done.map((f) => `${f.sha256}  ${f.path}\n`).join(''))),
  });
  archive.end();
  const output = new PassThrough({ highWaterMark: 1024 * 1024 });
  archive.once('error', (error) => failed.abort(error));
  archive.outputStream.pipe(output);
  await pipeline(output, sink, { signal: failed.signal }).catch((error: unknown) => {
    throw failed.signal.aborted ? (failed.signal.reason as Error) : error;
  });
  return done;
}

async function* later(make: () => Promise<string>): AsyncIterable<string> {
  yield await make();
}

const BLOCK = 256 * 1024;

/** The file's bytes in blocks, noted with their hash once they have all gone by. */
async function* hashed(file: BundleFile, done: WrittenFile[]): AsyncIterable<Buffer> {
  const hash = createHash('sha256');
  let bytes = 0;
  let [block, size]: [Buffer[], number] = [[], 0];
  const take = (): Buffer => {
    const whole = Buffer.concat(block, size);
    [block, size] = [[], 0];
    hash.update(whole);
    bytes += whole.length;
    return whole;
  };
  for await (const piece of file.content()) {
    const buffer = typeof piece === 'string' ? Buffer.from(piece) : piece;
    block.push(buffer);
    size += buffer.length;
    if (size >= BLOCK) yield take();
  }
  if (size > 0) yield take();
  done.push({
    path: file.path,
    bytes,
    sha256: hash.digest('hex'),
    ...(file.records !== undefined && { records: file.records }),
  });
}

async function manifestOf(
  request: BundleRequest,
  wanted: WantedKeys,
  located: readonly SegmentChunks[],
  content: GatheredContent,
  files: readonly WrittenFile[],
  deps: BundleDeps,
): Promise<unknown> {
  const { scope } = request;
  return {
    format: 1,
    software: SOFTWARE,
    request: {
      id: request.id,
      ...(request.title !== undefined && { title: request.title }),
      requester: request.requester,
      requestedAt: new Date(request.requestedMs).toISOString(),
    },
    query: {
      tenant: scope.tenant,
      from: formatSeconds(scope.fromMs),
      to: formatSeconds(scope.toMs),
      entities: scope.entities,
      keys: Object.fromEntries(Object.entries(wanted).map(([kind, keys]) => [kind, [...keys].sort()])),
    },
    records: content.count,
    events: content.events,
    unlisted: content.unlisted,
    files,
    segments: await segmentsOf(located, deps),
  };
}

/** The archive segments that were read, with the hashes their manifests (and so the seals) state. */
async function segmentsOf(located: readonly SegmentChunks[], deps: BundleDeps): Promise<unknown[]> {
  const segments: unknown[] = [];
  for (const { ref, chunks } of located) {
    const manifest = await readManifest(deps.blobs, ref);
    segments.push({ path: segmentPath(ref), sha256: manifest?.sha256, chunks: chunks.map((c) => c.index) });
  }
  return segments;
}

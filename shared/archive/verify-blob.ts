import { hash } from 'node:crypto';
import { isHoldfastError } from '../errors.ts';
import {
  evidenceKind,
  manifestPath,
  parseArchivePath,
  receiptPath,
  segmentPath,
  type SegmentRef,
} from '../layout.ts';
import type { SourceId } from '../sources.ts';
import type { BlobStore } from '../store/stores.ts';
import { parseManifest, type Manifest } from './manifest.ts';
import { parseReceipt, type Receipt } from './receipt.ts';
import { parseReconciliation } from './reconciliation.ts';
import { parseSubscriptionNote } from './subscription-note.ts';
import { problem, type Problem } from './verify-problem.ts';
import { verifySegment } from './verify-segment.ts';

export interface BlobVerdict {
  readonly problems: readonly Problem[];
  /** Records of the segment, where the blob is a manifest. */
  readonly records: number;
  /** Bytes read. */
  readonly bytes: number;
}

const verdict = (problems: readonly Problem[], bytes = 0, records = 0): BlobVerdict => ({
  problems,
  bytes,
  records,
});

/**
 * Verifies one manifest (with its segment), receipt, reconciliation or another piece of evidence.
 * @param sealed SHA-256 that its seal states; undefined when it is not sealed yet
 */
export async function verifyBlob(
  blobs: BlobStore,
  path: string,
  sealed: string | undefined,
): Promise<BlobVerdict> {
  const body = await blobs.get(path);
  if (!body) return verdict([problem('missing', path, 'a seal lists it')]);
  const changed = sealed !== undefined && hash('sha256', body, 'hex') !== sealed;
  const problems = changed ? [problem('changed', path, 'its SHA-256 is not the one that was sealed')] : [];
  const content = await verifyContent(blobs, path, body);
  return verdict(
    // A changed blob that no longer reads is one finding, not two.
    problems.length > 0
      ? [...problems, ...content.problems.filter((p) => p.blob !== path)]
      : content.problems,
    body.length + content.bytes,
    content.records,
  );
}

async function verifyContent(blobs: BlobStore, path: string, body: Buffer): Promise<BlobVerdict> {
  try {
    const kind = evidenceKind(path);
    if (kind === 'manifest') return await verifyManifest(blobs, path, parseManifest(path, body));
    if (kind === 'receipt') return verdict(await receiptProblems(blobs, path, parseReceipt(path, body)));
    if (kind === 'reconciliation') parseReconciliation(path, body);
    if (kind === 'subscription') parseSubscriptionNote(path, body);
    return verdict([]);
  } catch (error) {
    if (!isHoldfastError(error, 'archive-corrupt')) throw error;
    return verdict([problem('changed', path, error.message)]);
  }
}

async function verifyManifest(blobs: BlobStore, path: string, manifest: Manifest): Promise<BlobVerdict> {
  const ref = parseArchivePath(path)!;
  const names = ['tenant', 'source', 'date', 'segment'] as const;
  const wrong = names.find((name) => manifest[name] !== ref[name]);
  if (wrong)
    return verdict([problem('inconsistent', path, `it is the manifest of ${wrong} ${manifest[wrong]}`)]);
  const segment = segmentPath(ref);
  const found = await blobs.info(segment);
  if (!found) return verdict([problem('missing', segment, 'its manifest is there')]);
  // Not even read when it cannot be right: a surplus of gigabytes must not fill the memory.
  if (found.size > manifest.gzipBytes)
    return verdict([problem('changed', segment, `${found.size} bytes instead of ${manifest.gzipBytes}`)]);
  const body = await blobs.get(segment);
  if (!body) return verdict([problem('missing', segment, 'its manifest is there')]);
  return verdict(await verifySegment(ref, manifest, body), body.length, manifest.records);
}

async function receiptProblems(blobs: BlobStore, path: string, receipt: Receipt): Promise<Problem[]> {
  const { tenant, source, window, pass } = receipt;
  const place = { tenant, source: source as SourceId };
  const [fromMs, toMs] = [Date.parse(window.from), Date.parse(window.to)];
  const readable = Number.isFinite(fromMs) && Number.isFinite(toMs);
  if (!readable || receiptPath(tenant, place.source, fromMs, toMs, pass) !== path)
    return [
      problem(
        'inconsistent',
        path,
        `it is the receipt of ${source} ${window.from}/${window.to} pass ${pass}`,
      ),
    ];
  const problems: Problem[] = [];
  for (const { date, segment } of receipt.segments) {
    const ref: SegmentRef = { ...place, date, segment };
    if (!(await blobs.info(manifestPath(ref))))
      problems.push(problem('missing', manifestPath(ref), `receipt ${path} names it`));
  }
  return problems;
}

import { hash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { HoldfastError } from '../errors.ts';
import { FORMAT_VERSION, manifestPath, segmentPath, type SegmentRef } from '../layout.ts';
import { parseRecord, type ArchiveRecord } from '../record.ts';
import type { BlobStore } from '../store/stores.ts';
import { manifestMetadata, readManifest, SOFTWARE, type Manifest } from './manifest.ts';
import { ChunkDraft, digested, digestsOf, timeBounds } from './segment-writer.ts';
import { linesOf, walkMembers } from './segment-reader.ts';

/**
 * Gives a segment the manifest that its writer did not live to write. A segment blob is stored whole or not at
 * all, so all but the provenance can be re-derived; the receipt of the window's next pass holds the requests.
 */
export async function adoptSegment(blobs: BlobStore, ref: SegmentRef, clock: Clock): Promise<Manifest> {
  const body = await blobs.get(segmentPath(ref));
  if (!body)
    throw new HoldfastError('archive-corrupt', `Segment ${segmentPath(ref)} vanished.`, {
      ids: { blob: segmentPath(ref) },
    });
  const manifest = deriveManifest(ref, body);
  const put = await blobs.putNew(manifestPath(ref), Buffer.from(JSON.stringify(manifest)), {
    contentType: 'application/json',
    metadata: manifestMetadata(manifest),
  });
  if (put === 'created') return manifest;
  // Its writer lived after all, or another adopter was quicker; theirs is the manifest.
  await clock.sleep(0);
  return (await readManifest(blobs, ref)) ?? manifest;
}

/** Everything a manifest says of its segment, from the segment's bytes alone. Also what `verify` compares with. */
export function deriveManifest(ref: SegmentRef, body: Buffer): Manifest {
  const records: ArchiveRecord[] = [];
  const chunks: Manifest['chunks'] = [];
  const plain: Buffer[] = [];
  for (const { offset, length, text } of walkMembers(body, segmentPath(ref))) {
    const draft = new ChunkDraft();
    for (const line of linesOf(text)) {
      const record = parseRecord(line);
      records.push(record);
      draft.add(record);
    }
    plain.push(text);
    chunks.push(draft.close(offset, body.subarray(offset, offset + length)));
  }
  const [minTime, maxTime] = timeBounds(records);
  return {
    format: FORMAT_VERSION,
    ...ref,
    window: null,
    pass: 0,
    records: records.length,
    unparsed: records.filter((r) => r.value === undefined).length,
    untimed: records.filter((r) => r.facts.ticks === undefined).length,
    minTime,
    maxTime,
    bytes: plain.reduce((n, t) => n + t.length, 0),
    gzipBytes: body.length,
    sha256: hash('sha256', body, 'hex'),
    plainSha256: hash('sha256', Buffer.concat(plain), 'hex'),
    chunks,
    digests: digestsOf(digested(records)).toString('base64'),
    requests: [],
    adopted: true,
    software: SOFTWARE,
  };
}

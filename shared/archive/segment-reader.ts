import { promisify } from 'node:util';
import { gunzip, inflateRawSync } from 'node:zlib';
import { HoldfastError } from '../errors.ts';
import { segmentPath, type SegmentRef } from '../layout.ts';
import type { BlobStore } from '../store/stores.ts';
import type { Chunk } from './manifest.ts';

const decompress = promisify(gunzip);

/** Our own members have the plain 10-byte header (no name, no extra field) and the 8-byte trailer. */
const HEADER = 10;
const TRAILER = 8;
const LF = 0x0a;

/**
 * The lines of a chunk's plain text, without their line feeds. Views into `text`, not copies.
 * @param wanted asked for each line's number, from 0: lines it does not want are passed over
 */
export function* linesOf(text: Buffer, wanted?: (row: number) => boolean): Generator<Buffer> {
  let [start, row] = [0, 0];
  while (start < text.length) {
    const end = text.indexOf(LF, start);
    const stop = end === -1 ? text.length : end;
    if (stop > start && (wanted?.(row++) ?? true)) yield text.subarray(start, stop);
    start = stop + 1;
  }
}

export async function gunzipMember(member: Buffer, ref: SegmentRef): Promise<Buffer> {
  try {
    return await decompress(member, { chunkSize: plainSize(member) });
  } catch (cause) {
    throw undecodable(ref, cause);
  }
}

export interface MemberOf {
  readonly ref: SegmentRef;
  readonly bytes: Buffer;
}

/** Members whose text is more than this together are not decompressed as one. */
export const MEMBERS_TEXT = 2 * 1024 * 1024;

/**
 * Texts of several members, of any segments: as one, since the way to another thread and back costs as much as a
 * member (measured). Where they do not come to what they say of their sizes, each is looked at by itself.
 */
export async function gunzipMembers(members: readonly MemberOf[]): Promise<Buffer[]> {
  const sizes = members.map(({ bytes }) => statedSize(bytes));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const joined = Buffer.concat(members.map(({ bytes }) => bytes));
  const text =
    total <= MEMBERS_TEXT
      ? await decompress(joined, { chunkSize: Math.max(64, total + 1) }).catch(() => undefined)
      : undefined;
  // A damaged header ends the whole without a fault.
  if (text?.length !== total) return Promise.all(members.map(({ bytes, ref }) => gunzipMember(bytes, ref)));
  let at = 0;
  return sizes.map((size) => text.subarray(at, (at += size)));
}

const undecodable = (ref: SegmentRef, cause: unknown): HoldfastError =>
  new HoldfastError('archive-corrupt', `Segment ${segmentPath(ref)} does not decompress.`, {
    cause,
    ids: { blob: segmentPath(ref) },
  });

const MAX_OUTPUT = 4 * 1024 * 1024;

/** What the member says of its size, so that it is decompressed in one go; a wrong answer only makes it several. */
const plainSize = (member: Buffer): number =>
  member.length < TRAILER ? MAX_OUTPUT : Math.min(Math.max(statedSize(member) + 1, 64), MAX_OUTPUT);

/** Bytes of a member's text, as its trailer has them; nothing that decides anything before the text is there. */
export const statedSize = (member: Buffer): number =>
  member.length < TRAILER ? 0 : member.readUInt32LE(member.length - 4);

/** One chunk's plain text by a ranged read. */
export async function readChunk(
  blobs: BlobStore,
  ref: SegmentRef,
  chunk: Pick<Chunk, 'offset' | 'length'>,
): Promise<Buffer> {
  return gunzipMember(await blobs.getRange(segmentPath(ref), chunk.offset, chunk.length), ref);
}

export interface Member {
  readonly offset: number;
  readonly length: number;
  readonly text: Buffer;
}

/** Walks the gzip members of a segment without its manifest. Throws `archive-corrupt` at the first that is not one. */
export function* walkMembers(body: Buffer, name: string): Generator<Member> {
  let offset = 0;
  while (offset < body.length) {
    if (body[offset] !== 0x1f || body[offset + 1] !== 0x8b) throw corrupt(name, offset);
    const { text, consumed } = inflate(body.subarray(offset + HEADER), name, offset);
    const length = HEADER + consumed + TRAILER;
    if (offset + length > body.length) throw corrupt(name, offset);
    yield { offset, length, text };
    offset += length;
  }
}

function inflate(raw: Buffer, name: string, offset: number): { text: Buffer; consumed: number } {
  try {
    const { buffer, engine } = inflateRawSync(raw, { info: true }) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    return { text: buffer, consumed: engine.bytesWritten };
  } catch (cause) {
    throw corrupt(name, offset, cause);
  }
}

const corrupt = (name: string, offset: number, cause?: unknown): HoldfastError =>
  new HoldfastError('archive-corrupt', `Segment ${name} is damaged at byte ${offset}.`, {
    cause,
    ids: { blob: name, offset },
  });

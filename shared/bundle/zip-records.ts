/**
 * The records of a zip around the files' bytes, by the ZIP specification (APPNOTE 6.3.10, section 4.3 and 4.5.3). Sizes
 * follow the bytes in a descriptor, so that a file can be written while it is made; whatever is beyond 32 bits is
 * said in ZIP64's fields, in the directory.
 */
export interface ZipEntry {
  readonly name: string;
  readonly method: 'deflated' | 'stored';
  crc: number;
  /** Bytes as they were, and as they lie in the zip. */
  size: number;
  packed: number;
  /** Of the entry's first byte within the zip. */
  offset: number;
}

const MAX16 = 0xffff;
const MAX32 = 0xffffffff;
/** Sizes follow in a descriptor (bit 3); the name is UTF-8 (bit 11). */
const FLAGS = (1 << 3) | (1 << 11);
const VERSION = 45;
/** Made on Unix, so that the attributes are a mode. */
const MADE_BY = (3 << 8) | VERSION;
const FILE_MODE = 0o100664;
/** 2000-01-01 00:00 in MS-DOS form: two bundles of one request are the same bytes, so no clock gets in. */
const DATE = ((2000 - 1980) << 9) | (1 << 5) | 1;
const METHODS = { stored: 0, deflated: 8 };

type Field = readonly [bytes: 2 | 4 | 8, value: number];

/** Little-endian numbers one after the other, and what follows them. */
function record(fields: readonly Field[], ...rest: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(fields.reduce((sum, [bytes]) => sum + bytes, 0));
  let at = 0;
  for (const [bytes, value] of fields) {
    if (bytes === 8) head.writeBigUInt64LE(BigInt(value), at);
    else head.writeUIntLE(value, at, bytes);
    at += bytes;
  }
  return Buffer.concat([head, ...rest]);
}

export function localHeader({ name, method }: ZipEntry): Buffer {
  const text = Buffer.from(name);
  return record(
    [
      [4, 0x04034b50],
      [2, VERSION],
      [2, FLAGS],
      [2, METHODS[method]],
      [2, 0],
      [2, DATE],
      // Checksum and sizes: in the descriptor.
      [4, 0],
      [4, 0],
      [4, 0],
      [2, text.length],
      [2, 0],
    ],
    text,
  );
}

const isLong = ({ size, packed }: ZipEntry): boolean => size >= MAX32 || packed >= MAX32;

export function descriptor(entry: ZipEntry): Buffer {
  const bytes = isLong(entry) ? 8 : 4;
  return record([
    [4, 0x08074b50],
    [4, entry.crc],
    [bytes, entry.packed],
    [bytes, entry.size],
  ]);
}

function directoryRecord(entry: ZipEntry): Buffer {
  const text = Buffer.from(entry.name);
  const long = isLong(entry) || entry.offset >= MAX32;
  const extra = long
    ? record([
        [2, 1],
        [2, 24],
        [8, entry.size],
        [8, entry.packed],
        [8, entry.offset],
      ])
    : Buffer.alloc(0);
  return record(
    [
      [4, 0x02014b50],
      [2, MADE_BY],
      [2, VERSION],
      [2, FLAGS],
      [2, METHODS[entry.method]],
      [2, 0],
      [2, DATE],
      [4, entry.crc],
      [4, long ? MAX32 : entry.packed],
      [4, long ? MAX32 : entry.size],
      [2, text.length],
      [2, extra.length],
      // No comment, first disk, no internal attributes.
      [2, 0],
      [2, 0],
      [2, 0],
      [4, FILE_MODE * 0x10000],
      [4, long ? MAX32 : entry.offset],
    ],
    text,
    extra,
  );
}

/** The directory, and the end of the zip. @param offset at which the directory begins */
export function directory(entries: readonly ZipEntry[], offset: number): Buffer {
  const records = Buffer.concat(entries.map(directoryRecord));
  const [count, size] = [entries.length, records.length];
  const long = count >= MAX16 || size >= MAX32 || offset >= MAX32;
  return Buffer.concat([
    records,
    ...(long ? [longEnd(count, size, offset)] : []),
    record([
      [4, 0x06054b50],
      [2, 0],
      [2, 0],
      [2, Math.min(count, MAX16)],
      [2, Math.min(count, MAX16)],
      [4, Math.min(size, MAX32)],
      [4, Math.min(offset, MAX32)],
      [2, 0],
    ]),
  ]);
}

/** ZIP64's end of the directory, and where to find it. */
const longEnd = (count: number, size: number, offset: number): Buffer =>
  record([
    [4, 0x06064b50],
    [8, 44],
    [2, MADE_BY],
    [2, VERSION],
    [4, 0],
    [4, 0],
    [8, count],
    [8, count],
    [8, size],
    [8, offset],
    [4, 0x07064b50],
    [4, 0],
    [8, offset + size],
    [4, 1],
  ]);

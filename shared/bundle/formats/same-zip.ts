/**
 * The zip with every entry's time set to one instant: the library writes the hour of writing into it, and a bundle's
 * bytes must depend on its content only. Offsets by the ZIP specification (APPNOTE 4.3.7, 4.3.12, 4.3.16).
 */
const END = 0x06054b50;
const CENTRAL = 0x02014b50;
/** 2000-01-01 00:00 in MS-DOS form. */
const DOS_DATE = ((2000 - 1980) << 9) | (1 << 5) | 1;

export function sameZip(zip: Buffer): Buffer {
  const bytes = Buffer.from(zip);
  const end = bytes.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  if (end === -1 || bytes.readUInt32LE(end) !== END) throw new Error('the workbook is no zip file');
  let at = bytes.readUInt32LE(end + 16);
  for (let n = bytes.readUInt16LE(end + 10); n > 0; n--) {
    if (bytes.readUInt32LE(at) !== CENTRAL) throw new Error("the workbook's zip directory is damaged");
    stamp(bytes, at + 12);
    stamp(bytes, bytes.readUInt32LE(at + 42) + 10);
    at += 46 + bytes.readUInt16LE(at + 28) + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return bytes;
}

function stamp(bytes: Buffer, at: number): void {
  bytes.writeUInt16LE(0, at);
  bytes.writeUInt16LE(DOS_DATE, at + 2);
}

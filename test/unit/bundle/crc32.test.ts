import { createRequire } from 'node:module';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

interface Checksum {
  unsigned(bytes: Buffer, previous?: number): number;
}

const require = createRequire(import.meta.url);
const ofYazl = createRequire(require.resolve('yazl'))('buffer-crc32') as Checksum;

describe('the checksum of zip entries', () => {
  it('is the one of infra/crc32, wherever npm puts its packages', () => {
    expect(ofYazl.unsigned).toBe((require('../../../infra/crc32/index.cjs') as Checksum).unsigned);
  });

  it('is CRC-32 as zip wants it, of one piece and of several', () => {
    expect(ofYazl.unsigned(Buffer.from('123456789'))).toBe(0xcbf43926);
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
        const pieces = ofYazl.unsigned(Buffer.from(b), ofYazl.unsigned(Buffer.from(a), 0));
        expect(pieces).toBe(crc32(Buffer.concat([a, b])));
      }),
    );
  });
});

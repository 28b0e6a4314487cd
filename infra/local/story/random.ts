/**
 * A seeded generator of our own (sfc32 over a cyrb128 hash): the same labels give the same numbers on every
 * machine, and every (day, person) draws from a stream of its own, so one can be skipped without moving the others.
 */

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const BASE64URL = `${BASE64.slice(0, 62)}-_`;

const hex32 = (n: number): string =>
  HEX[n >>> 24]! + HEX[(n >>> 16) & 255]! + HEX[(n >>> 8) & 255]! + HEX[n & 255]!;

function guidFrom(a: number, b: number, c: number, d: number): string {
  const middle = hex32(b);
  const tail = hex32(((c & 0x3fffffff) | 0x80000000) >>> 0);
  return `${hex32(a)}-${middle.slice(0, 4)}-4${middle.slice(5)}-${tail.slice(0, 4)}-${tail.slice(4)}${hex32(d)}`;
}

function hash(label: string): [number, number, number, number] {
  let [a, b, c, d] = [1779033703, 3144134277, 1013904242, 2773480762];
  for (let i = 0; i < label.length; i++) {
    const k = label.charCodeAt(i);
    a = b ^ Math.imul(a ^ k, 597399067);
    b = c ^ Math.imul(b ^ k, 2869860233);
    c = d ^ Math.imul(c ^ k, 951274213);
    d = a ^ Math.imul(d ^ k, 2716044179);
  }
  a = Math.imul(c ^ (a >>> 18), 597399067);
  b = Math.imul(d ^ (b >>> 22), 2869860233);
  c = Math.imul(a ^ (c >>> 17), 951274213);
  d = Math.imul(b ^ (d >>> 19), 2716044179);
  return [(a ^ b ^ c ^ d) >>> 0, (b ^ a) >>> 0, (c ^ a) >>> 0, (d ^ a) >>> 0];
}

type Label = string | number;

/** A GUID that depends on its labels only. */
export const guidOf = (...labels: Label[]): string => guidFrom(...hash(labels.join('|')));

export class Random {
  private a: number;
  private b: number;
  private c: number;
  private d: number;

  constructor(...labels: Label[]) {
    [this.a, this.b, this.c, this.d] = hash(labels.join('|'));
    for (let i = 0; i < 8; i++) this.uint32();
  }

  uint32(): number {
    const t = (((this.a + this.b) | 0) + this.d) | 0;
    this.d = (this.d + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + t) | 0;
    return t >>> 0;
  }

  /** In [0, 1). */
  unit(): number {
    return this.uint32() / 4294967296;
  }

  /** A whole number in [low, high]. */
  whole(low: number, high: number): number {
    return low + Math.floor(this.unit() * (high - low + 1));
  }

  chance(probability: number): boolean {
    return this.unit() < probability;
  }

  pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.unit() * from.length)]!;
  }

  /** A count whose mean is `mean`: between half and one and a half times it, the rest by chance. */
  count(mean: number): number {
    const x = mean * (0.5 + this.unit());
    return Math.floor(x) + (this.unit() < x % 1 ? 1 : 0);
  }

  guid(): string {
    return guidFrom(this.uint32(), this.uint32(), this.uint32(), this.uint32());
  }

  hex(bytes: number): string {
    let text = '';
    for (; text.length < bytes * 2;) text += hex32(this.uint32());
    return text.slice(0, bytes * 2);
  }

  base64(length: number): string {
    return this.text(length, BASE64);
  }

  /** A token identifier: 16 bytes, base64url. */
  token(): string {
    return this.text(22, BASE64URL);
  }

  private text(length: number, letters: string): string {
    let text = '';
    for (; text.length < length;) {
      const n = this.uint32();
      text +=
        letters[n & 63]! + letters[(n >>> 6) & 63]! + letters[(n >>> 12) & 63]! + letters[(n >>> 18) & 63]!;
    }
    return text.slice(0, length);
  }
}

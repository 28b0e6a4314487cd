import type { Body } from './answers.ts';
import { coalesced } from './answers.ts';
import type { ActiveFault } from './faults.ts';

const FILLER = Buffer.alloc(1024 * 1024, 'holdfast padding 0123456789 ');
const TAIL = Buffer.from('"}');

/** Adds generated records (few and huge, or many) to the end of a JSON array, never holding them. */
export function withGenerated(parts: readonly Buffer[], end: Buffer, empty: boolean, big: Generated): Body {
  const own = parts.reduce((sum, { length }) => sum + length, 0) + end.length;
  const perRecord = Math.max(0, Math.floor(big.bytes / big.records));
  const generatedLength =
    sumOf(big.records, (at) => headOf(big, at, empty).length) + big.records * (perRecord + TAIL.length);
  return {
    length: own + generatedLength,
    *chunks() {
      yield* coalesced(parts);
      yield* coalesced(generated(big, perRecord, empty));
      yield end;
    },
  };
}

export interface Generated {
  readonly bytes: number;
  readonly records: number;
  /** Members of every generated record, without the braces. */
  members(at: number): string;
}

export const generatedBy = (fault: ActiveFault, members: (at: number) => string): Generated => ({
  bytes: fault.bytes ?? 100 * 1024 * 1024,
  records: fault.records ?? 4,
  members,
});

function* generated(big: Generated, perRecord: number, empty: boolean): Generator<Buffer> {
  for (let at = 0; at < big.records; at++) {
    yield headOf(big, at, empty);
    for (let left = perRecord; left > 0; left -= FILLER.length)
      yield FILLER.subarray(0, Math.min(left, FILLER.length));
    yield TAIL;
  }
}

const headOf = (big: Generated, at: number, empty: boolean): Buffer =>
  Buffer.from(`${empty && at === 0 ? '' : ','}{${big.members(at)},"padding":"`);

function sumOf(count: number, of: (at: number) => number): number {
  let sum = 0;
  for (let at = 0; at < count; at++) sum += of(at);
  return sum;
}

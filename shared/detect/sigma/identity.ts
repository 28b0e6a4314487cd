import { createHash } from 'node:crypto';
import { msFromTicks, parseInstant } from '../../instant.ts';
import { compilePath, type PathReader } from './field-path.ts';
import { FieldValues } from './field-values.ts';
import type { Shape } from './pipeline.ts';

/** What the caller already knows of a record, to be used instead of what the record says. */
export interface RecordIdentity {
  readonly id?: string;
  readonly timeMs?: number | undefined;
}

/** Reads a shape's id and time. */
export interface IdentityReader {
  readonly id: (record: unknown) => string;
  readonly timeMs: (record: unknown) => number | undefined;
}

export function identityReader(shape: Shape): IdentityReader {
  const below = (paths: readonly string[]) =>
    shape.roots.flatMap((root) => paths.map((path) => compilePath(root === '' ? path : `${root}.${path}`)));
  const [ids, times] = [below(shape.id), below(shape.time)];
  return {
    id: (record) => firstText(record, ids, (text) => text || undefined) ?? digest([record]),
    timeMs: (record) =>
      firstText(record, times, (text) => {
        const ticks = parseInstant(text);
        return ticks === undefined ? undefined : msFromTicks(ticks);
      }),
  };
}

function firstText<T>(
  record: unknown,
  readers: readonly PathReader[],
  use: (text: string) => T | undefined,
): T | undefined {
  for (const read of readers) {
    const values = new FieldValues();
    read(record, values);
    const [text] = values.texts;
    const used = text === undefined ? undefined : use(text);
    if (used !== undefined) return used;
  }
  return undefined;
}

/** 32 hexadecimal digits that stand for the parts. */
export const digest = (parts: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);

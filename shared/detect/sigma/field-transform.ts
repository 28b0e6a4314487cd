import type { Scalar } from './field-values.ts';
import { cached } from '../../cached.ts';
import { parseAddress } from './networks.ts';
import type { FieldSource } from './pipeline.ts';

export type Transform = (value: Scalar) => readonly Scalar[];

/** What a mapping does to a value before it is compared, or undefined when nothing. */
export function transformOf(source: FieldSource): Transform | undefined {
  const steps: Transform[] = [];
  if (source.trim) steps.push((value) => [trimOperation(String(value))]);
  if (source.address) steps.push((value) => plainAddress(String(value)));
  if (source.map) steps.push(mapped(source.map, source.otherwise));
  if (source.alias) steps.push(aliased(source.alias));
  if (steps.length === 0) return undefined;
  return (value) => steps.reduce<readonly Scalar[]>((values, step) => values.flatMap(step), [value]);
}

/** `Update user.` → `Update user`; real names also end in a blank. */
export const trimOperation = (text: string): string => text.trim().replace(/\.$/, '').trimEnd();

const plainAddress = cached((text: string): readonly string[] => {
  const address = parseAddress(text)?.toString();
  return address === undefined || address === '::1' ? [] : [address];
});

function mapped(table: Readonly<Record<string, string>>, otherwise: string | undefined): Transform {
  const lower = lowerKeys(table);
  return (value) => {
    const name = lower.get(String(value).toLowerCase()) ?? otherwise;
    return name === undefined ? [] : [name];
  };
}

function aliased(table: Readonly<Record<string, string>>): Transform {
  const lower = lowerKeys(table);
  return (value) => {
    const name = lower.get(String(value).toLowerCase());
    return name === undefined ? [value] : [value, name];
  };
}

const lowerKeys = (table: Readonly<Record<string, string>>): Map<string, string> =>
  new Map(Object.entries(table).map(([key, value]) => [key.toLowerCase(), value]));

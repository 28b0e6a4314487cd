import { createHash } from 'node:crypto';
import type { PublishedRecord } from '../../../infra/local/tenant/records.ts';
import { generateStory, type StoryOptions } from '../../../infra/local/story/index.ts';

/** A Tuesday; the intrusion's day (three days before) is a Saturday, which the story must bear. */
export const NOW_MS = Date.parse('2026-11-24T10:00:00Z');
export const DEFAULT: StoryOptions = { nowMs: NOW_MS };
/** The intrusion is the same in stories of any size. */
export const MIDDLE: StoryOptions = { nowMs: NOW_MS, records: 15_000 };
export const SMALL: StoryOptions = { nowMs: NOW_MS, users: 40, days: 8, records: 4000 };

export type Json = Record<string, unknown>;

export interface Told extends PublishedRecord {
  readonly body: Json;
  readonly id: string;
}

/** The whole story, parsed as a reader without any knowledge of the generator would. */
export function tell(o: StoryOptions): readonly Told[] {
  return Array.from(generateStory(o), (record) => {
    const body = JSON.parse(record.text) as Json;
    return { ...record, body, id: String(body['id'] ?? body['Id']) };
  });
}

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

export const keyOf = (source: string, id: string, hash: string): string => `${source} ${id} ${hash}`;

/** Every string and number in a value, with the path of names above it. */
export function* leaves(value: unknown, name = ''): Generator<readonly [string, string]> {
  if (Array.isArray(value)) for (const item of value) yield* leaves(item, name);
  else if (value !== null && typeof value === 'object')
    for (const [key, inner] of Object.entries(value)) yield* leaves(inner, key);
  else yield [name, String(value)];
}

const V4 = /^(?:::ffff:)?(\d+\.\d+\.\d+\.\d+)(?::\d+)?$/;
const V6 = /^\[?([0-9a-f:]+)\]?(?::\d+)?$/i;
const BRACKETED = /^\[([0-9a-f:]+)\](?::\d+)?$/i;

/** An address in any of the vendors' shapes, bare; undefined for text that is none. */
export const bareIp = (text: string): string | undefined =>
  V4.exec(text)?.[1] ?? BRACKETED.exec(text)?.[1] ?? (text.includes('::') ? V6.exec(text)?.[1] : undefined);

/** The addresses of a record's client fields. */
export function clientIps(body: Json): Set<string> {
  const found = new Set<string>();
  for (const [name, text] of leaves(body)) {
    const ip = /ip/i.test(name) ? bareIp(text) : undefined;
    if (ip !== undefined) found.add(ip);
  }
  return found;
}

/** The session ids of a record: Graph's, Exchange's, the token's, the device properties'. */
export function sessionIds(body: Json): Set<string> {
  const found = new Set<string>();
  for (const [name, text] of leaves(body)) if (/^(aad)?sessionid$/i.test(name)) found.add(text);
  for (const property of (body['DeviceProperties'] ?? []) as { Name: string; Value: string }[])
    if (property.Name === 'SessionId') found.add(property.Value);
  return found;
}

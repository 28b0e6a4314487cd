import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { HttpFunction } from './functions.ts';

/** Keys of an app. Without any the host checks nothing, as Core Tools do on a developer's machine. */
export interface HostKeys {
  /** Opens everything, the admin API included. */
  readonly master: string;
  /** Opens every function of level `function`. */
  readonly default?: string;
  /** Each opens the function of its name. */
  readonly functions?: Readonly<Record<string, string>>;
}

/** The header goes before the query parameter. */
export function presentedKey(request: IncomingMessage, query: URLSearchParams): string | undefined {
  const header = request.headers['x-functions-key'];
  return (Array.isArray(header) ? header[0] : header) ?? query.get('code') ?? undefined;
}

export const isMaster = (keys: HostKeys, presented: string | undefined): boolean =>
  sameKey(keys.master, presented);

export function mayInvoke(
  keys: HostKeys | undefined,
  of: HttpFunction,
  presented: string | undefined,
): boolean {
  if (!keys || of.authLevel === 'anonymous' || isMaster(keys, presented)) return true;
  if (of.authLevel === 'admin') return false;
  return sameKey(keys.default, presented) || sameKey(keys.functions?.[of.name], presented);
}

function sameKey(key: string | undefined, presented: string | undefined): boolean {
  if (!key || !presented) return false;
  const [a, b] = [Buffer.from(key), Buffer.from(presented)];
  return a.length === b.length && timingSafeEqual(a, b);
}

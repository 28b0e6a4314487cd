import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import type { Finding } from '../findings/finding.ts';
import { isoOf } from '../findings/finding.ts';
import { LEVELS } from '../sigma/index.ts';

const entry = z
  .strictObject({
    kind: z.enum(['network', 'country', 'app', 'user']),
    value: z.string().min(1).max(200),
    /** Why it is trusted: shown with every finding it suppresses. */
    reason: z.string().min(1).max(500),
    /** Only for these rules; for all when left out. */
    rules: z.array(z.string()).optional(),
    /** ISO time after which the entry no longer holds. */
    until: z.iso.datetime().optional(),
  })
  .refine(({ kind, value }) => kind !== 'network' || parseNetwork(value) !== undefined, {
    message: 'must be an address or a network such as 198.51.100.0/24',
    path: ['value'],
  });

export const allowListSchema = z.strictObject({
  version: z.literal(1),
  entries: z.array(entry).max(2000),
  /** Levels whose findings are told of by webhook; high and critical when left out. */
  alertLevels: z.array(z.enum(LEVELS)).optional(),
});
export type AllowList = z.infer<typeof allowListSchema>;
export type AllowEntry = AllowList['entries'][number];

export const EMPTY_ALLOW_LIST: AllowList = { version: 1, entries: [] };

/** The finding, suppressed with the reason when an entry covers it. Nothing is dropped: it can be seen and reopened. */
export function applyAllowList(finding: Finding, list: AllowList, nowMs: number): Finding {
  const found = list.entries.find(
    (candidate) =>
      (candidate.until === undefined || Date.parse(candidate.until) > nowMs) &&
      (candidate.rules === undefined || candidate.rules.includes(finding.rule)) &&
      covers(candidate, finding),
  );
  if (!found) return finding;
  const reason = `allow list: ${found.kind} ${found.value} (${found.reason})`;
  return { ...finding, state: 'suppressed', reason, changedBy: 'allow list', changedAt: isoOf(nowMs) };
}

/** Networks and countries must cover every record that says one: a trusted office does not excuse what came from elsewhere. */
function covers({ kind, value }: AllowEntry, finding: Finding): boolean {
  if (kind === 'user')
    return [finding.user, finding.userId].some((user) => user?.toLowerCase() === value.toLowerCase());
  if (kind === 'app')
    return all(
      finding,
      ({ app }) => app,
      (app) => app.toLowerCase() === value.toLowerCase(),
    );
  if (kind === 'country')
    return all(
      finding,
      ({ country }) => country,
      (country) => country.toLowerCase() === value.toLowerCase(),
    );
  return all(
    finding,
    ({ ip }) => ip,
    (ip) => inNetwork(ip, value),
  );
}

type Said = (record: Finding['records'][number]) => string | undefined;

function all({ records }: Finding, said: Said, holds: (text: string) => boolean): boolean {
  const texts = records.map(said).filter((text) => text !== undefined);
  return texts.length > 0 && texts.every(holds);
}

type Network = [ipaddr.IPv4 | ipaddr.IPv6, number];

function parseNetwork(text: string): Network | undefined {
  try {
    if (text.includes('/')) return ipaddr.parseCIDR(text);
    const address = ipaddr.process(text);
    return [address, address.kind() === 'ipv4' ? 32 : 128];
  } catch {
    return undefined; // no address: the schema refuses it
  }
}

function inNetwork(ip: string, network: string): boolean {
  const range = parseNetwork(network);
  if (!range || !ipaddr.isValid(ip)) return false;
  const address = ipaddr.process(ip);
  return address.kind() === range[0].kind() && address.match(range);
}

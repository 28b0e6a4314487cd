import { createHash } from 'node:crypto';
import { formatSeconds } from './instant.ts';
import type { SourceId } from './sources.ts';

/** Every blob path and table key of holdfast (DESIGN §4, §6), and nothing else. Pure. */

export const FORMAT_VERSION = 1;

export interface SegmentRef {
  readonly tenant: string;
  readonly source: SourceId;
  /** Event date, `YYYY-MM-DD`, UTC. */
  readonly date: string;
  /** Number within (tenant, source, date), six digits from 000001. */
  readonly segment: string;
}

/** An instant as a compact, sortable name: `20261124T010203Z`. */
export const stamp = (ms: number): string => formatSeconds(ms).replace(/[-:]/g, '');

export const tenantPrefix = (tenant: string): string => `v1/tenant=${tenant}/`;
export const sourcePrefix = (tenant: string, source: SourceId): string =>
  `${tenantPrefix(tenant)}source=${source}/`;
export const datePrefix = (tenant: string, source: SourceId, date: string): string =>
  `${sourcePrefix(tenant, source)}date=${date}/`;
export const segmentName = (n: number): string => String(n).padStart(6, '0');
export const segmentPath = (r: SegmentRef): string =>
  `${datePrefix(r.tenant, r.source, r.date)}${r.segment}.ndjson.gz`;
export const manifestPath = (r: SegmentRef): string =>
  `${datePrefix(r.tenant, r.source, r.date)}${r.segment}.manifest.json`;

const ARCHIVE_PATH =
  /^v1\/tenant=([^/]+)\/source=([^/]+)\/date=(\d{4}-\d{2}-\d{2})\/(\d{6})\.(ndjson\.gz|manifest\.json)$/;

/** What a path of the archive names, or undefined for any other path. */
export function parseArchivePath(path: string): (SegmentRef & { kind: 'segment' | 'manifest' }) | undefined {
  const m = ARCHIVE_PATH.exec(path);
  if (!m) return undefined;
  return {
    tenant: m[1]!,
    source: m[2] as SourceId,
    date: m[3]!,
    segment: m[4]!,
    kind: m[5] === 'manifest.json' ? 'manifest' : 'segment',
  };
}

/** Receipts: what each pass over a window asked, got and stored; also of empty passes. */
export const receiptRoot = (tenant: string): string => `passes/tenant=${tenant}/`;
export const receiptPrefix = (tenant: string, source: SourceId): string =>
  `${receiptRoot(tenant)}source=${source}/`;
export const receiptPath = (
  tenant: string,
  source: SourceId,
  fromMs: number,
  toMs: number,
  pass: number,
): string =>
  `${receiptPrefix(tenant, source)}date=${formatSeconds(fromMs).slice(0, 10)}/${stamp(fromMs)}-${stamp(toMs)}-${String(pass).padStart(3, '0')}.json`;

export const sealPrefix = (tenant: string): string => `seals/tenant=${tenant}/`;
export const sealPath = (tenant: string, date: string): string => `${sealPrefix(tenant)}${date}.json`;

const SEAL_PATH = /^seals\/tenant=([^/]+)\/(\d{4}-\d{2}-\d{2})\.json$/;

/** The tenant and day of a seal's path; undefined for any other path. */
export function parseSealPath(path: string): { readonly tenant: string; readonly date: string } | undefined {
  const m = SEAL_PATH.exec(path);
  return m ? { tenant: m[1]!, date: m[2]! } : undefined;
}

/** Reconciliations: what the audit search had and the feed had not, one for each event date. */
export const reconciliationPrefix = (tenant: string): string => `reconciliation/tenant=${tenant}/`;
export const reconciliationPath = (tenant: string, date: string): string =>
  `${reconciliationPrefix(tenant)}${date}.json`;

/** Since when a feed's subscription has run: one note a start. */
export const subscriptionNoteRoot = (tenant: string): string => `subscriptions/tenant=${tenant}/`;
export const subscriptionNotePrefix = (tenant: string, source: SourceId): string =>
  `${subscriptionNoteRoot(tenant)}source=${source}/`;
export const subscriptionNotePath = (tenant: string, source: SourceId, atMs: number): string =>
  `${subscriptionNotePrefix(tenant, source)}${stamp(atMs)}.json`;

/** Who asked for which bundle: one blob an entry, under the day of asking. */
export const accessPrefix = (tenant: string): string => `access/tenant=${tenant}/`;
export const accessPath = (tenant: string, atMs: number, id: string): string =>
  `${accessPrefix(tenant)}${formatSeconds(atMs).slice(0, 10)}/${stamp(atMs)}-${id}.json`;

/** What mailboxes, devices and policies looked like: one blob a look, under its day. */
export const snapshotPrefix = (tenant: string): string => `state/tenant=${tenant}/`;
export const standingSnapshotPath = (tenant: string, atMs: number): string =>
  `${snapshotPrefix(tenant)}${formatSeconds(atMs).slice(0, 10)}/${stamp(atMs)}.json`;

const RECEIPT_PATH =
  /^passes\/tenant=[^/]+\/source=[^/]+\/date=\d{4}-\d{2}-\d{2}\/\d{8}T\d{6}Z-\d{8}T\d{6}Z-\d{3,}\.json$/;
const RECONCILIATION_PATH = /^reconciliation\/tenant=[^/]+\/\d{4}-\d{2}-\d{2}\.json$/;
const SUBSCRIPTION_PATH = /^subscriptions\/tenant=[^/]+\/source=[^/]+\/\d{8}T\d{6}Z\.json$/;
const ACCESS_PATH = /^access\/tenant=[^/]+\/\d{4}-\d{2}-\d{2}\/\d{8}T\d{6}Z-[0-9a-f-]{36}\.json$/;
const SNAPSHOT_PATH = /^state\/tenant=[^/]+\/\d{4}-\d{2}-\d{2}\/\d{8}T\d{6}Z\.json$/;

export type EvidenceKind =
  'segment' | 'manifest' | 'receipt' | 'reconciliation' | 'subscription' | 'access' | 'snapshot' | 'seal';

/** What kind of evidence a blob is by its path; undefined for a path that holdfast never writes. */
export function evidenceKind(path: string): EvidenceKind | undefined {
  const archived = parseArchivePath(path);
  if (archived) return archived.kind;
  if (RECEIPT_PATH.test(path)) return 'receipt';
  if (RECONCILIATION_PATH.test(path)) return 'reconciliation';
  if (SUBSCRIPTION_PATH.test(path)) return 'subscription';
  if (ACCESS_PATH.test(path)) return 'access';
  if (SNAPSHOT_PATH.test(path)) return 'snapshot';
  return parseSealPath(path) ? 'seal' : undefined;
}

export const ENTITY_KINDS = ['user', 'session', 'ip', 'app'] as const;
export type EntityKind = (typeof ENTITY_KINDS)[number];
export const isEntityKind = (text: string): text is EntityKind =>
  (ENTITY_KINDS as readonly string[]).includes(text);

/**
 * DESIGN §6 says 64 buckets. Measured: a small tenant's segment holds some hundred entities of each kind, and every
 * bucket that it touches is a storage operation: 64 buckets of 5 row kinds made up to 320 transactions of a row or two,
 * 4 made 17, one makes 6. A partition takes 2,000 rows a second, and a kind has one of its own for each tenant: more
 * than its vendor's limits let in.
 */
const BUCKET = '00';

export const slicePartition = (tenant: string, kind: EntityKind): string => `${tenant}|${kind}|${BUCKET}`;
export const sessionPartition = (tenant: string): string => `${tenant}|${BUCKET}`;
export const userPartition = (tenant: string): string => `${tenant}|${BUCKET}`;
export const windowPartition = (tenant: string, source: SourceId): string => `${tenant}|${source}`;
export const indexedPartition = (tenant: string, source: SourceId): string => `${tenant}|segment|${source}`;
export const indexedRow = (r: SegmentRef): string => `${r.date}|${r.segment}`;

/** Rows of one entity are one key range: `key|date|source|segment`. */
export const sliceRow = (key: string, r: SegmentRef): string =>
  `${escapeKey(key)}|${r.date}|${r.source}|${r.segment}`;
export const sliceRange = (key: string, fromDate: string, toDate: string): { from: string; to: string } => ({
  from: `${escapeKey(key)}|${fromDate}`,
  to: `${escapeKey(key)}|${toDate}~`,
});
export const userRow = (key: string, date: string): string => `${escapeKey(key)}|${date}`;
export const aliasRow = (key: string, alias: string): string => `${escapeKey(key)}|~${escapeKey(alias)}`;

const MAX_KEY = 256;

/**
 * Text as part of a table key. Forbidden there: `/ \ # ?` and control characters; `|` separates our parts, `%` is
 * our escape. Long keys keep a readable head and a hash. Attackers choose these texts: the map is injective.
 */
export function escapeKey(text: string): string {
  const escaped = text.replace(ESCAPED, (c) => `%${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
  if (escaped.length <= MAX_KEY) return escaped;
  const hash = createHash('sha256').update(escaped).digest('hex').slice(0, 40);
  return `${escaped.slice(0, MAX_KEY - 48)}%%${hash}`;
}

// Exactly the characters that Azure Tables forbids, plus ours, and lone surrogates.
const ESCAPED =
  // oxlint-disable-next-line no-control-regex -- see above
  /[/\\#?%|~\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** The text an escaped key stands for; undefined when it was shortened. */
export function unescapeKey(key: string): string | undefined {
  if (key.includes('%%')) return undefined;
  return key.replace(/%([0-9a-f]{4})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

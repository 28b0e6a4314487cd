import type { Clock } from '../clock.ts';
import { describeError } from '../errors.ts';
import { dateOf } from '../instant.ts';
import {
  accessPrefix,
  evidenceKind,
  parseSealPath,
  receiptRoot,
  reconciliationPrefix,
  sealPath,
  sealPrefix,
  snapshotPrefix,
  subscriptionNoteRoot,
  tenantPrefix,
} from '../layout.ts';
import type { Log } from '../log.ts';
import { inParallel } from '../parallel.ts';
import type { BlobStore } from '../store/stores.ts';
import { emit } from '../telemetry.ts';
import {
  MAX_ENTRIES,
  parseSeal,
  sealHash,
  writeSeal,
  type Seal,
  type SealEntry,
  type SealLink,
} from './seal.ts';
import { SealedSet } from './sealed-set.ts';

/*
 * The rule by which each manifest, receipt, reconciliation, subscription note, access entry and snapshot lies in exactly one seal: a seal lists what the archive
 * holds now and no earlier seal of the chain lists, whatever its event date. Blobs are written whole or not at all, and
 * once: one that appears while a seal is made is either in its listing or in the next day's. A seal is created under
 * its day's name with put-if-absent, so of two sealers on one day one wins and the other's work is dropped; a sealer
 * over midnight, or one that finds another's seal when it is done, starts over. A missed day has no seal of its own
 * (a seal must not be dated back): the next one holds what it would have held.
 */

export interface SealDeps {
  readonly blobs: BlobStore;
  readonly clock: Clock;
  readonly log: Log;
}

export interface SealOutcome {
  readonly kind: 'written' | 'exists';
  readonly date: string;
  readonly entries: number;
  readonly manifests: number;
  /** SHA-256 of the seal's bytes: to be noted where this storage account's owner cannot change it. */
  readonly sha256: string;
  /** More was unsealed than one seal takes. */
  readonly more: boolean;
}

interface Chain {
  readonly last: (SealLink & { readonly sequence: number }) | undefined;
  readonly sealed: SealedSet;
}

const MAX_STARTS = 5;

/** Writes today's seal of a tenant unless there is one. Safe to repeat, and to run twice at once. */
export async function sealTenant(d: SealDeps, tenant: string): Promise<SealOutcome> {
  for (let start = 1; ; start++) {
    const outcome = await attempt(d, tenant);
    if (outcome) return outcome;
    if (start >= MAX_STARTS) throw new Error(`seal of ${tenant}: others kept writing seals`);
  }
}

async function attempt(d: SealDeps, tenant: string): Promise<SealOutcome | undefined> {
  const date = dateOf(d.clock.now());
  const chain = await readChain(d, tenant);
  if (chain.last && chain.last.date >= date) return existing(chain.last);
  const { paths, more } = await unsealed(d.blobs, tenant, chain.sealed);
  const entries = await hashAll(d.blobs, paths);
  const { last } = chain;
  const body = writeSeal({
    tenant,
    date,
    sealedAt: new Date(d.clock.now()).toISOString(),
    sequence: (last?.sequence ?? 0) + 1,
    previous: last ? { date: last.date, sha256: last.sha256 } : null,
    entries,
  });
  if (
    dateOf(d.clock.now()) !== date ||
    (await lastPath(d.blobs, tenant)) !== (last && sealPath(tenant, last.date))
  )
    return undefined;
  const put = await d.blobs.putNew(sealPath(tenant, date), body, { contentType: 'application/json' });
  if (put === 'exists') return undefined;
  const manifests = entries.filter((e) => evidenceKind(e.path) === 'manifest').length;
  const outcome = {
    kind: 'written',
    date,
    entries: entries.length,
    manifests,
    sha256: sealHash(body),
    more,
  } as const;
  report(d.log, tenant, outcome);
  return outcome;
}

const existing = (last: SealLink): SealOutcome => ({
  kind: 'exists',
  date: last.date,
  entries: 0,
  manifests: 0,
  sha256: last.sha256,
  more: false,
});

function report(log: Log, tenant: string, { date, manifests, entries, sha256, more }: SealOutcome): void {
  emit(log, { signal: 'seal.written', tenant, date, value: manifests });
  log.info('seal.head', { tenant, date, entries, sha256, more });
}

/** The chain so far. A damaged seal stops no new one: what it listed is listed again, and `verify` names it. */
async function readChain({ blobs, log }: SealDeps, tenant: string): Promise<Chain> {
  const sealed = new SealedSet();
  let last: Chain['last'];
  for await (const { name } of blobs.list(sealPrefix(tenant))) {
    const at = parseSealPath(name);
    const body = at && (await blobs.get(name));
    if (!body) continue;
    const seal = readable(name, body, log);
    for (const { path } of seal?.entries ?? []) sealed.add(path);
    last = { date: at.date, sha256: sealHash(body), sequence: seal?.sequence ?? (last?.sequence ?? 0) + 1 };
  }
  return { last, sealed };
}

function readable(path: string, body: Buffer, log: Log): Seal | undefined {
  try {
    return parseSeal(path, body);
  } catch (error) {
    log.warn('seal.damaged', { blob: path, error: describeError(error) });
    return undefined;
  }
}

async function lastPath(blobs: BlobStore, tenant: string): Promise<string | undefined> {
  let last: string | undefined;
  for await (const { name } of blobs.list(sealPrefix(tenant))) if (parseSealPath(name)) last = name;
  return last;
}

/** Roots under which sealed evidence lies, in the order of their names. */
export const sealedRoots = (tenant: string): readonly string[] => [
  accessPrefix(tenant),
  receiptRoot(tenant),
  reconciliationPrefix(tenant),
  snapshotPrefix(tenant),
  subscriptionNoteRoot(tenant),
  tenantPrefix(tenant),
];

async function unsealed(
  blobs: BlobStore,
  tenant: string,
  sealed: SealedSet,
): Promise<{ paths: string[]; more: boolean }> {
  const paths: string[] = [];
  for (const root of sealedRoots(tenant)) {
    for await (const { name } of blobs.list(root)) {
      const kind = evidenceKind(name);
      if (!kind || kind === 'segment' || sealed.has(name)) continue;
      if (paths.length === MAX_ENTRIES) return { paths: paths.sort(), more: true };
      paths.push(name);
    }
  }
  return { paths: paths.sort(), more: false };
}

const WIDTH = 8;

async function hashAll(blobs: BlobStore, paths: readonly string[]): Promise<SealEntry[]> {
  const entries: SealEntry[] = [];
  await inParallel(paths, WIDTH, async (path) => {
    const body = await blobs.get(path);
    // Gone between listing and reading: nothing that holdfast does; the next `verify` of its segment names it.
    if (body) entries.push({ path, sha256: sealHash(body) });
  });
  return entries.sort((a, b) => (a.path < b.path ? -1 : 1));
}

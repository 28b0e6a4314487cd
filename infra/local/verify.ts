/**
 * `npm run verify`: derives the archive anew from its blobs. `npm run verify -- bundle.zip`: a bundle, offline.
 *
 *   --json            the result as one JSON document on stdout
 *   --head SHA256     hash of a seal noted earlier elsewhere: it must be in the chain (log event `seal.head`)
 *   --tenant ID       one tenant of TENANT_ID only
 *   --progress FILE   keep the progress in FILE.<tenant>.json, and go on from it
 *
 * Exit code: 0 nothing is wrong, 1 something is, 2 it could not be verified.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { verifyTenant } from '../../shared/archive/verify.ts';
import type { Problem } from '../../shared/archive/verify-problem.ts';
import {
  isSound,
  newProgress,
  progressSchema,
  type VerifyProgress,
} from '../../shared/archive/verify-progress.ts';
import { systemClock } from '../../shared/clock.ts';
import { describeError } from '../../shared/errors.ts';
import { openStorage } from './storage.ts';
import { verifyBundle } from './verify-bundle.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    head: { type: 'string' },
    tenant: { type: 'string' },
    progress: { type: 'string' },
  },
});

const say = (line: string): void => void (options.json ? process.stderr : process.stdout).write(`${line}\n`);
const sayProblem = ({ kind, blob, reason }: Problem): void =>
  say(`${kind.toUpperCase()}  ${blob}\n    ${reason}`);

try {
  const bundle = positionals[0];
  const { ok, result } = bundle === undefined ? await archive() : await oneBundle(bundle);
  if (options.json) process.stdout.write(`${JSON.stringify({ ok, ...result }, null, 2)}\n`);
  say(ok ? 'Nothing is wrong.' : 'NOT SOUND: see above.');
  process.exitCode = ok ? 0 : 1;
} catch (error) {
  const remedy = (error as { remedy?: string }).remedy;
  process.stderr.write(`Could not verify: ${describeError(error)}${remedy ? `\n${remedy}` : ''}\n`);
  process.exitCode = 2;
}

interface Verdict {
  readonly ok: boolean;
  readonly result: object;
}

async function oneBundle(file: string): Promise<Verdict> {
  const result = await verifyBundle(file);
  for (const found of result.problems) sayProblem(found);
  say(`${result.files} files, ${result.records} records`);
  if (result.evidence) say(`${result.sealed} records proven to be in sealed segments`);
  else say('The bundle carries no manifests and seals: its own hashes were checked, its origin was not.');
  if (result.unsealed > 0)
    say(
      `${result.unsealed} records are in segments that no seal listed yet when the bundle was made: not proven`,
    );
  if (result.head) say(`newest seal in it: ${result.head.date} ${result.head.sha256}`);
  const headFits = options.head === undefined || result.head?.sha256 === options.head;
  if (!headFits) say(`its newest seal is not ${options.head}`);
  return { ok: result.problems.length === 0 && headFits, result };
}

async function archive(): Promise<Verdict> {
  const { settings, stores } = openStorage();
  const tenants = settings.tenants.filter(
    (t) => options.tenant === undefined || t === options.tenant.toLowerCase(),
  );
  if (tenants.length === 0) throw new Error(`tenant ${options.tenant} is not in TENANT_ID`);
  const results: Record<string, VerifyProgress> = {};
  for (const tenant of tenants) {
    say(`tenant ${tenant}`);
    results[tenant] = await verifyTenant(
      {
        blobs: stores.archive,
        clock: systemClock,
        ...(options.head !== undefined && { head: options.head }),
        onProblem: sayProblem,
        onProgress: (progress) => remember(tenant, progress),
      },
      tenant,
      remembered(tenant) ?? newProgress(Date.now()),
    );
    summarise(results[tenant]);
  }
  return { ok: Object.values(results).every(isSound), result: { tenants: results } };
}

function summarise(p: VerifyProgress): void {
  say(
    `${p.seals} seals, ${p.manifests} segments with ${p.records} records, ${p.receipts} receipts, ` +
      `${(p.bytes / 1024 / 1024).toFixed(1)} MiB read; ${p.unsealed} wait for the next seal`,
  );
  if (p.head) say(`newest seal: ${p.head.date} ${p.head.sha256}`);
}

function fileOf(tenant: string): string | undefined {
  return options.progress && path.resolve(`${options.progress}.${tenant}.json`);
}

function remember(tenant: string, progress: VerifyProgress): void {
  const file = fileOf(tenant);
  if (file) writeFileSync(file, JSON.stringify(progress));
}

/** A finished run is not gone on with: the next one begins anew. */
function remembered(tenant: string): VerifyProgress | undefined {
  const file = fileOf(tenant);
  if (!file || !existsSync(file)) return undefined;
  const progress = progressSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  return progress.phase === 'done' ? undefined : progress;
}

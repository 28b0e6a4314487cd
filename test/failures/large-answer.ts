import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { build } from 'esbuild';
import { createTenant } from '../../infra/local/tenant/tenant.ts';
import { audit, ual } from '../support/collector-world.ts';

export interface BigAnswer {
  readonly source: 'directory-audits' | 'ual-exchange';
  readonly bytes: number;
  readonly records: number;
}

export interface Measured {
  readonly peakBytes: number;
  /** Records in the archive, and bytes of their text. */
  readonly archived: number;
  readonly plainBytes: number;
}

/** Lets a collector process take one answer of that size, and tells what memory it took. */
export async function measureCollector(big: BigAnswer): Promise<Measured> {
  const tenant = await createTenant({ blobbing: { bucketMs: 1000 } });
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-large-'));
  try {
    tenant.limits.set('graphReports', false);
    // The generated records carry the tenant's time.
    const at = tenant.now();
    tenant.publish([big.source === 'ual-exchange' ? ual('own', at) : audit('own', at)]);
    const endpoint = big.source === 'ual-exchange' ? 'feed.audit' : 'directoryAudits';
    tenant.fault({
      kind: 'big-body',
      endpoint,
      bytes: big.bytes,
      records: big.records,
      times: 1,
      ...(endpoint === 'directoryAudits' && { match: fromOf(at) }),
    });
    return await runChild(folder, {
      origin: tenant.origin,
      tenant: tenant.tenantId,
      source: big.source,
      fromMs: windowOf(at),
    });
  } finally {
    await tenant.stop();
    await rm(folder, { recursive: true });
  }
}

const windowOf = (at: number): number => Math.floor(at / 1000) * 1000 - 1000;
const fromOf = (at: number): string =>
  encodeURIComponent(`ge ${new Date(windowOf(at)).toISOString().slice(0, 19)}`);

/**
 * V8 lets its young generation grow with the machine's memory and the work done (measured here: to 140 MB, of which
 * 10 to 50 are in use, whatever outlives a chunk). An instance of 2 GB is given 8 MB a semi-space; a test machine of
 * any size is given the same, so that the figure is the collector's own.
 */
const YOUNG = '--max-semi-space-size=8';

/** Bundled as the product is: type stripping at run time would add the compiler's memory to the collector's. */
async function runChild(folder: string, order: object): Promise<Measured> {
  const script = join(folder, 'child.mjs');
  await build({
    entryPoints: [join(import.meta.dirname, 'large-answer.child.ts')],
    outfile: script,
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    logLevel: 'error',
  });
  const child = spawn(process.execPath, [YOUNG, script, JSON.stringify({ ...order, folder })], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(await text(child.stdout)) as Measured;
}

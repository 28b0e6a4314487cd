import { Archive } from '../../../shared/archive/archive.ts';
import { writeReceipt } from '../../../shared/archive/receipt.ts';
import { writeReconciliation } from '../../../shared/archive/reconciliation.ts';
import { sealTenant, type SealOutcome } from '../../../shared/archive/seal-run.ts';
import { verifyTenant, type VerifyOptions } from '../../../shared/archive/verify.ts';
import { newProgress, type VerifyProgress } from '../../../shared/archive/verify-progress.ts';
import { logAccess } from '../../../shared/bundle/access-log.ts';
import { standingSnapshotPath } from '../../../shared/layout.ts';
import { silentLog } from '../../../shared/log.ts';
import type { ArchiveRecord } from '../../../shared/record.ts';
import type { SourceId } from '../../../shared/sources.ts';
import { MemoryBlobs } from '../../../shared/store/memory.ts';
import { ualRecord } from '../../support/records.ts';

export const TENANT = '11111111-1111-4111-8111-111111111111';
const DAY = 86_400_000;
export const START = Date.parse('2026-11-20T01:20:00Z');

export class TestClock {
  ms = START;
  now = (): number => this.ms;
  sleep = (): Promise<void> => Promise.resolve();
}

/** An archive in memory that a test may damage, with what stands around it. */
export class SealedWorld {
  readonly blobs = new MemoryBlobs();
  readonly clock = new TestClock();
  #passes = 0;

  seal(): Promise<SealOutcome> {
    return sealTenant({ blobs: this.blobs, clock: this.clock, log: silentLog }, TENANT);
  }

  nextDay(): void {
    this.clock.ms += DAY;
  }

  /** One segment with its manifest and the receipt of the pass that brought it. */
  async pass(
    records: ArchiveRecord[],
    date = '2026-11-19',
    source: SourceId = 'ual-exchange',
  ): Promise<void> {
    const archive = new Archive({ blobs: this.blobs, clock: this.clock, graceMs: 0 });
    const fromMs = Date.parse(`${date}T00:00:00Z`);
    const toMs = fromMs + 3_600_000;
    const window = { from: `${date}T00:00:00Z`, to: `${date}T01:00:00Z` };
    const { segments, added } = await archive.append({
      tenant: TENANT,
      source,
      date,
      records,
      window,
      pass: 1,
      requests: [],
    });
    const at = new Date(this.clock.ms).toISOString();
    await writeReceipt(
      this.blobs,
      { tenant: TENANT, source, fromMs, toMs, pass: ++this.#passes },
      {
        outcome: 'collected',
        startedAt: at,
        finishedAt: at,
        counts: {
          received: records.length,
          added,
          versions: 0,
          duplicates: records.length - added,
          outside: 0,
          unparsed: 0,
        },
        segments: segments.map(({ date, segment }) => ({ date, segment })),
        settled: false,
        requests: [],
      },
    );
  }

  async reconcile(date: string): Promise<void> {
    await writeReconciliation(this.blobs, {
      tenant: TENANT,
      date,
      madeAt: new Date(this.clock.ms).toISOString(),
      feed: 1,
      search: 1,
      onlySearch: 0,
      onlyFeed: 0,
      differences: [],
      more: 0,
      uncompared: 0,
      signIns: { logins: 0, unmatched: 0, signIns: 0, beyondExpected: [] },
    });
  }

  /** Somebody asked for a bundle, and the daily look at open findings was taken. */
  async answered(): Promise<void> {
    await logAccess(this.blobs, TENANT, this.clock.ms, { action: 'bundle', caller: 'an investigator' });
    const path = standingSnapshotPath(TENANT, this.clock.ms);
    await this.blobs.putNew(path, Buffer.from('{"format":1,"users":["a@x.example"],"files":[]}'));
  }

  verify(options: Partial<VerifyOptions> = {}, from = newProgress(this.clock.ms)): Promise<VerifyProgress> {
    return verifyTenant({ blobs: this.blobs, clock: this.clock, graceMs: 0, ...options }, TENANT, from);
  }

  /** Another world on a copy of the blobs, to be damaged alone. */
  copy(): SealedWorld {
    const copy = new SealedWorld();
    for (const [name, { body, metadata }] of this.blobs.blobs)
      copy.blobs.blobs.set(name, { body: Buffer.from(body), metadata });
    copy.clock.ms = this.clock.ms;
    return copy;
  }

  names(pattern: RegExp): string[] {
    return [...this.blobs.blobs.keys()].filter((name) => pattern.test(name)).sort();
  }

  body(name: string): Buffer {
    return this.blobs.blobs.get(name)!.body;
  }

  replace(name: string, body: Buffer): void {
    this.blobs.blobs.set(name, { body, metadata: this.blobs.blobs.get(name)?.metadata ?? {} });
  }

  delete(name: string): void {
    this.blobs.blobs.delete(name);
  }
}

export const records = (count: number, prefix: string, date = '2026-11-19'): ArchiveRecord[] =>
  Array.from({ length: count }, (_, i) =>
    ualRecord({
      Id: `${prefix}-${i}`,
      UserId: `user${i % 3}@x.example`,
      CreationTime: `${date}T00:${String(i % 60).padStart(2, '0')}:00`,
    }),
  );

/** Three days with a seal each, over two sources, one reconciliation, one access entry and one snapshot. */
export async function sealedWorld(): Promise<SealedWorld> {
  const world = new SealedWorld();
  await world.pass(records(5, 'a'));
  await world.pass(records(4, 'b'), '2026-11-18', 'ual-entra');
  await world.seal();
  world.nextDay();
  await world.pass(records(3, 'c'));
  await world.reconcile('2026-11-16');
  await world.answered();
  await world.seal();
  world.nextDay();
  await world.pass(records(2, 'd', '2026-11-21'), '2026-11-21');
  await world.seal();
  return world;
}

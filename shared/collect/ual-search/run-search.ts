import type { Archive } from '../../archive/archive.ts';
import { writeReceipt, type ReceiptBody } from '../../archive/receipt.ts';
import { nextReceipt, newWindow, type WindowRow, type WindowTable } from '../../archive/windows.ts';
import type { Clock } from '../../clock.ts';
import { describeError, isHoldfastError, type HoldfastError } from '../../errors.ts';
import { formatSeconds } from '../../instant.ts';
import type { Log } from '../../log.ts';
import { inParallel } from '../../parallel.ts';
import type { QueueStore, TableStore } from '../../store/stores.ts';
import type { Outcome } from '../outcome.ts';
import { Spool, SpoolMemory } from '../spool.ts';
import { queryState, type AuditQuery, type SearchApi } from './audit-query.ts';
import { decideStep, planDays } from './decide.ts';
import { JobTable, type Job } from './jobs.ts';
import { Ledger } from './ledger.ts';
import { reconcileDates } from './reconcile.ts';
import { searchWindow, type SearchResult } from './search-window.ts';
import { REMEDY, submitDue } from './submit.ts';

/*
 * Source `ual-search`: every day of the unified audit log is searched once more, when the feed is through with it, or as
 * back-fill where the feed never was. Of what the search brings, those records are archived that the feed's archive does
 * not hold with this content (`auditDigest`): so an event that both deliver is kept and shown once, one that only
 * the search has is kept with its provenance, and one that differs is kept as a further version.
 *
 * A query takes minutes to hours at the vendor, so nothing waits here: each run of the timer looks at what was
 * submitted, reads what is ready, submits what is due. Windows are rows of table `windows`; queries under way are in
 * `JobTable`, and asked anew when they are lost.
 */
export interface UalSearchDeps {
  readonly archive: Archive;
  readonly windows: WindowTable;
  readonly tables: TableStore;
  readonly queues: QueueStore;
  readonly api: (tenant: string) => SearchApi;
  readonly backfillDays: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Why there is no search at all, e.g. in this cloud. */
  readonly unavailable?: string;
}

const MINUTE = 60_000;
/** Well before the platform's limit of 10 minutes. */
const WORK_MS = 7 * MINUTE;
const HOLD_MS = WORK_MS + 3 * MINUTE;
const READ_WIDTH = 2;
const STATUS_WIDTH = 4;
/** New queries for a window whose result was not whole; then the part that came stays, named as a part. */
const MAX_ATTEMPTS = 4;

/** One run of the timer for one tenant. Returns at once when another instance is at it. */
export async function runSearch(d: UalSearchDeps, tenant: string): Promise<void> {
  const jobs = new JobTable(d.tables, tenant);
  const release = await jobs.claim(d.clock, HOLD_MS);
  if (!release) return d.log.info('search.busy', { tenant });
  try {
    await new SearchRun(d, tenant, jobs).run();
  } finally {
    await release();
  }
}

interface Ready {
  readonly job: Job;
  readonly row: WindowRow;
  readonly query: AuditQuery;
  readonly truncated: boolean;
}

class SearchRun {
  readonly #d: UalSearchDeps;
  readonly #tenant: string;
  readonly #jobs: JobTable;
  readonly #ledger: Ledger;
  readonly #api: SearchApi;
  readonly #startMs: number;
  readonly #memory = new SpoolMemory();

  constructor(d: UalSearchDeps, tenant: string, jobs: JobTable) {
    this.#d = d;
    this.#tenant = tenant;
    this.#jobs = jobs;
    this.#ledger = new Ledger({ ...d, blobs: d.archive.blobs, jobs }, tenant);
    this.#api = d.api(tenant);
    this.#startMs = d.clock.now();
  }

  async run(): Promise<void> {
    await this.#plan();
    if (this.#d.unavailable) return this.#ledger.refuse(this.#d.unavailable);
    await this.#submit();
    await inParallel(await this.#look(), READ_WIDTH, (one) => this.#read(one));
    await reconcileDates({ ...this.#d, blobs: this.#d.archive.blobs, jobs: this.#jobs }, this.#tenant);
    await this.#submit();
  }

  async #plan(): Promise<void> {
    const now = this.#startMs;
    const { toMs } = await this.#d.windows.frontier(this.#tenant, 'ual-search', now);
    const rows = planDays(toMs, this.#d.backfillDays, now).map((day) => ({
      ...newWindow(this.#tenant, 'ual-search', day.fromMs, day.toMs, now),
      reason: 'waiting for its search',
    }));
    await this.#d.windows.createAll(rows);
  }

  #submit(): Promise<void> {
    const { archive, windows, clock, log } = this.#d;
    const deadlineMs = this.#startMs + WORK_MS;
    const own = { jobs: this.#jobs, ledger: this.#ledger, api: this.#api, deadlineMs };
    return submitDue({ blobs: archive.blobs, windows, clock, log, ...own }, this.#tenant);
  }

  /** How the queries stand; those whose result can be read, newest first. */
  async #look(): Promise<Ready[]> {
    const ready: Ready[] = [];
    await inParallel(await this.#jobs.jobs(), STATUS_WIDTH, async (job) => {
      const one = await this.#lookAt(job);
      if (one) ready.push(one);
    });
    return ready.sort((a, b) => b.row.fromMs - a.row.fromMs);
  }

  async #lookAt(job: Job): Promise<Ready | undefined> {
    const row = await this.#d.windows.get(this.#tenant, 'ual-search', job.fromMs);
    // A window that was split or settled meanwhile has no use for this query.
    if (!row || row.settled || row.toMs !== job.toMs) {
      await this.#jobs.remove(job);
      return undefined;
    }
    if (await this.#ledger.concluded(row)) return undefined;
    const query = await this.#state(job);
    if (query === 'unanswered') return undefined;
    const step = decideStep({ ...job, attempts: row.attempts }, query, this.#d.clock.now());
    if (step.do === 'read') return { job, row, query: query!, truncated: step.truncated };
    if (step.do === 'split') await this.#ledger.split(row, step.parts, step.reason);
    else if (step.do === 'resubmit') await this.#ledger.again(row, step.reason);
    return undefined;
  }

  /** 502 to 504 while a query runs are normal: asked again at the next run. */
  async #state(job: Job): Promise<AuditQuery | undefined | 'unanswered'> {
    try {
      const context = { deadlineMs: this.#d.clock.now() + MINUTE, onRequest: () => undefined };
      return await queryState(this.#api, job.version, job.query, context);
    } catch (error) {
      if (!isHoldfastError(error)) throw error;
      this.#d.log.warn('search.status-failed', { tenant: this.#tenant, error: describeError(error) });
      return 'unanswered';
    }
  }

  async #read({ job, row, query, truncated }: Ready): Promise<void> {
    const startedMs = this.#d.clock.now();
    const deadlineMs = this.#startMs + WORK_MS;
    if (startedMs >= deadlineMs) return;
    const spool = this.#spool(row);
    const fullTime = startedMs - this.#startMs < WORK_MS / 4;
    const own = { api: this.#api, tenant: this.#tenant, spool, deadlineMs, fullTime };
    try {
      const result = await searchWindow(job, query, truncated, { ...this.#d, ...own });
      await this.#finish(row, spool, result, startedMs);
    } catch (error) {
      spool.discard();
      await this.#ledger.announce(spool.segments);
      if (!isHoldfastError(error) || error.code === 'archive-corrupt' || error.code === 'internal')
        throw error;
      await this.#failed(row, error);
    }
  }

  #spool(row: WindowRow): Spool {
    return new Spool({
      tenant: this.#tenant,
      source: 'ual-search',
      window: { fromMs: row.fromMs, toMs: row.toMs },
      pass: row.passes + 1,
      append: (request) => this.#d.archive.append(request),
      memory: this.#memory,
    });
  }

  async #finish(row: WindowRow, spool: Spool, result: SearchResult, startedMs: number): Promise<void> {
    const { outcome } = result;
    const again = outcome.kind === 'partial' && !outcome.final && row.attempts < MAX_ATTEMPTS;
    if (outcome.kind === 'later' || outcome.kind === 'split' || again) {
      await this.#ledger.announce(spool.segments);
      if (outcome.kind === 'split') await this.#ledger.split(row, outcome.parts, outcome.reason);
      else if (outcome.kind === 'partial') await this.#ledger.again(row, outcome.reason);
      return;
    }
    // Before the receipt: with it the window is through, and its day may be reconciled.
    if (result.comparison) await this.#jobs.putComparison(row, result.comparison);
    const receipt = receiptOf(outcome, spool, result, startedMs, this.#d.clock.now());
    await writeReceipt(this.#d.archive.blobs, nextReceipt(row), receipt);
    await this.#ledger.conclude(row, receipt);
    const [from, to] = [formatSeconds(row.fromMs), formatSeconds(row.toMs)];
    const facts = { tenant: this.#tenant, from, to, outcome: receipt.outcome, ...result.counts };
    this.#d.log.info('search.window', facts);
  }

  /** The query stays: its result can be read at the next run. */
  async #failed(row: WindowRow, error: HoldfastError): Promise<void> {
    if (error.code === 'vendor-refused') return this.#ledger.refuse(`${error.message} ${REMEDY}`);
    const facts = { tenant: this.#tenant, from: formatSeconds(row.fromMs), error: describeError(error) };
    this.#d.log.warn('search.read-failed', facts);
  }
}

const receiptOf = (
  outcome: Exclude<Outcome, { kind: 'split' }>,
  spool: Spool,
  { counts }: SearchResult,
  startedMs: number,
  finishedMs: number,
): ReceiptBody => ({
  outcome: outcome.kind,
  ...(outcome.kind === 'partial' && { reason: outcome.reason }),
  startedAt: new Date(startedMs).toISOString(),
  finishedAt: new Date(finishedMs).toISOString(),
  counts,
  segments: spool.segments.map(({ date, segment }) => ({ date, segment })),
  settled: true,
  requests: spool.requests,
});

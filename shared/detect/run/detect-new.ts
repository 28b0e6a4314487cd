import { DetectionConfig } from '../allow/config-table.ts';
import { BookShelf } from '../book-shelf.ts';
import type { AllowList } from '../allow/allow-list.ts';
import { addTaken, Evaluator, takenIn, type Evaluated } from '../evaluation.ts';
import type { Finding } from '../findings/finding.ts';
import { FindingsTable } from '../findings/findings-table.ts';
import { followUp } from '../pivot/follow-up.ts';
import type { RuleBook } from '../rule-book.ts';
import { segmentPath, type SegmentRef } from '../../layout.ts';
import { clearBacklog, noteBacklog, quietBacklog } from './backlog.ts';
import type { DetectDeps } from './detect-deps.ts';
import { IndexHistory } from './index-history.ts';
import { StoredDetection } from './memory-store.ts';
import { isDetected, markDetected, pendingSegments } from './pending.ts';
import { createRun } from './runs.ts';
import { scanSegment } from './scan-segment.ts';
import { StateStore } from './state-store.ts';
import { storeOutcome } from './store-outcome.ts';

export interface DetectOptions {
  /** When to stop taking up further batches, milliseconds since the epoch. */
  readonly untilMs: number;
  /** Told of new findings, after they and the marks are stored. */
  readonly alert: (tenant: string, fresh: readonly Finding[]) => Promise<void>;
  /** How long a date of the backlog must have been quiet before it is correlated again. */
  readonly quietMs?: number;
}

/** Segments of one batch: their matches are in memory together. */
const BATCH = 24;
const MAX_MATCHES = 50_000;
const LISTED = 600;
const QUIET_MS = 30 * 60_000;
/** The engine's lateness horizon: state before it is final. */
const LATENESS_MS = 72 * 3_600_000;

export interface DetectReport {
  readonly segments: number;
  readonly records: number;
  readonly findings: number;
  /** Everything there was is evaluated. */
  readonly done: boolean;
}

/**
 * Evaluates the segments that were indexed since the last call. Order: findings, state, mark. After a crash in between,
 * the segments are evaluated again; ids make their findings and events the same ones. Two at once: the etag of the state
 * lets one through, the other throws `conflict` and finds the work done next time.
 */
export async function detectNew(
  deps: DetectDeps,
  shelf: BookShelf,
  tenant: string,
  options: DetectOptions,
): Promise<DetectReport> {
  const work = await Work.start(deps, shelf, tenant);
  let report: DetectReport = { segments: 0, records: 0, findings: 0, done: false };
  for (;;) {
    const pending = await pendingSegments(deps.tables, tenant, LISTED);
    if (pending.length === 0) break;
    if (deps.clock.now() >= options.untilMs) return report;
    for (let at = 0; at < pending.length && deps.clock.now() < options.untilMs;) {
      const { segments, records, fresh } = await work.batch(pending.slice(at, at + BATCH));
      await options.alert(tenant, fresh);
      at += segments;
      report = {
        ...report,
        segments: report.segments + segments,
        records: report.records + records,
        findings: report.findings + fresh.length,
      };
    }
  }
  await startBacklogRuns(deps, tenant, options.quietMs ?? QUIET_MS);
  return { ...report, done: true };
}

class Work {
  readonly #deps: DetectDeps;
  readonly #tenant: string;
  readonly #book: RuleBook;
  readonly #list: AllowList;
  readonly #memory: StoredDetection;
  readonly #history: IndexHistory;
  readonly #findings: FindingsTable;
  #seenMs: number;

  private constructor(
    deps: DetectDeps,
    tenant: string,
    book: RuleBook,
    list: AllowList,
    memory: StoredDetection,
    seenMs: number,
  ) {
    this.#deps = deps;
    this.#tenant = tenant;
    this.#book = book;
    this.#list = list;
    this.#memory = memory;
    this.#seenMs = seenMs;
    this.#history = new IndexHistory(deps.tables, tenant);
    this.#findings = new FindingsTable(deps.tables);
  }

  static async start(deps: DetectDeps, shelf: BookShelf, tenant: string): Promise<Work> {
    const book = await shelf.bookOf(tenant);
    const list = await new DetectionConfig(deps.tables, deps.blobs).allowList(tenant);
    const memory = await StoredDetection.open(new StateStore(deps.tables, tenant), 'live', book);
    return new Work(deps, tenant, book, list, memory, memory.detection.seenMs);
  }

  /** As many of the segments as their matches allow, at least one. */
  async batch(refs: readonly SegmentRef[]): Promise<{ segments: number; records: number; fresh: Finding[] }> {
    const evaluated = Evaluator.empty();
    const done: { ref: SegmentRef; records: number }[] = [];
    const late = new Set<string>();
    for (const ref of refs) {
      if (evaluated.fed.length + evaluated.matches.length > MAX_MATCHES) break;
      done.push({ ref, records: await this.#scan(ref, evaluated, late) });
    }
    const dates = [...new Set(done.map(({ ref }) => ref.date))];
    const fresh = await this.#store(evaluated, dates);
    await noteBacklog(this.#deps.tables, this.#tenant, late, this.#deps.clock.now());
    for (const { ref, records } of done)
      await markDetected(this.#deps.tables, ref, this.#book.version, records);
    return { segments: done.length, records: done.reduce((n, { records }) => n + records, 0), fresh };
  }

  async #scan(ref: SegmentRef, into: Evaluated, late: Set<string>): Promise<number> {
    if (await isDetected(this.#deps.tables, ref, this.#book.version)) return 0;
    const own = Evaluator.empty();
    const { records } = await scanSegment(ref, this.#book, this.#deps.blobs, own);
    const correlated = [...own.fed, ...takenIn(own)];
    const horizon = this.#seenMs - LATENESS_MS;
    if (correlated.some(({ sighting }) => (sighting.timeMs ?? horizon) < horizon)) late.add(ref.date);
    else {
      for (const fed of own.fed) into.fed.push(fed);
      for (const taken of takenIn(own)) addTaken(into, taken);
      for (const { sighting } of correlated) this.#seenMs = Math.max(this.#seenMs, sighting.timeMs ?? 0);
    }
    for (const match of own.matches) into.matches.push(match);
    for (const match of own.native) into.native.push(match);
    for (const [key, candidate] of own.candidates)
      into.candidates.set(`${segmentPath(ref)}|${key}`, candidate);
    into.records += own.records;
    return records;
  }

  async #store(evaluated: Evaluated, dates: readonly string[]): Promise<Finding[]> {
    const outcome = await this.#memory.detection.conclude(evaluated, this.#history);
    const fresh = await storeOutcome(
      this.#findings,
      this.#tenant,
      outcome,
      this.#list,
      this.#deps.clock.now(),
    );
    const further = await followUp(this.#deps, {
      tenant: this.#tenant,
      found: outcome.findings,
      dates,
      list: this.#list,
      nowMs: this.#deps.clock.now(),
    });
    await this.#memory.save();
    return [...fresh, ...further];
  }
}

/** Correlates dates again whose records came too late for the live state; a run's findings have the same ids. */
async function startBacklogRuns(deps: DetectDeps, tenant: string, quietMs: number): Promise<void> {
  for (const { fromMs, toMs, dates } of await quietBacklog(deps.tables, tenant, deps.clock.now(), quietMs)) {
    await createRun(deps, { tenant, fromMs, toMs, purpose: 'backlog' });
    await clearBacklog(deps.tables, tenant, dates);
    deps.log.info('detect.backlog', { from: dates[0], to: dates.at(-1) });
  }
}

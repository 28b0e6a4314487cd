import { aliasesOf, slicesOf } from '../../indexing/query.ts';
import { userKeys } from '../../indexing/entities/user.ts';
import { describeError, HoldfastError, isHoldfastError } from '../../errors.ts';
import { dateOf, ticksFromMs } from '../../instant.ts';
import { parseArchivePath, datePrefix, segmentPath, type SegmentRef } from '../../layout.ts';
import { QUEUE } from '../../messages.ts';
import { SOURCE_IDS } from '../../sources.ts';
import { DetectionConfig } from '../allow/config-table.ts';
import type { BookShelf } from '../book-shelf.ts';
import type { DetectionOutcome } from '../detection.ts';
import { Evaluator } from '../evaluation.ts';
import { isoOf } from '../findings/finding.ts';
import { FindingsTable } from '../findings/findings-table.ts';
import { followUp } from '../pivot/follow-up.ts';
import { makeRuleBook, type RuleBook } from '../rule-book.ts';
import { bodyOf } from '../sighting.ts';
import type { DetectDeps } from './detect-deps.ts';
import { IndexHistory } from './index-history.ts';
import { StoredDetection } from './memory-store.ts';
import {
  addRunFindings,
  MAX_RUN_FINDINGS,
  readRun,
  removeRunFindings,
  replaceRun,
  type Run,
  type RunMessage,
} from './runs.ts';
import { scanSegment, type ScanScope } from './scan-segment.ts';
import { StateStore } from './state-store.ts';
import { storeOutcome } from './store-outcome.ts';

const DAY = 86_400_000;
/** A run goes through the archive by event date: records of one date come in any order, so no more must be kept open. */
const LATENESS_MS = 36 * 3_600_000;
/** Segments whose matches are concluded together. */
const BATCH = 24;
const MAX_MATCHES = 50_000;
/** After so many deliveries the queue sets a message aside (host.json): the run must not hang then. */
const MAX_ATTEMPTS = 5;

export interface StepOptions {
  readonly shelf: BookShelf;
  /** When a step should end and leave the rest to the next, milliseconds since the epoch. */
  readonly untilMs: number;
  /** Attempts of the message so far, the first being 1. */
  readonly attempt?: number;
}

/**
 * One bounded step of a run: some segments, then progress and the next step's message. A step that is delivered twice
 * or late is stale by its number; one that dies is done again from the cursor, its findings having the same ids.
 */
export async function runStep(deps: DetectDeps, message: RunMessage, options: StepOptions): Promise<void> {
  const { run, etag } = await readRun(deps.tables, message.tenant, message.id);
  if (run.step !== message.step || run.state === 'done' || run.state === 'failed') return;
  const next = await attempt(deps, run, options);
  if ((await replaceRun(deps.tables, next, etag)) === 'changed') return;
  if (next.state === 'running')
    await deps.queues.send(QUEUE.detection, [{ tenant: run.tenant, id: run.id, step: next.step }]);
  else await forget(deps, next);
  deps.log.info('detect.run', {
    run: run.id,
    state: next.state,
    segments: next.segmentsDone,
    findings: next.findings,
  });
}

/** What can be tried again is thrown for the queue to deliver again; the rest fails the run with its reason. */
async function attempt(deps: DetectDeps, run: Run, options: StepOptions): Promise<Run> {
  try {
    return await step(deps, run, options);
  } catch (error) {
    const lastTry = (options.attempt ?? 1) >= MAX_ATTEMPTS;
    if (!lastTry && (!isHoldfastError(error) || error.retryable)) throw error;
    return { ...run, state: 'failed', error: describeError(error), updatedAt: isoOf(deps.clock.now()) };
  }
}

async function step(deps: DetectDeps, run: Run, options: StepOptions): Promise<Run> {
  const book = await bookFor(run, options.shelf);
  const refs = await segmentsOf(deps, run, book);
  const rest = refs.filter((ref) => run.cursor === undefined || placeOf(ref) > placeOf(run.cursor));
  const scopes = await scopesFor(deps, run);
  const store = new StateStore(deps.tables, run.tenant);
  const memory = await StoredDetection.open(store, `run|${run.id}`, book, { latenessMs: LATENESS_MS });
  let now: Run = { ...run, state: 'running', segments: refs.length };
  for (
    let at = 0;
    at < rest.length && (at === 0 || deps.clock.now() < options.untilMs);
    at = now.segmentsDone - run.segmentsDone
  )
    now = await batch(deps, now, rest.slice(at, at + BATCH), { book, memory, scopes });
  const done = now.segmentsDone - run.segmentsDone >= rest.length;
  if (!done) await memory.save();
  return { ...now, step: run.step + 1, state: done ? 'done' : 'running', updatedAt: isoOf(deps.clock.now()) };
}

interface Gear {
  readonly book: RuleBook;
  readonly memory: StoredDetection;
  readonly scopes: Scopes;
}

async function batch(deps: DetectDeps, run: Run, refs: readonly SegmentRef[], gear: Gear): Promise<Run> {
  const evaluated = Evaluator.empty();
  let now = run;
  for (const ref of refs) {
    if (evaluated.fed.length + evaluated.matches.length > MAX_MATCHES) break;
    const scope = gear.scopes(ref);
    const count = scope && (await scanSegment(ref, gear.book, deps.blobs, evaluated, scope));
    now = {
      ...now,
      segmentsDone: now.segmentsDone + 1,
      cursor: { date: ref.date, source: ref.source, segment: ref.segment },
      records: now.records + (count?.records ?? 0),
      bytesRead: now.bytesRead + (count?.bytesRead ?? 0),
      bytesTotal: now.bytesTotal + (count?.bytesTotal ?? 0),
    };
  }
  const history = new IndexHistory(deps.tables, run.tenant);
  return keep(deps, now, within(run, await gear.memory.detection.conclude(evaluated, history)));
}

/** Records before the range are read so that windows are whole at its start; what is found there is not of this run. */
function within(run: Run, outcome: DetectionOutcome): DetectionOutcome {
  const inside = (time: string) => Date.parse(time) >= run.fromMs && Date.parse(time) < run.toMs;
  return { ...outcome, findings: outcome.findings.filter(({ time }) => inside(time)) };
}

async function keep(deps: DetectDeps, run: Run, outcome: DetectionOutcome): Promise<Run> {
  const findings =
    run.sigma === undefined
      ? outcome.findings
      : outcome.findings.filter(({ origin }) => origin === 'supplied');
  const room = Math.max(0, MAX_RUN_FINDINGS - run.findings);
  await addRunFindings(deps.tables, run, findings.slice(0, room));
  await removeRunFindings(
    deps.tables,
    run,
    outcome.withdrawn.map(({ id }) => id),
  );
  const fresh = run.sigma === undefined ? await storeAll(deps, run, { ...outcome, findings }) : 0;
  return { ...run, findings: run.findings + findings.length, fresh: run.fresh + fresh };
}

async function storeAll(deps: DetectDeps, run: Run, outcome: DetectionOutcome): Promise<number> {
  const list = await new DetectionConfig(deps.tables, deps.blobs).allowList(run.tenant);
  const table = new FindingsTable(deps.tables);
  // A run sees a part of the records only: it takes nothing back that the timer found.
  const [tenant, nowMs] = [run.tenant, deps.clock.now()];
  const fresh = await storeOutcome(table, tenant, { ...outcome, withdrawn: [] }, list, nowMs);
  const further = await followUp(deps, { tenant, found: outcome.findings, dates: [], list, nowMs });
  return fresh.length + further.length;
}

async function bookFor(run: Run, shelf: BookShelf): Promise<RuleBook> {
  if (run.sigma !== undefined)
    return makeRuleBook({ supplied: [{ file: 'supplied/rules.yml', text: run.sigma }] });
  const book = await shelf.bookOf(run.tenant);
  if (run.rules === undefined && run.purpose === 'request') return book;
  const only =
    run.rules ?? [...book.infos.values()].filter(({ kind }) => kind !== 'rule').map(({ key }) => key);
  return shelf.bookOf(run.tenant, only);
}

/** Segments of the range and of a day at most before it, so that windows are whole at its start; by event date. */
async function segmentsOf(deps: DetectDeps, run: Run, book: RuleBook): Promise<SegmentRef[]> {
  const spans = book.components.map(({ maxTimespanMs }) => maxTimespanMs);
  const lead = Math.min(
    DAY,
    Math.max(0, ...spans, book.native.some(({ type }) => type === 'window') ? DAY : 0),
  );
  const refs: SegmentRef[] = [];
  for (let day = Date.parse(dateOf(run.fromMs - lead)); day < run.toMs; day += DAY)
    for (const source of SOURCE_IDS) {
      if (
        book.set.candidates(source).length === 0 &&
        !book.native.some(({ sources }) => sources.includes(source))
      )
        continue;
      for await (const { name } of deps.blobs.list(datePrefix(run.tenant, source, dateOf(day)))) {
        const path = parseArchivePath(name);
        if (path?.kind === 'manifest')
          refs.push({ tenant: run.tenant, source, date: path.date, segment: path.segment });
      }
    }
  return refs.sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
}

const placeOf = ({
  date,
  source,
  segment,
}: Pick<SegmentRef, 'date' | 'segment'> & { source: string }): string => `${date}|${source}|${segment}`;

/** How much of a segment a run looks at; undefined: nothing of it. */
type Scopes = (ref: SegmentRef) => ScanScope | undefined;

async function scopesFor(deps: DetectDeps, run: Run): Promise<Scopes> {
  const { users } = run;
  const before = ticksFromMs(run.toMs);
  if (!users) return () => ({ before });
  const keys = new Set<string>();
  for (const user of users) for (const key of await aliasesOf(deps.tables, run.tenant, user)) keys.add(key);
  const chunks = new Map<string, Set<number>>();
  for (const key of keys)
    for await (const slice of slicesOf(
      deps.tables,
      run.tenant,
      'user',
      key,
      dateOf(run.fromMs - DAY),
      dateOf(run.toMs - 1),
    )) {
      const known = chunks.get(segmentPath(slice.ref)) ?? new Set<number>();
      chunks.set(segmentPath(slice.ref), known);
      for (const { index } of slice.chunks) known.add(index);
    }
  const accept: ScanScope['accept'] = (value) => userKeys(bodyOf(value)).some((key) => keys.has(key));
  return (ref) => {
    const found = chunks.get(segmentPath(ref));
    return found && { chunks: found, before, accept };
  };
}

/** A finished run needs its memory no more. */
async function forget(deps: DetectDeps, run: Run): Promise<void> {
  await new StateStore(deps.tables, run.tenant).removeAll(`run|${run.id}|`);
}

/** Refuses what a run could not do anyway, before it is created. */
export function checkRules(book: RuleBook, rules: readonly string[]): void {
  const unknown = rules.filter((key) => !book.infos.has(key));
  if (unknown.length > 0)
    throw new HoldfastError('invalid-request', `There is no rule "${unknown[0]!.slice(0, 80)}".`, {
      field: 'rules',
      remedy: 'Take keys from GET /api/rules.',
    });
}

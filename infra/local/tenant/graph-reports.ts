import { ApiError, bodyOf, separated } from './answers.ts';
import type { Answer } from './answers.ts';
import { generatedBy, withGenerated } from './big-body.ts';
import { EVER, isPlainSpan, matches, spanOf } from './filter-match.ts';
import type { Span } from './filter-match.ts';
import type { Expression } from './filter.ts';
import { broken } from './json-text.ts';
import { nextLink, tokenOf } from './page-tokens.ts';
import { planOf } from './report-plan.ts';
import type { Plan } from './report-plan.ts';
import type { ReportName, ReportSchema } from './report-schemas.ts';
import type { Call, Simulation } from './simulation.ts';
import type { Place } from './store.ts';

/** One page of a report: https://learn.microsoft.com/graph/api/signin-list and its siblings. */
export function answerReport(sim: Simulation, call: Call, name: ReportName): Answer {
  const plan = planOf(sim, call, name);
  if (call.query.has('$skiptoken')) refuseExpiredToken(sim, call);
  if (sim.faults.take('empty-page', call.where))
    return pageAnswer(sim, call, plan, [], plan.after ?? startOf(plan));
  const found = recordsOf(sim, call, plan);
  const page = found.slice(0, plan.top);
  const last = page.at(-1);
  const more =
    last !== undefined &&
    (found.length > plan.top || sim.faults.take('trailing-link', call.where) !== undefined);
  return pageAnswer(sim, call, plan, distorted(sim, call, plan, page), more ? placeAt(sim, last) : undefined);
}

export function refuseExpiredToken(sim: Simulation, call: Call): void {
  const fault = sim.faults.take('expired-page-token', call.where);
  if (!fault) return;
  if (fault.variant === 'directory')
    throw new ApiError(
      400,
      'Directory_ExpiredPageToken',
      'The specified page token value has expired and can no longer be included in your request.',
    );
  const expired = 'Token not found: token is either invalid or expired';
  throw new ApiError(
    400,
    'BadRequest',
    fault.variant === 'null' ? 'Invalid Skip Token, skip token is null' : expired,
  );
}

/** Up to one record more than the page holds. */
function recordsOf(sim: Simulation, call: Call, plan: Plan): number[] {
  const nowMs = sim.nowMs();
  const spans = new Map([...plan.filters].map(([source, filter]) => [source, spanIn(plan.schema, filter)]));
  const hull = [...spans.values()].reduce(
    (a, b) => ({ fromMs: Math.min(a.fromMs, b.fromMs), toMs: Math.max(a.toMs, b.toMs) }),
    { fromMs: Infinity, toMs: -Infinity },
  );
  const fromMs = Math.max(hull.fromMs, nowMs - retentionOf(sim, call));
  const numbers: number[] = [];
  for (const number of sim.store.walk([...plan.filters.keys()], { ...plan, fromMs, toMs: hull.toMs })) {
    const source = sim.store.source(number);
    if (!sim.store.visible(number, nowMs)) continue;
    if (!passes(sim, plan, number, plan.filters.get(source)!, spans.get(source)!)) continue;
    numbers.push(number);
    if (numbers.length > plan.top) break;
  }
  return numbers;
}

const spanIn = (schema: ReportSchema, filter: Expression): Span =>
  schema.indexed ? spanOf(filter, schema.time) : EVER;

function retentionOf({ switches: { licence, retention } }: Simulation, { where }: Call): number {
  if (where.endpoint === 'riskDetections') return retention.riskMs;
  return licence === 'free' ? retention.freeMs : retention.graphMs;
}

// Only records at a span's very edge, or under a filter on something else, have to be read.
function passes(sim: Simulation, plan: Plan, number: number, filter: Expression, span: Span): boolean {
  const ms = sim.store.eventMs(number);
  if (ms < span.fromMs || ms > span.toMs) return false;
  if (
    isPlainSpan(filter, plan.schema.time) &&
    (filter.kind === 'constant' || (plan.schema.indexed && ms > span.fromMs && ms < span.toMs))
  )
    return true;
  return matches(filter, parsedOrEmpty(sim.store.text(number)));
}

// A record published malformed can only be found by its time.
function parsedOrEmpty(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

const placeAt = (sim: Simulation, number: number): Place => ({ ms: sim.store.eventMs(number), number });

const isRecord = (sim: Simulation, { number }: Place): boolean => number >= 0 && number < sim.store.count;

// JSON has no infinities; these bounds hold every date.
const startOf = (plan: Plan): Place =>
  plan.descending ? { ms: 8.64e15, number: 2 ** 32 } : { ms: -8.64e15, number: -1 };

/** Duplicates and omissions, where a fault wants them. */
function distorted(sim: Simulation, call: Call, plan: Plan, page: readonly number[]): readonly number[] {
  const repeats =
    page.length > 0 &&
    plan.after !== undefined &&
    isRecord(sim, plan.after) &&
    sim.faults.take('duplicate-across-pages', call.where) !== undefined;
  return distortedPage(sim, call, repeats ? [plan.after.number, ...page] : page);
}

/** A record twice, or some left out, within one page of any report or result. */
export function distortedPage(sim: Simulation, call: Call, page: readonly number[]): readonly number[] {
  if (page.length === 0) return page;
  const middle = Math.floor(page.length / 2);
  const twice = sim.faults.take('duplicate-within-page', call.where) !== undefined;
  const numbers = twice ? [...page.slice(0, middle + 1), ...page.slice(middle)] : page;
  const dropped = sim.faults.take('dropped-records', call.where);
  return dropped ? numbers.filter(() => sim.random() >= (dropped.fraction ?? 0.1)) : numbers;
}

function pageAnswer(
  sim: Simulation,
  call: Call,
  plan: Plan,
  numbers: readonly number[],
  next: Place | undefined,
): Answer {
  const poison = numbers.length > 0 ? poisonedOf(sim, call, numbers) : undefined;
  const texts = numbers.map((number) => {
    if (poison?.has(number)) return Buffer.from(broken(sim.store.text(number)));
    return plan.transform ? Buffer.from(plan.transform(sim.store.text(number))) : sim.store.bytes(number);
  });
  const parts = [Buffer.from(headOf(sim, call, plan, next)), ...separated(texts)];
  const end = Buffer.from(']}');
  const big = sim.faults.take('big-body', call.where);
  const members = (at: number) =>
    `"id":"generated-${at}","${plan.schema.time}":"${new Date(sim.nowMs()).toISOString()}"`;
  return {
    status: 200,
    body: big
      ? withGenerated(parts, end, texts.length === 0, generatedBy(big, members))
      : bodyOf([...parts, end]),
    onSent: () => sim.store.noteFetched(numbers.filter((number) => !poison?.has(number))),
  };
}

/** A poison fault settles on the middle record of the first page it meets and stays with it. */
export function poisonedOf(sim: Simulation, call: Call, numbers: readonly number[]): Set<number> | undefined {
  const fault = sim.faults.take('poison-record', call.where);
  if (fault && fault.poisoned.size === 0) fault.poisoned.add(numbers[Math.floor(numbers.length / 2)]!);
  return fault?.poisoned;
}

function headOf(sim: Simulation, call: Call, plan: Plan, next: Place | undefined): string {
  const context = `${call.origin}/${call.version}/$metadata#${plan.schema.path}`;
  if (!next) return `{"@odata.context":${JSON.stringify(context)},"value":[`;
  const foreign = sim.faults.take('foreign-next-link', call.where);
  const origin = foreign ? `https://${foreign.host ?? 'graph.microsoft.com.attacker.example'}` : call.origin;
  const link = nextLink(origin, call.path, call.rawQuery, tokenOf(next));
  return `{"@odata.context":${JSON.stringify(context)},"@odata.nextLink":${JSON.stringify(link)},"value":[`;
}

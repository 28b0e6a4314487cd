import { HoldfastError } from '../errors.ts';
import { parseInstant, msFromTicks, formatSeconds, type Ticks, ticksFromMs } from '../instant.ts';
import { ENTITIES } from '../indexing/entities/index.ts';
import { ENTITY_KINDS, type EntityKind } from '../layout.ts';

/** What a bundle is asked for: the union of its entities, within one span of event time. */
export interface Scope {
  readonly tenant: string;
  /** Normalised keys. */
  readonly entities: Readonly<Record<EntityKind, readonly string[]>>;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Longest span a question may have; longer ones are mistakes. */
export const MAX_SPAN_DAYS = 3660;
const EARLIEST_MS = Date.UTC(2000, 0, 1);
const MAX_ENTITIES = 200;

export interface RawScope {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly entities: Readonly<Partial<Record<EntityKind, readonly string[]>>>;
}

const bad = (field: string, message: string, remedy: string): HoldfastError =>
  new HoldfastError('invalid-request', message, { field, remedy });

const TIME_REMEDY = 'Give ISO 8601, e.g. 2026-11-24T13:50:17Z or 2026-11-24 (UTC where no zone is given).';

/** A caller's time in milliseconds since the epoch. `2026-11-24` is that day's start, or, as an end, its end. */
export function parseTime(field: string, text: string, edge: 'start' | 'end'): number {
  const day = /^\d{4}-\d{2}-\d{2}$/.test(text.trim());
  const ticks: Ticks | undefined = parseInstant(day ? `${text.trim()}T00:00:00Z` : text);
  if (ticks === undefined) throw bad(field, `"${field}" is not a time: ${text.slice(0, 60)}`, TIME_REMEDY);
  const ms = msFromTicks(ticks) + (day && edge === 'end' ? 86_400_000 : 0);
  if (ms < EARLIEST_MS || ms > Date.UTC(2200, 0, 1))
    throw bad(field, `"${field}" lies outside the years 2000 to 2199.`, TIME_REMEDY);
  return ms;
}

/** A span of time from a request; `default` days back from now where nothing is said. */
export function parseSpan(
  raw: { from?: string | undefined; to?: string | undefined },
  nowMs: number,
  defaultDays: number,
): { fromMs: number; toMs: number } {
  const toMs = raw.to === undefined ? nowMs : parseTime('to', raw.to, 'end');
  const fromMs =
    raw.from === undefined ? toMs - defaultDays * 86_400_000 : parseTime('from', raw.from, 'start');
  if (fromMs >= toMs)
    throw bad(
      'from',
      `"from" (${formatSeconds(fromMs)}) must be before "to" (${formatSeconds(toMs)}).`,
      'Swap them, or widen the span.',
    );
  if (toMs - fromMs > MAX_SPAN_DAYS * 86_400_000)
    throw bad('from', `The span is longer than ${MAX_SPAN_DAYS} days.`, 'Ask for a shorter span.');
  return { fromMs, toMs };
}

export function parseScope(tenant: string, raw: RawScope, nowMs: number, defaultDays: number): Scope {
  const entities = Object.fromEntries(
    ENTITY_KINDS.map((kind) => [kind, (raw.entities[kind] ?? []).map((text) => entityKey(kind, text))]),
  ) as Record<EntityKind, string[]>;
  const count = ENTITY_KINDS.reduce((n, kind) => n + entities[kind].length, 0);
  if (count === 0) throw bad('user', 'No entity is given.', 'Give at least one of user, session, ip, app.');
  if (count > MAX_ENTITIES)
    throw bad('user', `More than ${MAX_ENTITIES} entities are given.`, 'Ask in several calls.');
  return { tenant, entities, ...parseSpan(raw, nowMs, defaultDays) };
}

export function entityKey(kind: EntityKind, text: string): string {
  const key = ENTITIES[kind].normalise(text);
  if (key === undefined)
    throw bad(
      kind,
      `"${kind}" is not ${ENTITIES[kind].expected}: ${text.slice(0, 80)}`,
      `Give ${ENTITIES[kind].expected}.`,
    );
  return key;
}

/** Half-open span in ticks, for comparing with records. */
export const spanTicks = (scope: Pick<Scope, 'fromMs' | 'toMs'>): { from: Ticks; to: Ticks } => ({
  from: ticksFromMs(scope.fromMs),
  to: ticksFromMs(scope.toMs),
});

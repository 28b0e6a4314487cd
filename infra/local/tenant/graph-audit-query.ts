import { randomUUID } from 'node:crypto';
import { msFromTicks, parseInstant } from '../../../shared/instant.ts';
import { ApiError, bodyOf, json, separated } from './answers.ts';
import type { Answer } from './answers.ts';
import { auditEnvelope } from './audit-envelope.ts';
import { auditQueryMatches } from './audit-query-filter.ts';
import type { AuditQueryBody } from './audit-query-filter.ts';
import type { FaultSpec } from './faults.ts';
import { distortedPage, poisonedOf, refuseExpiredToken } from './graph-reports.ts';
import { broken } from './json-text.ts';
import { nextLink, placeOf, tokenOf } from './page-tokens.ts';
import { CONTENT_TYPES } from './records.ts';
import type { Call, Simulation } from './simulation.ts';

type Status = 'notStarted' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'unknownFutureValue';

interface Query {
  readonly id: string;
  readonly body: AuditQueryBody;
  readonly fromMs: number;
  readonly toMs: number;
  readonly submittedMs: number;
  readonly outcome: FaultSpec['outcome'] | 'succeeded';
  result?: { readonly numbers: Uint32Array; readonly exceeded: boolean };
}

const UAL = Object.values(CONTENT_TYPES);

/** Asynchronous audit searches: https://learn.microsoft.com/graph/api/resources/security-auditlogquery */
export class AuditQueries {
  readonly #sim: Simulation;
  readonly #queries = new Map<string, Query>();

  constructor(sim: Simulation) {
    this.#sim = sim;
  }

  answer(call: Call): Answer {
    // Moved back to beta in 2025: some tenants answer 404 on v1.0.
    if (call.version === 'v1.0' && !this.#sim.switches.auditQuery.onV1)
      throw new ApiError(404, 'UnknownError', '');
    switch (call.where.endpoint) {
      case 'auditQuery.submit':
        return this.#submit(call);
      case 'auditQuery.list':
        return json({
          '@odata.context': contextOf(call),
          value: this.#kept().map((query) => this.#shown(query)),
        });
      case 'auditQuery.status':
        return {
          ...json({ '@odata.context': `${contextOf(call)}/$entity`, ...this.#shown(this.#named(call)) }),
          headers: {},
        };
      default:
        return this.#records(call, this.#named(call));
    }
  }

  #submit(call: Call): Answer {
    const body = parsedBody(call.body);
    const fromMs = instantMs(body.filterStartDateTime, 'filterStartDateTime');
    const toMs = instantMs(body.filterEndDateTime, 'filterEndDateTime');
    if (toMs <= fromMs) throw badRequest('filterEndDateTime must be after filterStartDateTime.');
    const active = this.#kept().filter((query) => ['notStarted', 'running'].includes(this.#status(query)));
    if (active.length >= this.#sim.switches.auditQuery.maxConcurrent)
      throw new ApiError(
        429,
        'TooManyRequests',
        'The maximum number of concurrent audit log queries has been reached.',
      );
    const outcome = this.#sim.faults.take('query-outcome', call.where)?.outcome ?? 'succeeded';
    const query: Query = { id: randomUUID(), body, fromMs, toMs, submittedMs: this.#sim.nowMs(), outcome };
    this.#queries.set(query.id, query);
    const context = `${contextOf(call)}/$entity`;
    return { ...json({ '@odata.context': context, ...this.#shown(query) }, 201), headers: {} };
  }

  #kept(): Query[] {
    const oldest = this.#sim.nowMs() - this.#sim.switches.auditQuery.keptMs;
    return [...this.#queries.values()].filter(({ submittedMs }) => submittedMs >= oldest);
  }

  #named(call: Call): Query {
    const id = call.resource.split('/')[3]!;
    const query = this.#kept().find((kept) => kept.id === id);
    if (!query) throw new ApiError(404, 'NotFound', `The audit log query '${id}' was not found.`);
    return query;
  }

  #status({ submittedMs, outcome }: Query): Status {
    const { startDelayMs, runMs } = this.#sim.switches.auditQuery;
    const age = this.#sim.nowMs() - submittedMs;
    if (age < startDelayMs) return 'notStarted';
    return outcome === 'stuck' || age < startDelayMs + runMs ? 'running' : outcome!;
  }

  #shown(query: Query): Record<string, unknown> {
    const status = this.#status(query);
    const shown = {
      '@odata.type': '#microsoft.graph.security.auditLogQuery',
      ...query.body,
      id: query.id,
      status,
    };
    if (status !== 'succeeded') return shown;
    const { numbers, exceeded } = this.#result(query);
    return {
      ...shown,
      approximateReturnedRecordCount: numbers.length,
      isRecordCountLimitExceeded: exceeded,
      recordCountLimit: this.#sim.switches.auditQuery.recordCountLimit,
    };
  }

  // The service stops at its limit and still says that it succeeded.
  #result(query: Query): { readonly numbers: Uint32Array; readonly exceeded: boolean } {
    if (query.result) return query.result;
    const { store, switches } = this.#sim;
    const nowMs = this.#sim.nowMs();
    const fromMs = Math.max(query.fromMs, nowMs - switches.retention.searchMs);
    const limit = switches.auditQuery.recordCountLimit;
    const numbers: number[] = [];
    for (const number of store.walk(UAL, { fromMs, toMs: query.toMs, descending: true })) {
      if (store.eventMs(number) >= query.toMs || store.isCopy(number) || !store.visible(number, nowMs))
        continue;
      if (!auditQueryMatches(query.body, () => store.text(number))) continue;
      numbers.push(number);
      if (numbers.length > limit) break;
    }
    query.result = { numbers: Uint32Array.from(numbers.slice(0, limit)), exceeded: numbers.length > limit };
    return query.result;
  }

  #records(call: Call, query: Query): Answer {
    const { faults, store } = this.#sim;
    if (this.#status(query) !== 'succeeded')
      throw badRequest(`The audit log query is in state ${this.#status(query)}.`);
    const { numbers } = this.#result(query);
    const token = call.query.get('$skiptoken');
    if (token !== null) refuseExpiredToken(this.#sim, call);
    const from = token === null ? 0 : placeOf(token).number;
    const to = faults.take('empty-page', call.where) ? from : from + topOf(call.query.get('$top'));
    const page = distortedPage(this.#sim, call, [...numbers.subarray(from, to)]);
    const poison = page.length > 0 ? poisonedOf(this.#sim, call, page) : undefined;
    const texts = page.map((number) => {
      const envelope = auditEnvelope(store.text(number));
      return Buffer.from(poison?.has(number) ? broken(envelope) : envelope);
    });
    const head = headOf(this.#sim, call, query, to < numbers.length ? to : undefined);
    return {
      status: 200,
      body: bodyOf([Buffer.from(head), ...separated(texts), Buffer.from(']}')]),
      onSent: () => store.noteFetched(page.filter((number) => !poison?.has(number))),
    };
  }
}

function headOf(sim: Simulation, call: Call, query: Query, next: number | undefined): string {
  const context = JSON.stringify(`${contextOf(call)}('${query.id}')/records`);
  if (next === undefined) return `{"@odata.context":${context},"value":[`;
  const foreign = sim.faults.take('foreign-next-link', call.where);
  const origin = foreign ? `https://${foreign.host ?? 'graph.microsoft.com.attacker.example'}` : call.origin;
  const link = nextLink(origin, call.path, call.rawQuery, tokenOf({ ms: 0, number: next }));
  return `{"@odata.context":${context},"@odata.nextLink":${JSON.stringify(link)},"value":[`;
}

const contextOf = (call: Call): string =>
  `${call.origin}/${call.version}/$metadata#security/auditLog/queries`;

const badRequest = (message: string) => new ApiError(400, 'BadRequest', message);

function topOf(text: string | null): number {
  const top = text === null ? 100 : Number(text);
  if (!Number.isInteger(top) || top < 1 || top > 1000)
    throw badRequest(`Invalid value '${text}' for $top query option found.`);
  return top;
}

function parsedBody(text: string): AuditQueryBody {
  try {
    const body = JSON.parse(text) as unknown;
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body;
  } catch {
    // Falls through to the API's own answer.
  }
  throw badRequest(
    'Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.',
  );
}

function instantMs(value: unknown, name: string): number {
  const ticks = parseInstant(value);
  if (ticks === undefined)
    throw badRequest(
      `Cannot convert the value of property '${name}' to the expected type 'Edm.DateTimeOffset'.`,
    );
  return msFromTicks(ticks);
}

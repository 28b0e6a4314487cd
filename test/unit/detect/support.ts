import { z } from 'zod';
import { auditEnvelope } from '../../../infra/local/tenant/audit-envelope.ts';
import { Detection } from '../../../shared/detect/detection.ts';
import { Evaluator } from '../../../shared/detect/evaluation.ts';
import type { Finding } from '../../../shared/detect/findings/finding.ts';
import { foldHistory, type HistoryDay, type HistorySource } from '../../../shared/detect/native/history.ts';
import { makeRuleBook, type RuleBook } from '../../../shared/detect/rule-book.ts';
import { RULE_FILES } from '../../../shared/detect/rule-files.ts';
import { parseRules, type SigmaCorrelation, type SigmaRule } from '../../../shared/detect/sigma/index.ts';
import { entityKeys } from '../../../shared/indexing/entities/index.ts';
import { countryOf, userAgentOf } from '../../../shared/indexing/summary.ts';
import { dateOf } from '../../../shared/instant.ts';
import { SOURCE_IDS, type SourceId } from '../../../shared/sources.ts';

export const PLACE = { date: '2026-11-24', segment: '000001', chunk: 0 };

export const NO_HISTORY: HistorySource = { before: () => Promise.resolve(foldHistory([])) };

export interface SourcedRecord {
  readonly source: SourceId;
  readonly value: unknown;
}

/** All findings that records give, in one batch or in several. */
export async function findingsOf(
  book: RuleBook,
  batches: readonly (readonly SourcedRecord[])[],
  history: HistorySource = NO_HISTORY,
  latenessMs?: number,
): Promise<Finding[]> {
  const evaluator = new Evaluator(book);
  const detection = new Detection(book, undefined, latenessMs === undefined ? {} : { latenessMs });
  const found = new Map<string, Finding>();
  for (const batch of batches) {
    const evaluated = Evaluator.empty();
    for (const record of batch) evaluator.take({ ...record, place: PLACE }, evaluated);
    const { findings, withdrawn } = await detection.conclude(evaluated, history);
    for (const { id } of withdrawn) found.delete(id);
    for (const finding of findings) found.set(finding.id, finding);
  }
  return [...found.values()];
}

/** The history of people out of records held in memory, as the index gives it out of the archive. */
export class MemoryHistory implements HistorySource {
  readonly #days = new Map<string, HistoryDay[]>();

  add(value: unknown, timeMs: number): void {
    const keys = entityKeys(value);
    const day = {
      date: dateOf(timeMs),
      ips: keys.ip,
      countries: countryOf(value),
      userAgents: userAgentOf(value),
      apps: keys.app,
      sessions: keys.session,
    };
    for (const user of keys.user) {
      const known = this.#days.get(user) ?? [];
      known.push(day);
      this.#days.set(user, known);
    }
  }

  before(user: string, timeMs: number, days: number): ReturnType<HistorySource['before']> {
    const [from, to] = [dateOf(timeMs - days * 86_400_000), dateOf(timeMs)];
    const past = (this.#days.get(user) ?? []).filter(({ date }) => date >= from && date < to);
    return Promise.resolve(foldHistory(past));
  }
}

const event = z.record(z.string(), z.unknown());
const source = z.enum(SOURCE_IDS);
/** The tests that every rule file carries: single events, or streams of events for correlations. */
export const ruleTest = z.union([
  z.strictObject({ name: z.string(), source, match: z.boolean(), event }),
  z.strictObject({
    name: z.string(),
    hits: z.number().int().min(0),
    events: z.array(
      z.strictObject({
        source,
        at: z.string(),
        times: z.number().int().min(1).default(1),
        everySeconds: z.number().default(1),
        event,
      }),
    ),
  }),
]);
export type RuleTest = z.infer<typeof ruleTest>;

const TIME_FIELD: Partial<Record<SourceId, string>> = {
  'directory-audits': 'activityDateTime',
  'risk-detections': 'activityDateTime',
  provisioning: 'activityDateTime',
};

let ids = 0;

/** An event with an id and a time, as every real record has. `$n` in its texts is the number of the repetition. */
export function recordOf(from: SourceId, template: unknown, at: string, n = 1): SourcedRecord {
  const value = JSON.parse(JSON.stringify(template).replaceAll('$n', String(n))) as Record<string, unknown>;
  const ual = from.startsWith('ual');
  const time = ual ? 'CreationTime' : (TIME_FIELD[from] ?? 'createdDateTime');
  return { source: from, value: { [ual ? 'Id' : 'id']: `r${ids++}`, [time]: at, ...value } };
}

/** The stream of a test, spelled out. */
export const streamOf = (test: Extract<RuleTest, { hits: number }>): SourcedRecord[] =>
  test.events.flatMap((item) =>
    Array.from({ length: item.times }, (_, n) =>
      recordOf(
        item.source,
        item.event,
        new Date(Date.parse(item.at) + n * item.everySeconds * 1000).toISOString(),
        n,
      ),
    ),
  );

/** The same record as the audit search hands it out; records of other logs stay as they are. */
export const enveloped = (record: SourcedRecord): SourcedRecord =>
  record.source.startsWith('ual-')
    ? { source: 'ual-search', value: JSON.parse(auditEnvelope(JSON.stringify(record.value))) as unknown }
    : record;

export type OwnRule = SigmaRule | SigmaCorrelation;

export const ownRules = (): OwnRule[] =>
  RULE_FILES.filter(({ file }) => file.startsWith('rules/')).flatMap(({ file, text }) => {
    const { rules, correlations } = parseRules(text, file);
    return [...rules, ...correlations];
  });

export interface OwnRuleTest<T extends RuleTest = RuleTest> {
  /** Of rule and test. */
  readonly name: string;
  readonly rule: OwnRule;
  readonly test: T;
}

export const testsOf = (rule: OwnRule): RuleTest[] =>
  ((rule.extra['holdfast_tests'] ?? []) as unknown[]).map((test) => ruleTest.parse(test));

/** Every test that our rule files carry. */
export const ownRuleTests = (): OwnRuleTest[] =>
  ownRules().flatMap((rule) =>
    testsOf(rule).map((test) => ({ name: `${rule.name}: ${test.name}`, rule, test })),
  );

export const ownBook = (): RuleBook => makeRuleBook();

import { beforeAll, describe, expect, it } from 'vitest';
import { generateStory, storyGroundTruth } from '../../../infra/local/story/index.ts';
import type { Finding } from '../../../shared/detect/findings/finding.ts';
import { joinIncidents } from '../../../shared/detect/native/incident-join.ts';
import { makeRuleBook } from '../../../shared/detect/rule-book.ts';
import { LEVELS } from '../../../shared/detect/sigma/index.ts';
import { findingsOf, MemoryHistory, type SourcedRecord } from './support.ts';

const nowMs = Date.UTC(2026, 10, 24, 12);
const story = { nowMs, days: 30, records: 40_000 };
const truth = storyGroundTruth(story);
/** Record id → step of the intrusion. */
const stepOf = new Map(
  truth.steps.flatMap(({ id, records }) => records.map((record) => [record.id, id] as const)),
);
const attackerSteps = truth.steps.filter(({ attacker }) => attacker);

const book = makeRuleBook();
let findings: Finding[] = [];
let total = 0;

/** The story in daily batches, as it comes to be archived. */
function dailyBatches(): { batches: SourcedRecord[][]; history: MemoryHistory } {
  const days = new Map<string, SourcedRecord[]>();
  const history = new MemoryHistory();
  for (const { source, text, eventMs } of generateStory(story)) {
    const value: unknown = JSON.parse(text);
    history.add(value, eventMs);
    const day = new Date(eventMs).toISOString().slice(0, 10);
    days.set(day, [...(days.get(day) ?? []), { source, value }]);
    total++;
  }
  return { batches: [...days].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, records]) => records), history };
}

beforeAll(async () => {
  const { batches, history } = dailyBatches();
  findings = await findingsOf(book, batches, history);
}, 120_000);

const atLeast = (level: (typeof LEVELS)[number]) =>
  findings.filter((finding) => LEVELS.indexOf(finding.level) >= LEVELS.indexOf(level));
const ordinary = (finding: Finding): boolean =>
  finding.records.every(({ recordId }) => !stepOf.has(recordId));
const tally = (list: readonly Finding[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { level, rule } of list) counts[`${level} ${rule}`] = (counts[`${level} ${rule}`] ?? 0) + 1;
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => a.localeCompare(b)));
};

describe("the story's intrusion", () => {
  it.each(attackerSteps.map((step) => [step.id, step] as const))(
    '%s is found at level medium or above',
    (id) => {
      const hits = atLeast('medium').filter(({ records }) =>
        records.some(({ recordId }) => stepOf.get(recordId) === id),
      );
      expect(hits.map(({ rule }) => rule)).not.toEqual([]);
    },
  );

  it('is explained: user, place in the archive, and what matched', () => {
    const found = findings.find(
      ({ rule, user }) => rule === 'inbox-rule-odd-name' && user === truth.johanna.upn,
    );
    expect(found?.session).toBe(truth.johanna.attackerSession);
    expect(found?.records[0]?.place.segment).toBe('000001');
    expect(JSON.stringify(found?.explanation)).toContain('New-InboxRule');
  });
});

describe('the incident join', () => {
  it("raises the two victims' incidents and nobody else's", () => {
    const incidents = joinIncidents(findings);
    expect(new Map(incidents.map(({ person, level }) => [person, level]))).toEqual(
      new Map([
        [truth.johanna.upn, 'critical'],
        [truth.marek.upn, 'critical'],
      ]),
    );
    expect(incidents.flatMap(({ members }) => members).filter(ordinary)).toEqual([]);
  });
});

describe('thirty ordinary days', () => {
  it('give at most one finding at level high or above per 10,000 records', () => {
    const loud = atLeast('high').filter(ordinary);
    console.log(`${total} records; ordinary findings by rule:`, tally(findings.filter(ordinary)));
    console.log(
      'findings of the intrusion by rule:',
      tally(findings.filter((finding) => !ordinary(finding))),
    );
    expect(tally(loud)).toEqual(
      Object.fromEntries(Object.entries(tally(loud)).slice(0, Math.floor(total / 10_000))),
    );
    expect(loud.length).toBeLessThanOrEqual(total / 10_000);
  });
});

describe('service actors', () => {
  it('raise nothing, whatever they do', () => {
    const service = findings.filter(({ user }) => user?.startsWith('nt authority') ?? false);
    expect(service).toEqual([]);
  });

  it('raise nothing when the records of people are put under their names', () => {
    const ual = [...generateStory({ ...story, days: 5, records: 4000 })].filter(({ source }) =>
      source.startsWith('ual'),
    );
    const matches = ual.flatMap(({ source, text }) =>
      book.set.evaluate(source, { ...(JSON.parse(text) as object), UserType: 3 }),
    );
    expect(ual.length).toBeGreaterThan(500);
    expect(matches).toEqual([]);
  });
});

import { jsonFile, type Format } from './format.ts';

/**
 * `findings.json`: what detection rules found, and what the bundle's own analysis found, each with its records by
 * source, line of `records/<source>.ndjson` and id.
 */
export const findingsJson: Format = ({ plan, analysis, records, report }) => {
  const place = (number: number) => ({ source: records.sourceOf(number), line: records.lineOf(number) });
  const findings = plan.findings.map((f) => ({
    ...f,
    records: f.recordIds.flatMap((id) => {
      const number = report.numberOf(id);
      return number === undefined ? [] : [{ id, ...place(number) }];
    }),
  }));
  const sessions = analysis.suspicious.map((s) => ({
    session: s.draft.key,
    user: s.user,
    score: s.score,
    signals: s.reasons.map((r) => ({
      signal: r.signal,
      points: r.weight,
      title: r.title,
      records: r.numbers.map(place),
    })),
  }));
  const facts = analysis.facts.map(({ numbers, ...fact }) => ({ ...fact, records: numbers.map(place) }));
  return [jsonFile('findings.json', { findings, suspiciousSessions: sessions, facts }, findings.length)];
};

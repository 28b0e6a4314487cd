import { describe, expect, it } from 'vitest';
import { compile, type RuleStatus } from '../../../shared/detect/sigma/index.ts';
import { sourcesOf } from '../../../shared/detect/sigma/bind-rule.ts';
import { Expander } from '../../../shared/detect/sigma/placeholder-lists.ts';
import type { SourceId } from '../../../shared/sources.ts';
import { failingEvents, matchingEvents } from './generate-event.ts';
import { PUBLIC_LISTS, publicRules, shippedPipelines } from './support.ts';

const pipelines = shippedPipelines();
const parsed = publicRules();
const set = compile({ ...parsed, ...pipelines, lists: PUBLIC_LISTS });

const tally = (statuses: readonly RuleStatus[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { status, cause, sources } of statuses) {
    const onlyImport = sources.length === 1 && sources[0] === 'import' ? ' (imports only)' : '';
    const name = `${status}${cause ? `: ${cause}` : ''}${onlyImport}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
};

describe('the public rules for Azure and Microsoft 365', () => {
  it('all 152 load unmodified', () => {
    expect(pipelines.faults).toEqual([]);
    expect(parsed.faults).toEqual([]);
    expect(parsed.rules).toHaveLength(152);
    expect(set.faults).toEqual([]);
    expect(set.status()).toHaveLength(152);
  });

  it('have these binding statuses', () => {
    const counts = tally(set.status());
    console.log('binding statuses of 152 public rules:', counts);
    expect(counts).toEqual({
      native: 28,
      mapped: 76,
      'native (imports only)': 33,
      'mapped (imports only)': 2,
      'cannot-fire: record': 6,
      'cannot-fire: log-source': 7,
    });
  });

  it('that need lists cannot fire without, and say which list', () => {
    const without = compile({ ...parsed, ...pipelines });
    const missing = without.status().filter(({ cause }) => cause === 'no-list');
    expect(missing).toHaveLength(7);
    for (const { reasons } of missing) expect(reasons.join()).toMatch(/the placeholder %\w+% has no list/);
  });

  it.each([
    ['340ee172-4b67-4fb4-832f-f961bdc1f3aa', /'UPN' is a placeholder/],
    ['60f6535a-760f-42a9-be3f-c9a0a025906e', /'UPN' is a placeholder/],
    ['0055ad1f-be85-4798-83cf-a6da17c993b3', /no activity has this name/],
    ['f7b5b004-dece-46e4-a4a5-f6fd0e1c6947', /cannot be both/],
    ['4afac85c-224a-4dd7-b1af-8da40e1c60bd', /never 'Failure'/],
    ['c98184ba-4a27-4e10-b7b7-da48e71f4d25', /misspelt/],
    ['94a66f46-5b64-46ce-80b2-75dcbe627cc0', /Privileged Identity Management are not collected/],
  ])('%s cannot fire: %s', (key, reason) => {
    const status = set.status().find((rule) => rule.key === key);
    expect(status?.status).toBe('cannot-fire');
    expect(status?.reasons.join()).toMatch(reason);
    expect(status?.sources).toEqual([]);
  });

  it('keep their authors', () => {
    expect(set.status().filter(({ author }) => !author)).toEqual([]);
  });
});

describe('each bound rule matches a generated event and not its near miss', () => {
  const expander = new Expander(PUBLIC_LISTS);
  const cases = set
    .status()
    .filter(({ status }) => status !== 'cannot-fire')
    .map((status) => {
      const rule = set.rules.find(({ key }) => key === status.key)!;
      return {
        name: `${status.key.slice(0, 8)} ${status.title}`,
        rule: { ...rule, detection: expander.detection(rule.detection) },
      };
    });

  it('there are 139 of them', () => {
    expect(cases).toHaveLength(139);
  });

  it.each(cases)('$name', ({ rule }) => {
    let matching = 0;
    let failing = 0;
    const pipeline = pipelines.pipelines.find(
      ({ logsource }) =>
        logsource.product === rule.logSource.product && logsource.service === rule.logSource.service,
    )!;
    for (const bind of pipeline.bind) {
      const shape = pipelines.shapes.find(({ shape }) => shape === bind.shape)!;
      const hits = (source: SourceId, event: unknown) =>
        set.evaluate(source, event).filter(({ ruleKey }) => ruleKey === rule.key);
      for (const source of sourcesOf(bind, shape)) {
        const found = matchingEvents(rule, pipeline, bind, shape).flatMap((event) => hits(source, event));
        matching += found.length;
        for (const match of found) expect(match.recordId).toBe('record-1');
        for (const event of failingEvents(rule, pipeline, bind, shape)) {
          failing++;
          expect({ event, hits: hits(source, event).length }).toEqual({ event, hits: 0 });
        }
      }
    }
    expect(matching).toBeGreaterThan(0);
    expect(failing).toBeGreaterThan(0);
  });
});

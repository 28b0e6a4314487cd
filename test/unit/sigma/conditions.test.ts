import { describe, expect, test } from 'vitest';
import { faultsOf, matches, ruleText } from './support.ts';

// Selections a, b, c hold when the field of that name is 1.
const SELECTIONS = ['sel_a', 'sel_b', 'filter_c', '_hidden'];

const detection = (condition: string): string =>
  `${SELECTIONS.map((name) => `${name}:\n  ${name}: 1`).join('\n')}\ncondition: ${condition}`;

const event = (names: string): Record<string, number> =>
  Object.fromEntries(
    names
      .split(' ')
      .filter(Boolean)
      .map((name) => [name, 1]),
  );

describe('conditions', () => {
  const cases: [condition: string, holds: string, fails: string][] = [
    ['sel_a', 'sel_a', 'sel_b'],
    ['sel_a or sel_b', 'sel_b', 'filter_c'],
    ['sel_a and sel_b', 'sel_a sel_b', 'sel_a'],
    ['sel_a AND NOT filter_c', 'sel_a', 'sel_a filter_c'],
    ['not sel_a', '', 'sel_a'],
    ['not not sel_a', 'sel_a', ''],
    // or binds loosest, then and, then not.
    ['sel_a or sel_b and filter_c', 'sel_a', 'sel_b'],
    ['sel_b and filter_c or sel_a', 'sel_a', 'sel_b'],
    ['(sel_a or sel_b) and filter_c', 'sel_b filter_c', 'sel_a sel_b'],
    ['not sel_a and sel_b', 'sel_b', 'sel_a sel_b'],
    ['not (sel_a and sel_b)', 'sel_a', 'sel_a sel_b'],
    ['not sel_a or sel_b', 'sel_a sel_b', 'sel_a'],
    ['1 of sel_*', 'sel_b', 'filter_c'],
    ['any of sel_*', 'sel_b', 'filter_c'],
    ['all of sel_*', 'sel_a sel_b', 'sel_a'],
    ['1 of *_c', 'filter_c', 'sel_a'],
    ['all of s*l_*', 'sel_a sel_b', 'sel_b filter_c'],
    ['1 of sel_* and not 1 of filter_*', 'sel_a', 'sel_a filter_c'],
    ['not 1 of filter_* and sel_a', 'sel_a', 'sel_a filter_c'],
    ['1 of them', 'filter_c', '_hidden'],
    ['all of them', 'sel_a sel_b filter_c', 'sel_a sel_b _hidden'],
    ['1 of sel_a', 'sel_a', 'sel_b'],
    ['all of _*', '_hidden', 'sel_a'],
    ['[sel_a and sel_b, filter_c]', 'filter_c', 'sel_a'],
    ['(sel_a)', 'sel_a', 'sel_b'],
    ['((sel_a) and (not (sel_b)))', 'sel_a', 'sel_a sel_b'],
    ['>\n  sel_a\n  and sel_b', 'sel_a sel_b', 'sel_a'],
  ];
  test.each(cases)('%s holds for {%s}, not for {%s}', (condition, holds, fails) => {
    expect(matches(detection(condition), event(holds))).toBe(true);
    expect(matches(detection(condition), event(fails))).toBe(false);
  });

  const wrong: [condition: string, fault: RegExp][] = [
    ['sel_a and', /ends where a selection name is expected/],
    ['sel_a sel_b', /'sel_b' is not expected here/],
    ['(sel_a', /ends where '\)' is expected/],
    ['sel_a)', /'\)' is not expected here/],
    ['sel_x', /there is no selection 'sel_x'/],
    ['1 of other_*', /no selection matches 'other_\*'/],
    ['2 of sel_*', /'2 of' is not supported/],
    ['1 of', /ends where a pattern/],
    ['and sel_a', /a selection name is expected before 'and'/],
    ['sel_a | count() > 5', /aggregations .* retired/],
    [`${'('.repeat(100)}sel_a${')'.repeat(100)}`, /nested deeper/],
  ];
  test.each(wrong)('%s is refused', (condition, fault) => {
    const faults = faultsOf(ruleText(detection(condition)));
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(fault);
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeRuleBook } from '../../../shared/detect/rule-book.ts';

const ROOT = join(import.meta.dirname, '../../..');
const book = makeRuleBook();
const own = new Map([...book.infos.values()].map((info) => [info.key, info]));

/** Rows of a Markdown table by their first cell. */
function rowsOf(text: string): Map<string, readonly string[]> {
  const rows = text
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| --'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  return new Map(rows.map(([id = '', ...cells]) => [id, cells]));
}

const table = rowsOf(readFileSync(join(ROOT, 'shared/detect/RULES.md'), 'utf8'));
table.delete('id');
const rulesOf = (id: string): string[] =>
  [...(table.get(id)?.[1] ?? '').matchAll(/`([^`]+)`/g)].map((m) => m[1]!);

const canFire = (key: string): boolean => ['native', 'mapped'].includes(own.get(key)?.status ?? '');

/** Ids of the detections that were asked for: section 1 of the reference. */
const asked = readFileSync(join(ROOT, '../shared/design/DETECTIONS.md'), 'utf8')
  .split('\n## ')
  .find((section) => section.startsWith('1. Detections'))!
  .split('\n')
  .flatMap((line) => /^\| ([SP]\d\d[a-z]?) /.exec(line)?.[1] ?? []);

describe('the table of what the rules cover', () => {
  it('has every detection that was asked for', () => {
    expect(asked.length).toBeGreaterThan(30);
    expect(asked.filter((id) => rulesOf(id).length === 0)).toEqual([]);
    expect(rulesOf('Incident')).toEqual(['incident-several-tactics']);
  });

  it('names rules of ours that can fire, and no others', () => {
    const named = [...table.keys()].flatMap((id) => rulesOf(id).map((rule) => `${id} ${rule}`));
    expect(named.filter((entry) => !canFire(entry.split(' ')[1]!))).toEqual([]);
  });

  it('leaves out no rule of ours that reports by itself', () => {
    const named = new Set([...table.keys()].flatMap(rulesOf));
    const reporting = [...own.values()].filter(({ standalone }) => standalone).map(({ key }) => key);
    expect(reporting.filter((key) => !named.has(key))).toEqual([]);
  });
});

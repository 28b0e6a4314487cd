import { describe, expect, it } from 'vitest';
import type { BundleContent } from '../../../shared/bundle/formats/format.ts';
import { workbook, xmlText } from '../../../shared/bundle/formats/workbook.ts';
import { unzip } from '../../support/unzip.ts';

/** Sessions named so, in a workbook, as its parts. */
async function partsOf(keys: readonly string[]): Promise<Map<string, string>> {
  const content = {
    events: 0,
    sessions: keys.map((key) => ({
      key,
      records: 1,
      firstTime: '',
      lastTime: '',
      summary: { users: [], countries: [], userAgents: [] },
    })),
    ips: [],
    analysis: { facts: [] },
    timeline: async function* () {
      yield* await Promise.resolve([]);
    },
  } as unknown as BundleContent;
  for await (const body of workbook(content)[0]!.content()) {
    const parts = await unzip(body as Buffer);
    return new Map([...parts].map(([name, part]) => [name, part.toString()]));
  }
  return new Map();
}

describe('text in a workbook', () => {
  // The library keeps its texts in an object, and took these for texts it had: the file was damaged.
  const inherited = Object.getOwnPropertyNames(Object.prototype);

  it('may be the name of what every object has', async () => {
    expect(inherited).toContain('constructor');
    const parts = await partsOf(inherited);
    const texts = [...parts.get('xl/sharedStrings.xml')!.matchAll(/<t[^>]*>([^<]*)<\/t>/g)].map((m) => m[1]!);
    const said = texts.map((text) =>
      text.replace(/_x([0-9A-F]{4})_/g, (_, code: string) => String.fromCharCode(parseInt(code, 16))),
    );
    expect(said).toEqual(expect.arrayContaining(inherited));
    const sheets = [...parts]
      .filter(([name]) => name.startsWith('xl/worksheets/sheet'))
      .map(([, xml]) => xml);
    expect(sheets.join('').replace(/<v>\d+<\/v>/g, '')).not.toContain('<v>');
  });

  it('is otherwise the text that it is', () => {
    expect(xmlText('Constructor')).toBe('Constructor');
    expect(xmlText('constructor ')).toBe('constructor ');
    expect(xmlText('_x000D_')).toBe('_x005F_x000D_');
  });
});

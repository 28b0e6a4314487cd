import { parse } from 'csv-parse/sync';
import { beforeAll, describe, expect, it } from 'vitest';
import { sameZip } from '../../../shared/bundle/formats/same-zip.ts';
import { uuid5 } from '../../../shared/bundle/formats/stix.ts';
import { ps, sh } from '../../../shared/bundle/report/response/quote.ts';
import { escapeMarkdown } from '../../../shared/bundle/report/markdown.ts';
import { clockface } from '../../../shared/bundle/report/time.ts';
import { fileKey } from '../../../shared/snapshot.ts';
import { HOSTILE, hostileBundle } from '../../support/hostile.ts';
import { stixBundle } from '../../support/stix-schema.ts';
import { storyBundle } from '../../support/story-bundle.ts';
import { unzip } from '../../support/unzip.ts';

type Files = Map<string, Buffer>;
let bundles: Record<'story' | 'hostile', Files>;
beforeAll(async () => {
  const [story, hostile] = [await storyBundle(), await hostileBundle()];
  bundles = { story: story.files, hostile: hostile.files };
}, 240_000);

const text = (files: Files, name: string): string => files.get(name)!.toString('utf8');
// oxlint-disable-next-line no-control-regex -- what a terminal or viewer would obey
const OBEYED = /[\u0000-\u0008\u000b-\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

describe.each(['story', 'hostile'] as const)('formats of the %s bundle', (name) => {
  it('has file names that stay in their folder, in the zip and in SHA256SUMS', () => {
    for (const path of bundles[name].keys())
      expect(path).toMatch(/^(?!.*\.\.)(?:[A-Za-z0-9@._=-]+\/)*[A-Za-z0-9@._-]+$/);
    expect(text(bundles[name], 'SHA256SUMS').trim().split('\n')).toHaveLength(bundles[name].size - 1);
  });

  it.each(['timeline.csv', 'sessions.csv', 'ips.csv'])(
    '%s is a table whose cells no spreadsheet computes',
    (file) => {
      const rows = parse(text(bundles[name], file));
      expect(rows.length).toBeGreaterThan(1);
      expect(new Set(rows.map((row) => row.length)).size).toBe(1);
      expect(rows.flat().filter((cell) => /^[=+\-@\t\r]/.test(cell))).toEqual([]);
      expect(rows.flat().filter((cell) => OBEYED.test(cell))).toEqual([]);
    },
  );

  it('ual-export.csv has the columns of Search-UnifiedAuditLog, and AuditData that parses to the record', () => {
    const rows = parse<Record<string, string>>(text(bundles[name], 'ual-export.csv'), { columns: true });
    expect(Object.keys(rows[0]!)).toEqual([
      'RecordType',
      'CreationDate',
      'UserIds',
      'Operations',
      'AuditData',
      'ResultIndex',
      'ResultCount',
      'Identity',
      'IsValid',
      'ObjectState',
    ]);
    const lines = [...bundles[name].keys()]
      .filter((n) => n.startsWith('records/ual-'))
      .flatMap((n) => text(bundles[name], n).trim().split('\n'));
    expect(rows).toHaveLength(lines.length);
    expect(rows.map((r) => JSON.parse(r['AuditData']!) as unknown)).toEqual(
      expect.arrayContaining(lines.slice(0, 50).map((l) => JSON.parse(l) as unknown)),
    );
    expect(
      rows
        .flatMap((row) => Object.entries(row).flatMap(([name, cell]) => (name === 'AuditData' ? [] : cell)))
        .filter((c) => /^[=+\-@]/.test(c) || OBEYED.test(c)),
    ).toEqual([]);
  });

  it('timeline.jsonl has what Timesketch requires of every event, in time order', () => {
    const events = text(bundles[name], 'timeline.jsonl')
      .trim()
      .split('\n')
      .map((l) => JSON.parse(l) as Record<string, unknown>);
    expect(events.length).toBeGreaterThan(100);
    for (const event of events) {
      expect(event).toMatchObject({
        message: expect.any(String) as string,
        timestamp_desc: expect.stringMatching(/./) as string,
      });
      expect(event['datetime']).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?\+00:00$/);
      expect(Number.isNaN(Date.parse(String(event['datetime'])))).toBe(false);
      expect(String(event['message']).isWellFormed()).toBe(true);
    }
    const times = events.map((e) => String(e['datetime']));
    expect(times).toEqual([...times].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)));
  });

  it('indicators.stix.json is STIX 2.1', () => {
    const parsed = stixBundle.safeParse(JSON.parse(text(bundles[name], 'indicators.stix.json')));
    expect(parsed.error?.issues ?? []).toEqual([]);
    expect(parsed.data?.objects.filter((o) => o.type === 'indicator').length).toBeGreaterThan(2);
  });

  it('workbook.xlsx holds typed text only: no formula, no control character', async () => {
    const parts = await unzip(bundles[name].get('workbook.xlsx')!);
    const sheets = [...parts].filter(([n]) => /^xl\/worksheets\/[^/]+\.xml$/.test(n));
    expect(sheets).toHaveLength(4);
    for (const [, body] of parts) expect(body.toString('utf8')).not.toMatch(OBEYED);
    for (const [, body] of sheets) {
      expect(body.toString('utf8')).not.toMatch(/<f[ >]/);
      expect(body.toString('utf8')).not.toMatch(/<c [^>]*t="(str|e)"/);
    }
    expect([...parts].filter(([n]) => /externalLink|vba|drawing/i.test(n))).toEqual([]);
  });

  it('report.md and response.md hold no raw HTML, no live link and no control character of a record', () => {
    for (const file of ['report.md', 'response.md']) {
      const prose = text(bundles[name], file)
        .replace(/^(`{3,})\n[\s\S]*?\n\1$/gm, '')
        .replace(/(`+)(?!`)[\s\S]*?(?<!`)\1(?!`)/g, '');
      expect(prose).not.toMatch(/<[a-z/!]/i);
      expect(prose).not.toMatch(/(?<!\\)\]\(|https?:\/\/|(?<!\\)!\[/);
      expect(text(bundles[name], file)).not.toMatch(OBEYED);
    }
  });

  it('report.html has a policy against scripts and requests, and no control character', () => {
    const html = text(bundles[name], 'report.html');
    expect(html).toContain(`http-equiv="Content-Security-Policy" content="default-src 'none';`);
    expect(html).not.toMatch(/<(script|iframe|object|embed|img|link|form|base)\b/i);
    expect(html).not.toMatch(OBEYED);
  });

  it('keeps records byte for byte, whatever they hold', () => {
    const manifest = JSON.parse(text(bundles[name], 'manifest.json')) as {
      files: { path: string; records?: number }[];
    };
    const records = manifest.files.filter((f) => f.path.startsWith('records/'));
    expect(records.length).toBeGreaterThan(3);
    for (const file of records)
      expect(text(bundles[name], file.path).trim().split('\n')).toHaveLength(file.records!);
  });
});

describe('long texts', () => {
  it('do not blow up reports: a megabyte is cut where people read, whole where evidence is', () => {
    expect(bundles.hostile.get('report.html')!.length).toBeLessThan(3 * 1024 * 1024);
    expect(bundles.hostile.get('report.md')!.length).toBeLessThan(3 * 1024 * 1024);
    expect(text(bundles.hostile, 'records/ual-exchange.ndjson')).toContain('x'.repeat(1024 * 1024));
  });
});

describe('texts inside commands', () => {
  it.each(HOSTILE.map((t) => [t.slice(0, 30), t] as const))(
    'cannot leave their quotes: %j',
    (_short, hostile) => {
      const inner = ps(hostile).slice(1, -1);
      expect(inner.replace(/(['\u2018\u2019\u201a\u201b])\1/g, '')).not.toMatch(
        /['\u2018\u2019\u201a\u201b]/,
      );
      expect(ps(hostile) + sh(hostile)).not.toMatch(/[\r\n\u2028\u2029]/);
      expect(sh(hostile).slice(1, -1).replaceAll(`'\\''`, '')).not.toContain("'");
    },
  );
});

describe('small parts', () => {
  it('name-based UUIDs are those of RFC 9562', () => {
    expect(uuid5('6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'www.example.com')).toBe(
      '2ed6657d-e927-568b-95e1-2665a8aea6a2',
    );
  });

  it('times are shown in UTC and the chosen zone, with its date where it differs', () => {
    expect(clockface().show('2026-07-01T23:30:05.1234567Z')).toBe('2026-07-01 23:30:05 UTC');
    expect(clockface('Europe/Vienna').show('2026-07-01T23:30:05Z')).toBe(
      '2026-07-01 23:30:05 UTC (2026-07-02 01:30:05 Vienna)',
    );
    expect(clockface('America/New_York').show('2026-11-21T13:50:17Z')).toBe(
      '2026-11-21 13:50:17 UTC (08:50:17 New York)',
    );
    expect(clockface('Europe/Vienna').show('')).toBe('at an unknown time');
  });

  it('Markdown text stays the text it is', () => {
    expect(escapeMarkdown('a*b_c [x](http://e.example) <b> `q` |')).toBe(
      'a\\*b\\_c \\[x\\](http\\://e.example) &lt;b&gt; \\`q\\` \\|',
    );
  });

  it('keys in file names cannot leave their folder', () => {
    expect(fileKey('../../etc/passwd')).not.toMatch(/\.\.|\//);
    expect(fileKey('Johanna@x.example')).toBe('johanna@x.example');
  });

  it('a workbook that is no zip is refused', () => {
    expect(() => sameZip(Buffer.from('not a zip'))).toThrow('no zip');
  });
});

import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generateStory } from '../../../infra/local/story/index.ts';
import { Detection } from '../../../shared/detect/detection.ts';
import { Evaluator, type Evaluated } from '../../../shared/detect/evaluation.ts';
import { rogueApplication } from '../../../shared/detect/native/rogue-applications.ts';
import { makeRuleBook, type RuleBook } from '../../../shared/detect/rule-book.ts';
import { scanText } from '../../../shared/detect/run/scan-segment.ts';
import { dateOf } from '../../../shared/instant.ts';
import { SOURCE_IDS, type SourceId } from '../../../shared/sources.ts';
import { nameOf, readShared, sharedFiles } from '../sigma/support.ts';
import { NO_HISTORY, ownRuleTests, PLACE, recordOf, type SourcedRecord } from './support.ts';

const own = makeRuleBook();
const all = makeRuleBook({ loaded: readShared('sigma/rules*/**/*.yml') });
const sigmaOnly: RuleBook = { ...all, native: [] };
const books = [own, all, sigmaOnly];

type Json = Record<string, unknown>;

const parse = (text: string): unknown[] => {
  try {
    return [JSON.parse(text) as unknown];
  } catch {
    return [];
  }
};

/** Real records, those of the tests in our rule files, and the regression records of the public rules. */
function corpus(): SourcedRecord[] {
  const files = sharedFiles('{data,sigma/regression}/**/*.{ndjson,log,json,jsonl}').filter(
    (file) => !nameOf(file).includes('arm-schemas'),
  );
  const values = files.flatMap((file) => {
    const text = readFileSync(file, 'utf8');
    const whole = parse(text);
    return (whole.length > 0 ? whole : text.split('\n').flatMap(parse)).flatMap((value) => {
      const page = (value as Json | null)?.['value'] ?? value;
      return (Array.isArray(page) ? page : [page]).map(
        (item: unknown) => (item as Json | null)?.['event'] ?? item,
      );
    });
  });
  const likely = (value: unknown): SourceId[] =>
    (value as Json | null)?.['Operation'] === undefined
      ? SOURCE_IDS.filter((id) => !id.startsWith('ual'))
      : SOURCE_IDS.filter((id) => id.startsWith('ual'));
  return [
    ...values.flatMap((value) => likely(value).map((source) => ({ source, value }))),
    ...ownRuleTests().flatMap(({ test }) =>
      'match' in test
        ? [recordOf(test.source, test.event, '2026-11-24T12:00:00Z')]
        : test.events.map(({ source, at, event }) => recordOf(source, event, at)),
    ),
  ];
}

/** What a line gives without being parsed; undefined when it has to be. */
function ofLine(evaluator: Evaluator, source: SourceId, text: string): Evaluated | undefined {
  const [bytes, into] = [Buffer.from(text), Evaluator.empty()];
  return evaluator.takeLine(evaluator.readerOf(source), bytes, 0, bytes.length, PLACE, into)
    ? into
    : undefined;
}

function ofValue(evaluator: Evaluator, source: SourceId, text: string): Evaluated {
  const into = Evaluator.empty();
  evaluator.take({ source, value: JSON.parse(text), place: PLACE }, into);
  return into;
}

const isSilent = ({ matches, fed, native, candidates, taken }: Evaluated): boolean =>
  matches.length + fed.length + native.length + candidates.size + taken.size === 0;

/** Numbers below `n`, the same for the same seed. */
type Random = (n: number) => number;

function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return (n) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

const escapeAt = (text: string, at: number): string =>
  `${text.slice(0, at)}\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}${text.slice(at + 1)}`;

/** A text in JSON, now and then with a letter as an escape. */
function quoted(text: string, random: Random, escapes: boolean): string {
  const inner = JSON.stringify(text)
    .slice(1, -1)
    .replaceAll('/', random(9) === 0 ? '\\/' : '/');
  const at = random(inner.length + 1);
  return `"${escapes && random(6) === 0 && /[\w.-]/.test(inner[at] ?? '') && !inner.includes('\\') ? escapeAt(inner, at) : inner}"`;
}

const decoys: readonly unknown[] = ['', 'Decoy', 0, 50126, null, true, {}, { errorCode: 7 }, ['x'], '}{]['];

/** The value as JSON in another spelling: spaces, order, escapes, other letter cases, members doubled or moved. */
function respelled(value: unknown, random: Random, wild: boolean): string {
  const space = () => (random(12) === 0 ? ' \t'[random(2)]! : '');
  const write = (node: unknown): string => {
    if (typeof node === 'string') return quoted(node, random, wild);
    if (typeof node === 'number' && Number.isInteger(node) && node > 0 && random(8) === 0) return `${node}.0`;
    if (Array.isArray(node)) return `[${node.map((item) => space() + write(item)).join(',')}]`;
    if (typeof node !== 'object' || node === null) return JSON.stringify(node);
    const members = Object.entries(node).map(([name, inner]) => [name, inner] as [string, unknown]);
    if (random(4) === 0) members.sort(() => random(3) - 1);
    if (wild && members.length > 0) {
      const one = members[random(members.length)]!;
      const change = random(14);
      if (change === 0) members.push([one[0], decoys[random(decoys.length)]]);
      if (change === 1) members.unshift([one[0], decoys[random(decoys.length)]]);
      if (change === 2) one[0] = one[0].toLowerCase();
      if (change === 3) one[1] = { [one[0]]: one[1] };
      if (change === 4) members.unshift(['Extra', { [one[0]]: decoys[random(decoys.length)], more: '}' }]);
      if (change === 5) one[1] = JSON.stringify(one[1]);
      if (change === 6) members.push([`x"${one[0]}`, decoys[random(decoys.length)]]);
      if (change === 7 && typeof one[1] === 'string')
        one[1] = one[1].replaceAll(/k/gi, '\u212a').replaceAll('i', '\u0130');
    }
    const spelled = members.map(
      ([name, inner]) => `${space()}${quoted(name, random, wild)}${space()}:${space()}${write(inner)}`,
    );
    return `{${spelled.join(',')}${space()}}`;
  };
  return write(value);
}

const records = corpus();

describe('records that are cut, not parsed', () => {
  it('give what they give parsed: real ones and those of all tests', () => {
    const cut = { silent: 0, telling: 0 };
    for (const book of books) {
      const evaluator = new Evaluator(book);
      for (const { source, value } of records) {
        const text = JSON.stringify(value);
        const found = ofLine(evaluator, source, text);
        const parsed = ofValue(evaluator, source, text);
        expect(found ?? parsed).toEqual(parsed);
        if (found) cut[isSilent(found) ? 'silent' : 'telling']++;
      }
    }
    expect(cut.silent).toBeGreaterThan(1000);
    expect(cut.telling).toBeGreaterThan(300);
  }, 60_000);

  it('and so they do in every other spelling', () => {
    const evaluators = books.map((book) => new Evaluator(book));
    const input = fc.record({
      at: fc.nat({ max: records.length - 1 }),
      seed: fc.nat({ max: 2 ** 32 - 1 }),
      wild: fc.boolean(),
      book: fc.nat({ max: books.length - 1 }),
    });
    const cut = { silent: 0, telling: 0 };
    fc.assert(
      fc.property(input, ({ at, seed, wild, book }) => {
        const { source, value } = records[at]!;
        const text = respelled(value, randomOf(seed), wild);
        const found = ofLine(evaluators[book]!, source, text);
        if (!found) return;
        cut[isSilent(found) ? 'silent' : 'telling']++;
        expect(found).toEqual(ofValue(evaluators[book]!, source, text));
      }),
      { numRuns: 15_000 },
    );
    expect(cut.silent).toBeGreaterThan(500);
    expect(cut.telling).toBeGreaterThan(100);
  }, 120_000);

  it('are not taken for the neighbour whose text they resemble', () => {
    const signIn = (errorCode: number, reason: string) =>
      JSON.stringify({ id: 'a', createdDateTime: '2026-11-24T10:00:00Z', status: { errorCode, reason } });
    // Short and long objects are compared in two ways; nothing matches 50127, a wrong password does match.
    for (const reason of ['', 'x'.repeat(200)]) {
      const lines = [50127, 50127, 50126, 50127, 50126].map((code) => signIn(code, reason));
      const bytes = Buffer.from(lines.join('\n'));
      const evaluator = new Evaluator(sigmaOnly);
      const reader = evaluator.readerOf('signins-interactive');
      const matched = lines.map((line, n) => {
        const [from, into] = [n * (line.length + 1), Evaluator.empty()];
        expect(evaluator.takeLine(reader, bytes, from, from + line.length, PLACE, into)).toBe(true);
        return into.fed.length > 0;
      });
      expect(matched).toEqual([false, false, true, false, true]);
    }
  });

  it('are parsed where more native rules look at them than a number has bits', () => {
    const text = JSON.stringify({
      id: 'a',
      createdDateTime: '2026-11-24T10:00:00Z',
      appId: 'a245e8c0-b53c-4b67-9b45-751d1dff8e6b',
    });
    const rules = (count: number): RuleBook => ({
      ...own,
      native: Array.from({ length: count }, (_, i) => ({ ...rogueApplication, key: `rogue-${i}` })),
    });
    const found = ofLine(new Evaluator(rules(31)), 'signins-interactive', text);
    expect(found?.native.map(({ rule }) => rule.key)).toEqual(
      Array.from({ length: 31 }, (_, i) => `rogue-${i}`),
    );
    expect(ofLine(new Evaluator(rules(32)), 'signins-interactive', text)).toBeUndefined();
    expect(ofValue(new Evaluator(rules(32)), 'signins-interactive', text).native).toHaveLength(32);
  });

  it('make no finding of a month more, less or other', async () => {
    const story = generateStory({ nowMs: Date.UTC(2026, 10, 24), days: 10, records: 6000 });
    const texts = Map.groupBy(story, ({ source, eventMs }) => `${dateOf(eventMs)}|${source}`);
    const findings = async (sound: boolean) => {
      const [evaluator, detection, found] = [new Evaluator(all), new Detection(all), [] as unknown[]];
      for (const key of [...texts.keys()].sort()) {
        const [date, source] = key.split('|') as [string, SourceId];
        const into = Evaluator.empty();
        const text = texts
          .get(key)!
          .map((record) => `${record.text}\n`)
          .join('');
        scanText(Buffer.from(text), { ref: { source, date, segment: '000001' }, chunk: 0 }, evaluator, into, {
          sound,
        });
        found.push(...(await detection.conclude(into, NO_HISTORY)).findings);
      }
      return found;
    };
    const parsed = await findings(false);
    expect(parsed.length).toBeGreaterThan(100);
    expect(await findings(true)).toEqual(parsed);
  }, 60_000);

  it('are nearly all there are', () => {
    const evaluator = new Evaluator(all);
    let [count, cut] = [0, 0];
    for (const { source, text } of generateStory({ nowMs: Date.UTC(2026, 10, 24), days: 5, records: 4000 })) {
      count++;
      if (ofLine(evaluator, source, text)) cut++;
    }
    expect(cut / count).toBeGreaterThan(0.95);
  });

  // Where candidate rules were looked up by a member, paths did not go on into JSON within a text, nor into lists.
  it.each(['"{\\"errorCode\\":50126}"', '[{"errorCode":50126}]', '{"errorCode":50126}'])(
    'have a status, spelled %s, whether cut or parsed',
    (status) => {
      const evaluator = new Evaluator(all);
      const text = `{"id":"a","createdDateTime":"2026-11-24T10:00:00Z","userId":"u","status":${status}}`;
      const { fed } = ofValue(evaluator, 'signins-interactive', text);
      expect(fed.map(({ match }) => match.ruleKey)).toContain('signin-wrong-password');
      expect(ofLine(evaluator, 'signins-interactive', text)?.fed).toEqual(fed);
    },
  );

  // JSON.parse takes the last: whoever takes the first lets an intruder hide behind a decoy.
  it.each(['status', 'Status', 'sta tus'])(
    'are left to be parsed when a member is there twice: %s',
    (name) => {
      const evaluator = new Evaluator(all);
      const text = (first: number, last: number) =>
        `{"id":"a","createdDateTime":"2026-11-24T10:00:00Z","status":{"errorCode":${first}},"${name}":{"errorCode":${last}}}`;
      for (const [first, last] of [
        [0, 50126],
        [50126, 0],
      ] as const)
        expect(ofLine(evaluator, 'signins-interactive', text(first, last))).toBeUndefined();
    },
  );

  it('count as records, and give nothing; where lines may be no JSON, all are parsed', () => {
    const lines = ['{"Operation":"TeamsSessionStarted","Workload":"MicrosoftTeams"}', '{"Operation":"Te'];
    const scan = (text: string, sound: boolean) => {
      const into = Evaluator.empty();
      const place = { ref: { source: 'ual-general', ...PLACE }, chunk: 0 } as const;
      return [scanText(Buffer.from(text), place, new Evaluator(all), into, { sound }), into.records];
    };
    expect(scan(`${lines[0]}\n${lines[0]}\n`, true)).toEqual([2, 2]);
    expect(scan(`${lines.join('\n')}\n`, false)).toEqual([1, 1]);
  });
});

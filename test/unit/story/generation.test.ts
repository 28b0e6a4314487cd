import { describe, expect, test } from 'vitest';
import { PUBLISHED_SOURCES } from '../../../infra/local/tenant/records.ts';
import { generateStory, summariseStory } from '../../../infra/local/story/index.ts';
import { parseInstant, msFromTicks } from '../../../shared/instant.ts';
import { DEFAULT, NOW_MS, SMALL, keyOf, sha256, tell } from './telling.ts';

const fingerprint = (o: typeof SMALL): string =>
  sha256(Array.from(generateStory(o), (record) => JSON.stringify(record)).join('\n'));

describe('determinism', () => {
  test('the same options give the same bytes', () => {
    expect(fingerprint(SMALL)).toBe(fingerprint({ ...SMALL }));
  });

  test('another seed, tenant or present gives another story', () => {
    const others = [
      { ...SMALL, seed: 7 },
      { ...SMALL, tenantId: 'other' },
    ];
    expect(new Set([SMALL, ...others].map(fingerprint)).size).toBe(3);
  });

  test('as the day goes on, records are added and none changes', () => {
    const later = new Set(tell({ ...SMALL, nowMs: NOW_MS + 3 * 3_600_000 }).map(({ text }) => text));
    const before = tell(SMALL);
    expect(before.filter(({ text }) => !later.has(text))).toEqual([]);
    expect(later.size).toBeGreaterThan(new Set(before.map(({ text }) => text)).size);
  });

  test('is lazy: the first records of a million come at once', () => {
    const started = performance.now();
    const story = generateStory({ ...DEFAULT, records: 1_000_000 });
    const first = Array.from({ length: 100 }, () => story.next().value);
    expect(first).toHaveLength(100);
    expect(performance.now() - started).toBeLessThan(2000);
  });

  test('faulty options are refused by name', () => {
    expect(() => summariseStory({ ...SMALL, users: 3 })).toThrow(/users/);
    expect(() => summariseStory({ ...SMALL, intrusionDay: 0 })).toThrow(/intrusionDay/);
    expect(() => summariseStory({ ...SMALL, days: 1 })).toThrow(/days/);
    expect(() => summariseStory({ nowMs: Number.NaN })).toThrow(/nowMs/);
  });
});

describe('the default story', () => {
  const told = tell(DEFAULT);

  test('has about 60,000 records, and every source its share', () => {
    expect(told.length).toBeGreaterThan(57_000);
    expect(told.length).toBeLessThan(63_000);
    const share = Object.fromEntries(
      PUBLISHED_SOURCES.map((source) => [
        source,
        told.filter((r) => r.source === source).length / told.length,
      ]),
    );
    expect(share['signins-noninteractive']).toBeGreaterThan(0.15);
    expect(share['ual-exchange']).toBeGreaterThan(0.2);
    expect(share['ual-sharepoint']).toBeGreaterThan(0.1);
    expect(share['ual-entra']).toBeGreaterThan(0.08);
    expect(share['signins-interactive']).toBeGreaterThan(0.04);
    for (const source of PUBLISHED_SOURCES) expect(share[source]).toBeGreaterThan(0.0002);
  });

  test('every record has an id, and the event time its own text names', () => {
    const wrong = told.filter(({ id, body, eventMs, source }) => {
      const text = body['CreationTime'] ?? body['createdDateTime'] ?? body['activityDateTime'];
      const own = parseInstant(source === 'risk-detections' ? body['detectedDateTime'] : text);
      return id.length < 20 || own === undefined || msFromTicks(own) !== eventMs;
    });
    expect(wrong.map(({ text }) => text)).toEqual([]);
  });

  test('sign-ins carry whole seconds, unified-audit times no zone', () => {
    const times = (prefix: string, field: string) =>
      told.filter(({ source }) => source.startsWith(prefix)).map(({ body }) => String(body[field]));
    expect(times('signins-', 'createdDateTime').filter((time) => !/T\d\d:\d\d:\d\dZ$/.test(time))).toEqual(
      [],
    );
    expect(times('ual-', 'CreationTime').filter((time) => !/T\d\d:\d\d:\d\d$/.test(time))).toEqual([]);
  });

  test('lies within its days and never after the present', () => {
    const first = Date.parse('2026-10-26T00:00:00Z');
    expect(told.filter(({ eventMs }) => eventMs < first || eventMs > NOW_MS)).toEqual([]);
    expect(told.filter(({ eventMs, availableMs }) => availableMs <= eventMs)).toEqual([]);
  });

  test('the unified audit log has the common fields and the record types of each source', () => {
    const audit = told.filter((r) => r.source.startsWith('ual-'));
    const common = [
      'Id',
      'RecordType',
      'CreationTime',
      'Operation',
      'OrganizationId',
      'UserType',
      'UserKey',
      'Workload',
      'UserId',
    ];
    expect(audit.filter(({ body }) => common.some((field) => !Object.hasOwn(body, field)))).toEqual([]);
    const types = new Map<string, Set<number>>();
    for (const { source, body } of audit)
      types.set(source, (types.get(source) ?? new Set()).add(body['RecordType'] as number));
    const sorted = Object.fromEntries(
      [...types].map(([source, set]) => [source, [...set].sort((a, b) => a - b)]),
    );
    expect(sorted).toEqual({
      'ual-entra': [8, 15],
      'ual-exchange': [1, 2, 3, 50],
      'ual-sharepoint': [4, 6, 14],
      'ual-general': [25, 28, 40, 41],
      'ual-dlp': [11, 13],
    });
  });

  test('sizes are the real ones', () => {
    const mean = (source: string) => {
      const texts = told.filter((r) => r.source === source).map(({ text }) => text.length);
      return texts.reduce((a, b) => a + b, 0) / texts.length;
    };
    expect(mean('signins-interactive')).toBeGreaterThan(3000);
    expect(mean('ual-exchange')).toBeGreaterThan(1000);
    expect(mean('ual-exchange')).toBeLessThan(2500);
  });

  test('availability follows the services: minutes for Graph, an hour and more for the audit feed, a late tail', () => {
    const delays = (prefix: string) =>
      told
        .filter(({ source }) => source.startsWith(prefix))
        .map((r) => r.availableMs - r.eventMs)
        .sort((a, b) => a - b);
    const median = (values: readonly number[]) => values[Math.floor(values.length / 2)]! / 60_000;
    expect(median(delays('signins-'))).toBeGreaterThan(2);
    expect(median(delays('signins-'))).toBeLessThan(15);
    expect(median(delays('ual-'))).toBeGreaterThan(60);
    expect(median(delays('ual-'))).toBeLessThan(90);
    const hours = told.map((r) => (r.availableMs - r.eventMs) / 3_600_000);
    expect(hours.filter((h) => h >= 30 && h < 30.5).length).toBeGreaterThan(1);
    expect(hours.filter((h) => h >= 3 && h < 3.5).length).toBeGreaterThan(5);
  });

  test('some records are delivered twice, some change, one DLP id stands for two contents', () => {
    const byKey = Map.groupBy(told, (r) => keyOf(r.source, r.id, sha256(r.text)));
    const copies = [...byKey.values()].filter((all) => all.length > 1);
    expect(copies.length).toBeGreaterThan(5);
    expect(copies.every((all) => new Set(all.map((r) => r.availableMs)).size === all.length)).toBe(true);
    const byId = Map.groupBy(told, (r) => `${r.source} ${r.id}`);
    const changed = [...byId.values()].filter((all) => new Set(all.map((r) => r.text)).size > 1);
    const sources = new Set(changed.map((all) => all[0]!.source));
    expect(sources).toEqual(new Set(['signins-interactive', 'risk-detections', 'ual-dlp']));
    for (const all of changed.filter(([first]) => first!.source !== 'ual-dlp'))
      expect(all[0]!.goneMs).toBe(all[1]!.availableMs);
    const dlp = changed
      .filter(([first]) => first!.source === 'ual-dlp')
      .map((all) => all.map((r) => r.body['Operation']));
    expect(dlp.length).toBeGreaterThan(0);
    for (const operations of dlp)
      expect(new Set(operations)).toEqual(new Set(['DlpRuleMatch', 'DlpRuleUndo']));
  });

  test('the summary equals a count by an independent reader', () => {
    const summary = summariseStory(DEFAULT);
    expect(summary.records).toBe(told.length);
    for (const source of PUBLISHED_SOURCES) {
      const own = told.filter((r) => r.source === source);
      expect(summary.bySource[source]).toMatchObject({
        records: own.length,
        distinct: new Set(own.map((r) => keyOf(source, r.id, sha256(r.text)))).size,
        ids: new Set(own.map((r) => r.id)).size,
      });
    }
  });

  test('keeps the oddities of real logs', () => {
    const some = (test_: (r: (typeof told)[number]) => boolean) => expect(told.some(test_)).toBe(true);
    some(({ body }) => body['UserId'] === 'S-1-5-18');
    some(({ body }) => String(body['UserId']).startsWith('NT AUTHORITY\\SYSTEM') && body['UserType'] === 3);
    some(({ body }) => String(body['UserId']).startsWith('ServicePrincipal_') && body['ClientIP'] === null);
    some(({ body }) => /^\[[0-9a-f:]+\]:\d+$/.test(String(body['ClientIPAddress'])));
    some(({ body }) => String(body['ClientIPAddress']).startsWith('::ffff:'));
    some(({ body }) => /^\d+\.\d+\.\d+\.\d+:\d+$/.test(String(body['ClientIPAddress'])));
    some(({ body }) => String(body['Operation']) === 'Update user.');
    some(({ body }) => String(body['Operation']).endsWith(' – Certificates and secrets management '));
    some(({ body }) => body['Operation'] === 'UserLoginFailed' && body['ResultStatus'] === 'Success');
    some(({ text }) => /[žčłß🌴]/u.test(text));
    some(
      ({ body }) =>
        body['ClientInfoString'] === 'Client=MSExchangeRPC' && body['ClientProcessName'] === 'OUTLOOK.EXE',
    );
  });
});

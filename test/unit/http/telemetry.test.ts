import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { metrics as api } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { reportState } from '../../../functions/signals.ts';
import { readHealth } from '../../../shared/archive/health.ts';
import { newWindow, WindowTable } from '../../../shared/archive/windows.ts';
import { recordGap } from '../../../shared/collect/gap.ts';
import { clampToRetention } from '../../../shared/collect/progress.ts';
import { watchedSources } from '../../../shared/collect/sources/watched.ts';
import { formatSeconds } from '../../../shared/instant.ts';
import { COLLECTED_SOURCES, SOURCE_IDS } from '../../../shared/sources.ts';
import { SOURCES } from '../../../shared/collect/sources/index.ts';
import type { Facts, Log } from '../../../shared/log.ts';
import { redactor, secretsOf } from '../../../shared/redact.ts';
import { MemoryBlobs, MemoryTables } from '../../../shared/store/memory.ts';
import { counted, emit, metrics } from '../../../shared/telemetry.ts';
import { signalsFile } from '../../../infra/azure/check/contracts.ts';
import { json } from '../azure/project.ts';

const contract = signalsFile.parse(json('signals.json'));
const A = '11111111-1111-4111-8111-111111111111';
const nowMs = Date.UTC(2026, 10, 24, 12);
const DAY = 86_400_000;

function recording(): { log: Log; lines: Facts[] } {
  const lines: Facts[] = [];
  const add = (_event: string, facts: Facts = {}): void => void lines.push(facts);
  return { lines, log: { info: add, warn: add } };
}

describe('signals at the end of collect', () => {
  const spec = SOURCES.find((s) => s.id === 'ual-entra')!;
  async function signalsOf(make: (windows: WindowTable) => Promise<void>): Promise<Facts[]> {
    const windows = new WindowTable(new MemoryTables());
    await make(windows);
    const { log, lines } = recording();
    await reportState({ tenants: [A], specs: [spec], windows, nowMs, log });
    return lines;
  }
  const edge = nowMs - spec.retentionDays * DAY;
  const collected = (fromMs: number, toMs: number) => ({
    ...newWindow(A, spec.id, fromMs, toMs, 0),
    passes: 1,
    collectedMs: nowMs,
  });

  it('hold names and fields of the contract, and no other', async () => {
    const lines = await signalsOf(async (w) => {
      await w.put({
        ...newWindow(A, spec.id, edge - DAY, edge, 0),
        state: 'gap',
        settled: true,
        passes: 1,
        collectedMs: nowMs - 1000,
        reason: 'deleted',
      });
      await w.put(collected(edge, edge + 3_600_000));
      await w.put(newWindow(A, spec.id, edge + 3_600_000, edge + DAY, 0));
      await w.put(collected(nowMs - 7_200_000, nowMs - 3_600_000));
      await w.setNote(A, spec.id, { unavailable: 'no licence', sinceMs: 0, probeMs: 0 });
    });
    expect(lines.map((l) => l['signal'])).toEqual([
      'health',
      'collect.lag',
      'source.unavailable',
      'coverage.expiring',
      'coverage.gap',
    ]);
    for (const { signal, ...fields } of lines) {
      const promised = contract.signals.find((s) => s.signal === signal)!.fields;
      expect(Object.keys(fields).sort()).toEqual([...promised].sort());
    }
    expect(lines[0]).toMatchObject({ value: 1 });
    expect(lines[1]).toMatchObject({ value: 3600 });
    expect(lines[3]).toMatchObject({
      value: 1,
      from: new Date(edge + 3_600_000).toISOString().replace('.000', ''),
    });
  });

  it('a fresh deployment beats its heart and raises no alarm', async () => {
    const lines = await signalsOf((w) =>
      w.createAll([{ ...newWindow(A, spec.id, edge, edge + DAY, 0), plannedMs: nowMs }]),
    );
    expect(lines).toEqual([{ signal: 'health', tenant: A, value: 0 }]);
  });

  it('a gap is told again for hours, then no more', async () => {
    const gap = {
      ...newWindow(A, spec.id, edge - DAY, edge, 0),
      state: 'gap' as const,
      settled: true,
      passes: 1,
      reason: 'deleted',
    };
    const told = async (ageMs: number): Promise<boolean> =>
      (await signalsOf((w) => w.put({ ...gap, collectedMs: nowMs - ageMs }))).some(
        (l) => l['signal'] === 'coverage.gap',
      );
    expect([await told(0), await told(7_200_000), await told(4 * 3_600_000)]).toEqual([true, true, false]);
  });

  // Found: gaps carried no time of their own, so that none was ever told.
  it('a gap is told as the collector puts it on record', async () => {
    const blobs = new MemoryBlobs();
    const lines = await signalsOf(async (windows) => {
      const window = newWindow(A, spec.id, edge - DAY, edge + DAY, edge);
      await windows.put(window);
      const lost = clampToRetention(spec, window, nowMs)!;
      await recordGap({ blobs, windows }, window, lost, nowMs);
    });
    expect(lines.filter((l) => l['signal'] === 'coverage.gap')).toMatchObject([
      { source: spec.id, from: formatSeconds(edge - DAY) },
    ]);
  });

  it('speak of the audit search too: what waits, is refused or is lost, but not of its lag, which is meant', async () => {
    const [search] = watchedSources(['ual-search']);
    expect(search).toEqual({ id: 'ual-search', retentionDays: 180 });
    expect(watchedSources(SOURCE_IDS).map(({ id }) => id)).toEqual(COLLECTED_SOURCES);
    const windows = new WindowTable(new MemoryTables());
    const oldest = nowMs - 180 * DAY;
    const at = { ...newWindow(A, 'ual-search', oldest, oldest + DAY, 0), reason: 'waiting for its search' };
    await windows.createAll([
      { ...at, fromMs: oldest - DAY, toMs: oldest, state: 'gap', settled: true, collectedMs: nowMs },
      at,
      { ...at, fromMs: nowMs - 5 * DAY, toMs: nowMs - 4 * DAY, state: 'complete', settled: true, passes: 1 },
    ]);
    await windows.setNote(A, 'ual-search', { unavailable: 'no permission', sinceMs: 0, probeMs: 0 });
    const { log, lines } = recording();
    await reportState({ tenants: [A], specs: [search!], windows, nowMs, log });
    expect(lines.map((l) => [l['signal'], l['source']])).toEqual([
      ['health', undefined],
      ['source.unavailable', 'ual-search'],
      ['coverage.expiring', 'ual-search'],
      ['coverage.gap', 'ual-search'],
    ]);
    const health = await readHealth(windows, { tenants: [A], specs: [search!], nowMs });
    expect(health.sources).toMatchObject([{ source: 'ual-search', lagSeconds: null, waiting: 1 }]);
    expect(health.problems[0]).toContain('waiting for its search');
  });
});

describe('metrics', () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  beforeAll(() => metrics.passes.add(1));
  afterAll(() => reader.shutdown());

  it('are counted from log events, with a provider that came after the first of them', async () => {
    api.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
    const log = counted(recording().log);
    log.info('collect.pass', { source: 'ual-entra', added: 5, versions: 2 });
    log.warn('collect.failed', { source: 'ual-entra', code: 'vendor-throttled' });
    metrics.throttled.add(1, { api: 'graph.microsoft.com' });
    metrics.lag.record(60, { source: 'ual-entra' });
    await reader.forceFlush();
    const points = exporter.getMetrics().flatMap((r) => r.scopeMetrics.flatMap((s) => s.metrics));
    const value = (name: string): unknown =>
      points.find((p) => p.descriptor.name === `holdfast.${name}`)?.dataPoints[0]?.value;
    expect(['records', 'passes', 'failures', 'vendor.throttled', 'lag'].map(value)).toEqual([7, 1, 1, 1, 60]);
  });
});

describe('redaction', () => {
  const settings = {
    storage: {
      kind: 'connection-string',
      connectionString: 'AccountName=a;AccountKey=canaryKey123==;BlobEndpoint=x',
    },
    alertWebhookUrl: 'https://hooks.example/services/canaryHook456?x=1',
    credential: { kind: 'certificate', pem: 'line1\ncanaryPem789' },
  };
  const redact = redactor(secretsOf(settings));

  it.each([
    'key canaryKey123== leaked',
    'POST https://hooks.example/services/canaryHook456?x=1 failed',
    'path /services/canaryHook456?x=1',
    JSON.stringify({ pem: settings.credential.pem }),
    'Authorization: Bearer canary.token.abc',
    'eyJhbGciOiJSUzI1NiJ9.canarypayload.signature',
    'https://x.blob.core.windows.net/c/b?sp=r&sig=canary%2Bsig&se=1',
    '/api/bundle?code=canaryCode&user=a',
    'AccountKey=canaryOther;x',
    '"access_token":"canaryToken"',
    '-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----',
  ])('of %j', (text) => expect(redact(text)).not.toMatch(/canary/i));

  it('leaves ordinary lines as they are', () => {
    const line = JSON.stringify({
      event: 'collect.pass',
      source: 'ual-entra',
      code: 'vendor-throttled',
      from: 1,
    });
    expect(redact(line)).toBe(line);
  });
});

it('a signal goes through the log with its facts alone', () => {
  const { log, lines } = recording();
  emit(log, { signal: 'seal.written', tenant: A, date: '2026-11-24', value: 3 });
  expect(lines).toEqual([{ signal: 'seal.written', tenant: A, date: '2026-11-24', value: 3 }]);
});

import { beforeAll, describe, expect, it } from 'vitest';
import { generateStory } from '../../../infra/local/story/index.ts';
import { Archive } from '../../../shared/archive/archive.ts';
import type { Clock } from '../../../shared/clock.ts';
import { DetectionConfig } from '../../../shared/detect/allow/config-table.ts';
import { BookShelf } from '../../../shared/detect/book-shelf.ts';
import type { Finding } from '../../../shared/detect/findings/finding.ts';
import { FindingsTable } from '../../../shared/detect/findings/findings-table.ts';
import { detectNew } from '../../../shared/detect/run/detect-new.ts';
import { notePending, pendingSegments } from '../../../shared/detect/run/pending.ts';
import { runStep } from '../../../shared/detect/run/run-step.ts';
import { createRun, readRun, runMessage, type Run } from '../../../shared/detect/run/runs.ts';
import { isHoldfastError } from '../../../shared/errors.ts';
import { indexSegment } from '../../../shared/indexing/index-segment.ts';
import { dateOf } from '../../../shared/instant.ts';
import type { SegmentRef } from '../../../shared/layout.ts';
import { silentLog } from '../../../shared/log.ts';
import { parseRecord, type ArchiveRecord } from '../../../shared/record.ts';
import type { SourceId } from '../../../shared/sources.ts';
import { MemoryBlobs, MemoryQueues, MemoryTables } from '../../../shared/store/memory.ts';
import type { TableStore } from '../../../shared/store/stores.ts';
import { readShared } from '../sigma/support.ts';

const TENANT = '11111111-1111-4111-8111-111111111111';
const nowMs = Date.UTC(2026, 10, 24, 12);
const clock: Clock = { now: () => nowMs, sleep: () => Promise.resolve() };
const SPAN = { tenant: TENANT, fromMs: nowMs - 10 * 86_400_000, toMs: nowMs };

const blobs = new MemoryBlobs();
const indexed = new MemoryTables();
const refs: SegmentRef[] = [];

/** A week of a small company, archived and indexed. */
beforeAll(async () => {
  const groups = new Map<string, { source: SourceId; date: string; records: ArchiveRecord[] }>();
  for (const { source, text, eventMs } of generateStory({ nowMs, days: 7, records: 2500, users: 20 })) {
    const date = dateOf(eventMs);
    const group = groups.get(`${source}|${date}`) ?? { source, date, records: [] };
    groups.set(`${source}|${date}`, group);
    group.records.push(parseRecord(Buffer.from(text)));
  }
  const archive = new Archive({ blobs, clock });
  for (const group of groups.values()) {
    const request = { tenant: TENANT, ...group, window: null, pass: 1, requests: [] };
    refs.push(...(await archive.append(request)).segments);
  }
  for (const ref of refs) await indexSegment(ref, { blobs, tables: indexed });
}, 120_000);

/** Tables that hold the index and nothing else yet. */
function freshTables(): MemoryTables {
  const tables = new MemoryTables();
  for (const [name, partitions] of indexed.tables)
    tables.tables.set(name, new Map([...partitions].map(([key, rows]) => [key, new Map(rows)])));
  return tables;
}

const WRITES = new Set(['upsert', 'insert', 'replace', 'remove']);

/** Lets `n` writes through, then fails once: as if the process died there. */
function dying(tables: TableStore, n: number): TableStore {
  let left = n;
  return new Proxy(tables, {
    get: (target, name: keyof TableStore) => {
      const work = target[name] as (...args: unknown[]) => unknown;
      return (...args: unknown[]) => {
        if (WRITES.has(name) && left-- === 0) return Promise.reject(new Error('died'));
        return work.apply(target, args);
      };
    },
  });
}

/** Any other fault than the death is a fault of the test. */
async function untilDeath(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof Error) || error.message !== 'died') throw error;
  }
}

interface World {
  readonly tables: MemoryTables;
  readonly queues: MemoryQueues;
}
const world = (): World => ({ tables: freshTables(), queues: new MemoryQueues() });
const depsOf = ({ tables, queues }: World, through: TableStore = tables) => ({
  blobs,
  tables: through,
  queues,
  clock,
  log: silentLog,
});
/** Compiled rules hold nothing that a process could forget. */
const shelf = new BookShelf(new DetectionConfig(new MemoryTables(), blobs));
const tick = (w: World, through: TableStore = w.tables, quietMs = 0, rules = shelf) =>
  detectNew(depsOf(w, through), rules, TENANT, {
    untilMs: Infinity,
    alert: () => Promise.resolve(),
    quietMs,
  });

async function findingsIn(tables: TableStore): Promise<readonly Finding[]> {
  return (await new FindingsTable(tables).list(SPAN, 5000)).findings;
}
const idsIn = async (tables: TableStore): Promise<string[]> =>
  (await findingsIn(tables)).filter(({ state }) => state === 'open').map(({ id }) => id);

let known: Promise<string[]> | undefined;
/** What one uninterrupted evaluation of everything finds. */
const reference = (): Promise<string[]> => (known ??= evaluateAll());

async function evaluateAll(): Promise<string[]> {
  const w = world();
  for (const ref of refs) await notePending(w.tables, ref);
  await tick(w);
  return idsIn(w.tables);
}

describe('evaluation of new segments', () => {
  it('finds the intrusion, and leaves nothing pending', async () => {
    const w = world();
    for (const ref of refs) await notePending(w.tables, ref);
    const report = await tick(w);
    expect(report).toMatchObject({ segments: refs.length, done: true });
    expect(await pendingSegments(w.tables, TENANT, 10)).toEqual([]);
    expect(new Set((await findingsIn(w.tables)).map(({ rule }) => rule)).size).toBeGreaterThan(20);
    expect(await tick(w)).toMatchObject({ segments: 0, findings: 0 });
  });

  it('gives the same findings when segments come one by one, each to a new process', async () => {
    const w = world();
    for (const ref of [...refs].sort((a, b) => (a.date < b.date ? -1 : 1))) {
      await notePending(w.tables, ref);
      await tick(w);
    }
    expect(await idsIn(w.tables)).toEqual(await reference());
  });

  it.each([0, 1, 7, 30, 60, 90, 101, 102, 103, 104, 105, 110, 130, 160, 200, 260])(
    'survives death before write %i: the next run ends the same',
    async (n) => {
      const w = world();
      for (const ref of refs) await notePending(w.tables, ref);
      await untilDeath(tick(w, dying(w.tables, n)));
      await tick(w);
      expect(await idsIn(w.tables)).toEqual(await reference());
      expect(await pendingSegments(w.tables, TENANT, 10)).toEqual([]);
    },
  );

  it('two at once end the same: the state lets one through', async () => {
    const w = world();
    for (const ref of refs) await notePending(w.tables, ref);
    const outcomes = await Promise.allSettled([tick(w), tick(w)]);
    const faults = outcomes.flatMap((o) => (o.status === 'rejected' ? [o.reason as unknown] : []));
    expect(faults.filter((fault) => !isHoldfastError(fault, 'conflict'))).toEqual([]);
    await tick(w);
    expect(await idsIn(w.tables)).toEqual(await reference());
  });

  it('correlates dates again whose segments come after the state has closed over them', async () => {
    const w = world();
    const newestFirst = [...refs].sort((a, b) => (a.date < b.date ? 1 : -1));
    for (const ref of newestFirst) {
      await notePending(w.tables, ref);
      await tick(w, w.tables, Infinity);
    }
    await tick(w);
    const backlog = w.queues.sent.map(({ message }) => runMessage.parse(message));
    expect(backlog.length).toBeGreaterThan(0);
    for (const { id } of backlog) await finish(w, id);
    expect(await idsIn(w.tables)).toEqual(await reference());
  }, 120_000);
});

/** Works a run's messages off, each delivered twice. */
async function finish(w: World, id: string, rules = shelf): Promise<Run> {
  const options = { shelf: rules, untilMs: 0 };
  for (let steps = 0; steps < 100; steps++) {
    const { run } = await readRun(w.tables, TENANT, id);
    if (run.state === 'done' || run.state === 'failed') return run;
    const message = { tenant: TENANT, id, step: run.step };
    await runStep(depsOf(w), message, options);
    await runStep(depsOf(w), message, options);
  }
  throw new Error('the run does not end');
}

describe('runs', () => {
  it('in many steps, each delivered twice, find what the timer finds', async () => {
    const w = world();
    const { id } = await createRun(depsOf(w), SPAN);
    const run = await finish(w, id);
    expect(run.state).toBe('done');
    expect(run.segmentsDone).toBe(run.segments);
    expect(run.segments).toBeGreaterThan(50);
    expect(run.step).toBeGreaterThan(2);
    expect(run.bytesRead).toBeLessThan(run.bytesTotal);
    expect(await idsIn(w.tables)).toEqual(await reference());
    const state = [...(w.tables.tables.get('findings')?.get(`${TENANT}|state`)?.keys() ?? [])];
    expect(state).toEqual([]);
  });

  it('with all public rules loaded find what the timer finds, to the letter', async () => {
    const config = new DetectionConfig(new MemoryTables(), blobs);
    for (const file of readShared('sigma/rules*/**/*.yml')) await config.setRules(TENANT, file, 'test', '');
    const loaded = new BookShelf(config);
    const [timer, once] = [world(), world()];
    for (const ref of refs) await notePending(timer.tables, ref);
    await tick(timer, timer.tables, 0, loaded);
    const { id } = await createRun(depsOf(once), SPAN);
    expect((await finish(once, id, loaded)).state).toBe('done');
    // How often a finding changed on the way depends on how the segments were divided.
    const final = async ({ tables }: World) =>
      (await findingsIn(tables)).map((finding) => ({ ...finding, revision: 0 }));
    const found = await final(timer);
    expect(found.filter(({ origin }) => origin === 'loaded').length).toBeGreaterThan(50);
    expect(await final(once)).toEqual(found);
  }, 60_000);

  it.each([0, 3, 20, 50, 80])('survive death before write %i', async (n) => {
    const w = world();
    const { id } = await createRun(depsOf(w), SPAN);
    const dead = dying(w.tables, n);
    const options = { shelf, untilMs: Infinity };
    await untilDeath(runStep(depsOf(w, dead), { tenant: TENANT, id, step: 0 }, options));
    expect((await finish(w, id)).state).toBe('done');
    expect(await idsIn(w.tables)).toEqual(await reference());
  });

  it('of some rules and one user read less and find only those', async () => {
    const w = world();
    const { id } = await createRun(depsOf(w), { ...SPAN, rules: ['inbox-rule-odd-name'] });
    const run = await finish(w, id);
    expect(run.findings).toBe(3);
    expect(run.bytesRead / run.bytesTotal).toBeLessThan(0.6);
  });

  it('say why they failed when tried too often', async () => {
    const w = world();
    const { id } = await createRun(depsOf(w), SPAN);
    const broken = {
      ...depsOf(w),
      blobs: Object.assign(new MemoryBlobs(), {
        list: () => {
          throw new Error('storage is down');
        },
      }),
    };
    const message = { tenant: TENANT, id, step: 0 };
    await expect(runStep(broken, message, { shelf, untilMs: 0, attempt: 4 })).rejects.toThrow(
      'storage is down',
    );
    await runStep(broken, message, { shelf, untilMs: 0, attempt: 5 });
    expect((await readRun(w.tables, TENANT, id)).run).toMatchObject({
      state: 'failed',
      error: 'Error: storage is down',
    });
  });
});

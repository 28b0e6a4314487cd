import { afterEach, describe, expect, it, vi } from 'vitest';
import { HoldfastError } from '../../../shared/errors.ts';
import {
  incidentOf,
  parseIncidentRequest,
  zipBlob,
  type Incident,
} from '../../../shared/bundle/incident/incident.ts';
import { tidyBundles } from '../../../shared/bundle/incident/retention.ts';
import {
  MAX_ATTEMPTS,
  runIncident,
  type IncidentDeps,
} from '../../../shared/bundle/incident/run-incident.ts';
import { MemoryQueues } from '../../../shared/store/memory.ts';
import { silentLog } from '../../../shared/log.ts';
import { bundleWorld, type BundleWorld } from '../../support/bundle-world.ts';
import { unzip } from '../../support/unzip.ts';

const TENANT = '11111111-1111-4111-8111-111111111111';
const ID = '33333333-3333-4333-8333-333333333333';
const nowMs = Date.parse('2026-11-20T12:00:00Z');

const sends = Array.from({ length: 40 }, (_, i) => ({
  source: 'ual-exchange' as const,
  text: JSON.stringify({
    Id: `id-${i}`,
    CreationTime: `2026-11-20T10:${String(i).padStart(2, '0')}:00`,
    Operation: 'Send',
    RecordType: 2,
    UserId: 'a@x.example',
    SessionId: '44444444-4444-4444-8444-444444444444',
    ClientIPAddress: '203.0.113.9',
    Item: { Subject: `Subject ${i}` },
  }),
}));

const late = {
  source: 'ual-exchange' as const,
  text: sends[0]!.text.replace('id-0', 'id-late').replace('10:00:00', '10:59:00'),
};

const incident = (over: object = {}): Incident =>
  incidentOf(
    parseIncidentRequest({
      users: ['a@x.example'],
      from: '2026-11-19',
      to: '2026-11-21',
      expand: 1,
      ...over,
    }),
    TENANT,
    { id: ID, requester: 'tester', nowMs },
  );

let snapshotRuns = 0;
async function world(): Promise<BundleWorld> {
  snapshotRuns = 0;
  return bundleWorld(TENANT, sends, () => {
    snapshotRuns++;
    return Promise.resolve([
      {
        name: 'user-a.profile',
        title: 'Account',
        subject: 'a@x.example',
        request: 'GET /x',
        takenAt: '2026-11-20T12:00:00Z',
        permission: 'User.Read.All',
        outcome: 'taken' as const,
        value: { accountEnabled: true },
      },
    ]);
  });
}

async function finished(w: BundleWorld, deps: IncidentDeps = w.deps): Promise<Buffer> {
  await w.deps.incidents.create(incident());
  const done = await runIncident(TENANT, ID, deps);
  expect(done?.state).toBe('done');
  return w.bundles.blobs.get(zipBlob(TENANT, ID))!.body;
}

afterEach(() => void vi.restoreAllMocks());

describe('an incident', () => {
  it('is answered in the background, with its progress and a zip whose hash it knows', async () => {
    const w = await world();
    const zip = await finished(w);
    const done = await w.deps.incidents.read(TENANT, ID);
    expect(done?.result).toMatchObject({ bytes: zip.length, records: 40 });
    expect(done?.progress).toEqual({ step: 'done', done: 1, total: 1 });
    const files = await unzip(zip);
    expect([...files.keys()]).toEqual(
      expect.arrayContaining(['report.html', 'response.md', 'manifest.json', 'state/user-a.profile.json']),
    );
  });

  it('gives the same bytes when it is run again, twice at once, or by a duplicate message', async () => {
    const w = await world();
    const zip = await finished(w);
    const again = await runIncident(TENANT, ID, w.deps);
    expect(again?.state).toBe('done');
    await w.deps.incidents.update(TENANT, ID, (i) => ({ ...i, state: 'running' }));
    await Promise.all([runIncident(TENANT, ID, w.deps), runIncident(TENANT, ID, w.deps)]);
    expect(w.bundles.blobs.get(zipBlob(TENANT, ID))!.body.equals(zip)).toBe(true);
    expect(snapshotRuns).toBe(1);
  });

  it('finishes with the same bytes when it is killed at any step, although the archive has grown meanwhile', async () => {
    const calls = await countCalls();
    expect(calls).toBeGreaterThan(8);
    const whole = await finished(await world());
    for (let n = 1; n <= calls; n++) {
      const w = await world();
      await w.deps.incidents.create(incident());
      await killAt(n, w);
      // What the job found before it died is what it answers, even if more has come since.
      if (w.bundles.blobs.has(`${TENANT}/${ID}/plan.json`)) await w.append([late]);
      const done = await runIncident(TENANT, ID, w.deps);
      expect(done?.state, `killed at call ${n}`).toBe('done');
      const zip = w.bundles.blobs.get(zipBlob(TENANT, ID))!.body;
      expect(zip.equals(whole), `same bytes when killed at call ${n}`).toBe(true);
    }
  }, 120_000);

  it('tries again after a passing failure, and says why after the last', async () => {
    const w = await world();
    await w.deps.incidents.create(incident());
    const coverage = () =>
      Promise.reject(new HoldfastError('unavailable', 'storage is away', { retryable: true }));
    for (let n = 1; n < MAX_ATTEMPTS; n++)
      await expect(runIncident(TENANT, ID, { ...w.deps, coverage })).rejects.toThrow('storage is away');
    const failed = await runIncident(TENANT, ID, { ...w.deps, coverage });
    expect(failed).toMatchObject({ state: 'failed', attempts: MAX_ATTEMPTS });
    expect(failed?.reason).toContain('storage is away');
  });

  it('stops when it is cancelled, and leaves nothing but its state', async () => {
    const w = await world();
    await w.deps.incidents.create(incident());
    const coverage = async () => {
      await w.deps.incidents.update(TENANT, ID, (i) => ({ ...i, state: 'cancelled' }));
      return [];
    };
    const done = await runIncident(TENANT, ID, { ...w.deps, coverage });
    expect(done?.state).toBe('cancelled');
    expect([...w.bundles.blobs.keys()]).toEqual([`${TENANT}/${ID}/incident.json`]);
  });

  it('is nothing to do when it is unknown', async () => {
    const w = await world();
    expect(await runIncident(TENANT, ID, w.deps)).toBeUndefined();
  });
});

/** Storage calls on the bundle container that a run makes; each is a step where it may die. */
async function countCalls(): Promise<number> {
  const w = await world();
  await w.deps.incidents.create(incident());
  let calls = 0;
  for (const name of ['get', 'put', 'write'] as const) {
    const real = w.bundles[name].bind(w.bundles) as (...args: unknown[]) => Promise<unknown>;
    vi.spyOn(w.bundles, name).mockImplementation(((...args: unknown[]) => (calls++, real(...args))) as never);
  }
  await runIncident(TENANT, ID, w.deps);
  return calls;
}

class Killed extends Error {}

/** Runs until the n-th call; it and all after it fail, as if the process were gone. */
async function killAt(n: number, w: BundleWorld): Promise<void> {
  let calls = 0;
  const spies = (['get', 'put', 'write'] as const).map((name) => {
    const real = w.bundles[name].bind(w.bundles) as (...args: unknown[]) => Promise<unknown>;
    return vi
      .spyOn(w.bundles, name)
      .mockImplementation(((...args: unknown[]) =>
        ++calls >= n ? Promise.reject(new Killed()) : real(...args)) as never);
  });
  await runIncident(TENANT, ID, w.deps).catch(() => undefined);
  for (const spy of spies) spy.mockRestore();
}

describe('a request for an incident', () => {
  it.each([
    [{ from: 'yesterday' }, 'from'],
    [{ expand: 4 }, 'expand'],
    [{ zone: 'Mars/Olympus' }, 'zone'],
    [{ usres: ['a@x.example'] }, 'usres'],
    [{ users: [] }, 'user'],
    [{ title: 'x'.repeat(300) }, 'title'],
    [{ from: '2026-11-22' }, 'from'],
  ])('is refused with the field that is wrong: %j', (over, field) => {
    expect(() => incident(over)).toThrow(
      expect.objectContaining({ code: 'invalid-request', field }) as Error,
    );
  });
});

describe('keeping bundles', () => {
  const tidy = (w: BundleWorld, queues: MemoryQueues, atMs: number) =>
    tidyBundles(TENANT, {
      incidents: w.deps.incidents,
      queues,
      clock: { ...w.deps.clock, now: () => atMs },
      log: silentLog,
      retentionDays: 90,
    });

  it('deletes what is older than the retention and nothing else', async () => {
    const w = await world();
    await finished(w);
    const queues = new MemoryQueues();
    expect((await tidy(w, queues, Date.now() + 89 * 86_400_000)).deleted).toBe(0);
    expect((await tidy(w, queues, Date.now() + 91 * 86_400_000)).deleted).toBe(4);
    expect(w.bundles.blobs.size).toBe(0);
  });

  it('wakes an incident whose message was lost, and no other', async () => {
    const w = await world();
    await w.deps.incidents.create(incident());
    const queues = new MemoryQueues();
    expect((await tidy(w, queues, Date.now() + 60_000)).woken).toBe(0);
    expect((await tidy(w, queues, Date.now() + 3_600_000)).woken).toBe(1);
    expect(queues.sent).toEqual([{ queue: 'build-bundle', message: { tenant: TENANT, id: ID } }]);
  });
});

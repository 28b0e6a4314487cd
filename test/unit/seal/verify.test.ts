import fc from 'fast-check';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { deriveManifest } from '../../../shared/archive/adopt.ts';
import { parseSeal, writeSeal } from '../../../shared/archive/seal.ts';
import { newProgress, type VerifyProgress } from '../../../shared/archive/verify-progress.ts';
import { continueVerification, startVerification } from '../../../shared/archive/verify-run.ts';
import { parseArchivePath, sealPath } from '../../../shared/layout.ts';
import { MemoryTables } from '../../../shared/store/memory.ts';
import { records, sealedWorld, TENANT, type SealedWorld } from './support.ts';

const named = (p: VerifyProgress): [string, string][] => p.problems.map((x) => [x.kind, x.blob]);
const sound = await sealedWorld();
const KINDS = [
  ['segment', /\.ndjson\.gz$/],
  ['manifest', /\.manifest\.json$/],
  ['receipt', /^passes\//],
  ['reconciliation', /^reconciliation\//],
  ['access entry', /^access\//],
  ['snapshot', /^state\//],
  ['seal', /^seals\//],
] as const;

describe('verifyTenant', () => {
  it('finds a sound archive sound, and counts what it read', async () => {
    expect(await sound.verify()).toMatchObject({
      phase: 'done',
      problems: [],
      problemCount: 0,
      seals: 3,
      manifests: 4,
      receipts: 4,
      records: 14,
      unsealed: 0,
    });
  });

  it.each(KINDS)('finds and names any flipped byte of a %s', async (_kind, pattern) => {
    const blob = fc.constantFrom(...sound.names(pattern));
    await fc.assert(
      fc.asyncProperty(blob, fc.nat(), fc.integer({ min: 1, max: 255 }), async (name, at, mask) => {
        const world = sound.copy();
        const body = world.body(name);
        body[at % body.length]! ^= mask;
        const { problems } = await world.verify();
        expect(problems.map((p) => p.blob)).toContain(name);
      }),
      { numRuns: 300 },
    );
  });

  it.each(KINDS)('finds and names a %s cut short anywhere', async (_kind, pattern) => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...sound.names(pattern)), fc.nat(), async (name, at) => {
        const world = sound.copy();
        const body = world.body(name);
        world.replace(name, body.subarray(0, at % body.length));
        const { problems } = await world.verify();
        expect(problems.map((p) => p.blob)).toContain(name);
      }),
      { numRuns: 60 },
    );
  });

  it('finds and names each deleted blob but the newest seal, which takes a hash noted elsewhere', async () => {
    const newest = sound.names(/^seals\//).at(-1)!;
    for (const name of sound.names(/./).filter((n) => n !== newest)) {
      const world = sound.copy();
      world.delete(name);
      expect(named(await world.verify())).toContainEqual(['missing', name]);
    }
    const world = sound.copy();
    const head = (await world.verify()).head!;
    world.delete(newest);
    expect((await world.verify()).problems).toEqual([]);
    expect(named(await world.verify({ head: head.sha256 }))).toEqual([
      ['missing', `seals/tenant=${TENANT}/`],
    ]);
  });

  it('calls a segment that lost its end truncated', async () => {
    const world = sound.copy();
    const [name] = world.names(/\.ndjson\.gz$/);
    world.replace(name!, world.body(name!).subarray(0, 40));
    expect(named(await world.verify())).toEqual([['truncated', name]]);
  });

  it('finds surplus: a segment without manifest, unknown files, bytes behind a segment', async () => {
    const world = sound.copy();
    const day = `v1/tenant=${TENANT}/source=ual-exchange/date=2026-11-19/`;
    world.replace(`${day}000003.ndjson.gz`, world.body(`${day}000001.ndjson.gz`));
    world.replace(`${day}notes.txt`, Buffer.from('x'));
    world.replace(`passes/tenant=${TENANT}/x.json`, Buffer.from('{}'));
    world.replace(`seals/tenant=${TENANT}/latest.json`, Buffer.from('{}'));
    world.replace(
      `${day}000002.ndjson.gz`,
      Buffer.concat([world.body(`${day}000002.ndjson.gz`), gzipSync('{}\n')]),
    );
    expect(new Set(named(await world.verify()))).toEqual(
      new Set([
        ['surplus', `${day}000003.ndjson.gz`],
        ['surplus', `${day}notes.txt`],
        ['surplus', `passes/tenant=${TENANT}/x.json`],
        ['surplus', `seals/tenant=${TENANT}/latest.json`],
        ['changed', `${day}000002.ndjson.gz`],
      ]),
    );
  });

  it('gives a writer between segment and manifest the time to finish', async () => {
    const world = sound.copy();
    await world.pass(records(2, 'w'));
    const [manifest] = world.names(/2026-11-19\/000003\.manifest/);
    const body = world.body(manifest!);
    world.delete(manifest!);
    const clock = {
      now: world.clock.now,
      sleep: () => Promise.resolve(world.replace(manifest!, body)),
    };
    expect((await world.verify({ clock })).problems).toEqual([]);
  });

  it('finds a number left out before anything was sealed', async () => {
    const world = sound.copy();
    await world.pass(records(2, 'y', '2026-11-22'), '2026-11-22');
    await world.pass(records(2, 'z', '2026-11-22'), '2026-11-22');
    const [manifest] = world.names(/2026-11-22\/000001\.manifest/);
    const [segment] = world.names(/2026-11-22\/000001\.ndjson/);
    world.delete(manifest!);
    world.delete(segment!);
    expect(named(await world.verify())).toContainEqual(['missing', segment]);
  });

  it('finds a segment rewritten together with its manifest: the seal has the old hash', async () => {
    const world = sound.copy();
    const [segment] = world.names(/ual-exchange.*000001\.ndjson\.gz$/);
    const [manifest] = world.names(/ual-exchange.*000001\.manifest\.json$/);
    const forged = gzipSync('{"Id":"forged","CreationTime":"2026-11-19T00:00:00","UserId":"a@x.example"}\n');
    forged[9] = 0xff;
    world.replace(segment!, forged);
    world.replace(
      manifest!,
      Buffer.from(JSON.stringify(deriveManifest(parseArchivePath(segment!)!, forged))),
    );
    expect(named(await world.verify())).toEqual([['changed', manifest]]);
  });

  it('finds a seal rewritten with good hashes: the next one names another', async () => {
    const world = sound.copy();
    const path = sealPath(TENANT, '2026-11-21');
    const seal = parseSeal(path, world.body(path));
    world.replace(path, writeSeal({ ...seal, entries: seal.entries.slice(1) }));
    expect(named(await world.verify())).toContainEqual(['chain', sealPath(TENANT, '2026-11-22')]);
  });

  it('finds seals in another order, a second chain, and a blob that is sealed twice', async () => {
    const dates = ['2026-11-20', '2026-11-21'].map((date) => sealPath(TENANT, date));
    const swapped = sound.copy();
    const [first, second] = dates.map((path) => sound.body(path));
    swapped.replace(dates[0]!, second!);
    swapped.replace(dates[1]!, first!);
    expect(named(await swapped.verify())).toEqual(
      expect.arrayContaining(dates.map((path) => ['changed', path])),
    );
    const forked = sound.copy();
    const one = parseSeal(dates[0]!, forked.body(dates[0]!));
    const fork = sealPath(TENANT, '2026-11-23');
    forked.replace(fork, writeSeal({ ...one, date: '2026-11-23' }));
    expect(named(await forked.verify())).toContainEqual(['chain', fork]);
    const reasons = (await forked.verify()).problems.map((p) => p.reason);
    expect(reasons.some((reason) => reason.includes('a second time'))).toBe(true);
  });

  it('finds a manifest that says of a sound segment what is not so', async () => {
    const world = sound.copy();
    await world.pass(records(3, 'q', '2026-11-22'), '2026-11-22');
    const [path] = world.names(/2026-11-22\/000001\.manifest/);
    const manifest = JSON.parse(world.body(path!).toString()) as Record<string, unknown>;
    const lies = [
      { records: 4 },
      { maxTime: '2026-11-22T23:00:00.0000000Z' },
      { digests: Buffer.alloc(72).toString('base64') },
      { plainSha256: '0'.repeat(64) },
      { unparsed: 1 },
      { chunks: [{ ...(manifest['chunks'] as object[])[0], operations: { Send: 1 } }] },
    ];
    for (const lie of lies) {
      world.replace(path!, Buffer.from(JSON.stringify({ ...manifest, ...lie })));
      const kinds = (await world.verify()).problems.map((p) => p.kind);
      expect([JSON.stringify(lie), kinds]).toEqual([JSON.stringify(lie), ['inconsistent']]);
    }
  });

  it('stops at its deadline and goes on from there to the same result', async () => {
    const world = sound.copy();
    const [damaged] = world.names(/ual-entra.*\.ndjson\.gz$/);
    world.body(damaged!)[30]! ^= 1;
    await world.pass(records(70, 'more', '2026-11-22'), '2026-11-22');
    const whole = await world.verify();
    let progress = newProgress(world.clock.ms);
    let turns = 0;
    while (progress.phase !== 'done' && turns < 100) {
      // Each look at the clock is a second: every turn has time for one batch.
      let ms = 0;
      const clock = { now: () => (ms += 1000), sleep: world.clock.sleep };
      progress = await world.verify(
        { clock, deadlineMs: 1500 },
        JSON.parse(JSON.stringify(progress)) as VerifyProgress,
      );
      turns++;
    }
    expect(turns).toBeGreaterThan(5);
    const { startedAt: _a, finishedAt: _b, ...facts } = progress;
    expect(whole).toMatchObject(facts);
  });
});

describe('the verify timers', () => {
  const deps = (world: SealedWorld, tables: MemoryTables) => {
    const events: { event: string; facts: unknown }[] = [];
    const note = (event: string, facts?: unknown): void => void events.push({ event, facts });
    return {
      events,
      deps: { blobs: world.blobs, tables, clock: world.clock, log: { info: note, warn: note }, graceMs: 0 },
    };
  };

  it('logs each finding under the name that the alert rules know, and repeats it', async () => {
    const world = sound.copy();
    const [manifest] = world.names(/\.manifest\.json$/);
    world.delete(manifest!);
    const { events, deps: d } = deps(world, new MemoryTables());
    await startVerification(d, TENANT);
    const wanted = { signal: 'verify.failed', tenant: TENANT, blob: manifest };
    expect(events.map((e) => e.facts)).toContainEqual(expect.objectContaining(wanted));
    events.length = 0;
    await continueVerification(d, TENANT);
    expect(events.map((e) => e.facts)).toContainEqual(expect.objectContaining(wanted));
  });

  it('remembers the newest seal: the next run misses it when it is gone', async () => {
    const world = sound.copy();
    const { deps: d } = deps(world, new MemoryTables());
    expect((await startVerification(d, TENANT))?.problems).toEqual([]);
    world.delete(world.names(/^seals\//).at(-1)!);
    expect(named((await startVerification(d, TENANT))!)).toEqual([['missing', `seals/tenant=${TENANT}/`]]);
  });

  it('lets one invocation work at a time', async () => {
    const world = sound.copy();
    const { deps: d } = deps(world, new MemoryTables());
    const results = await Promise.all([startVerification(d, TENANT), startVerification(d, TENANT)]);
    expect(results.filter((r) => r !== undefined)).toHaveLength(1);
  });
});

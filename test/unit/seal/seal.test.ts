import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSeal, sealHash } from '../../../shared/archive/seal.ts';
import { evidenceKind, sealPath } from '../../../shared/layout.ts';
import { MemoryBlobs } from '../../../shared/store/memory.ts';
import { records, SealedWorld, sealedWorld, TENANT } from './support.ts';

const sealOf = (world: SealedWorld, date: string) =>
  parseSeal(sealPath(TENANT, date), world.body(sealPath(TENANT, date)));

const sealable = (world: SealedWorld): string[] =>
  world.names(/./).filter((name) => !['segment', 'seal', undefined].includes(evidenceKind(name)));

describe('sealTenant', () => {
  it('lists each piece of evidence once in the whole chain, with the hash of its bytes', async () => {
    const world = await sealedWorld();
    expect(new Set(sealable(world).map(evidenceKind))).toEqual(
      new Set(['manifest', 'receipt', 'reconciliation', 'access', 'snapshot']),
    );
    const entries = world.names(/^seals\//).flatMap((name) => parseSeal(name, world.body(name)).entries);
    expect(entries.map((e) => e.path).sort()).toEqual(sealable(world));
    expect(entries.every((e) => e.sha256 === sealHash(world.body(e.path)))).toBe(true);
  });

  it('takes in the access entries and snapshots of an archive whose earlier seals left them out', async () => {
    const world = new SealedWorld();
    await world.pass(records(3, 'a'));
    await world.seal();
    const earlier = world.names(/^seals\//);
    await world.answered();
    world.nextDay();
    expect(await world.verify()).toMatchObject({ problems: [], unsealed: 2 });
    expect(await world.seal()).toMatchObject({ kind: 'written', entries: 2, manifests: 0 });
    expect(await world.verify()).toMatchObject({ problems: [], unsealed: 0, seals: 2 });
    for (const path of world.names(/^(access|state)\//)) {
      const damaged = world.copy();
      damaged.delete(path);
      expect((await damaged.verify()).problems).toMatchObject([{ kind: 'missing', blob: path }]);
    }
    expect(world.names(/^seals\//).slice(0, 1)).toEqual(earlier);
  });

  it('names a file in their folders that is neither', async () => {
    const world = await sealedWorld();
    world.replace(`access/tenant=${TENANT}/2026-11-20/notes.txt`, Buffer.from('x'));
    expect((await world.verify()).problems).toMatchObject([{ kind: 'surplus' }]);
  });

  it('chains each seal to the one before by the hash of its bytes', async () => {
    const world = await sealedWorld();
    const names = world.names(/^seals\//);
    const seals = names.map((name) => parseSeal(name, world.body(name)));
    expect(seals.map((s) => s.previous)).toEqual([
      null,
      { date: '2026-11-20', sha256: sealHash(world.body(names[0]!)) },
      { date: '2026-11-21', sha256: sealHash(world.body(names[1]!)) },
    ]);
    expect(seals.map((s) => s.sequence)).toEqual([1, 2, 3]);
  });

  it('changes nothing when it runs again on the same day', async () => {
    const world = await sealedWorld();
    await world.pass(records(3, 'late'));
    const before = world.names(/./);
    expect(await world.seal()).toMatchObject({ kind: 'exists' });
    expect(world.names(/./)).toEqual(before);
  });

  it('writes an empty seal on a day without news: the chain shows that it looked', async () => {
    const world = await sealedWorld();
    world.nextDay();
    expect(await world.seal()).toMatchObject({ kind: 'written', entries: 0 });
  });

  it('catches up after missed days in one seal, with late records for old dates', async () => {
    const world = await sealedWorld();
    await world.pass(records(2, 'old', '2026-11-01'), '2026-11-01');
    for (let i = 0; i < 4; i++) world.nextDay();
    await world.seal();
    const seal = sealOf(world, '2026-11-26');
    expect(seal.entries.map((e) => evidenceKind(e.path))).toEqual(['receipt', 'manifest']);
    expect(seal.previous?.date).toBe('2026-11-22');
  });

  it('leaves a segment without manifest for the seal after its adoption', async () => {
    const world = await sealedWorld();
    await world.pass(records(2, 'x'));
    const [manifest] = world.names(/000003\.manifest/);
    const body = world.body(manifest!);
    world.delete(manifest!);
    world.nextDay();
    await world.seal();
    expect(sealOf(world, '2026-11-23').entries.map((e) => e.path)).not.toContain(manifest);
    world.replace(manifest!, body);
    world.nextDay();
    await world.seal();
    expect(sealOf(world, '2026-11-24').entries.map((e) => e.path)).toEqual([manifest]);
  });

  it('seals in exactly one seal what is written while it lists, and when two sealers run at once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(2), { minLength: 4, maxLength: 14 }), async (steps) => {
        const world = new SealedWorld();
        const running: Promise<unknown>[] = [];
        for (const [i, step] of steps.entries()) {
          if (step === 0) running.push(world.pass(records(2, `s${i}`)));
          else if (step === 1) running.push(world.seal(), world.seal());
          else {
            // A sealer over midnight.
            running.push(world.seal());
            world.nextDay();
          }
        }
        await Promise.all(running);
        world.nextDay();
        await world.seal();
        const entries = world.names(/^seals\//).flatMap((name) => parseSeal(name, world.body(name)).entries);
        expect(entries.map((e) => e.path).sort()).toEqual(sealable(world));
        expect((await world.verify()).problems).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  it('goes on sealing over a damaged seal', async () => {
    const world = await sealedWorld();
    const [, second] = world.names(/^seals\//);
    world.replace(second!, Buffer.from('{'));
    world.nextDay();
    await world.pass(records(1, 'new'));
    expect(await world.seal()).toMatchObject({ kind: 'written' });
    expect(sealOf(world, '2026-11-23').entries.some((e) => e.path.includes('reconciliation'))).toBe(true);
  });

  it('answers a failing store with an error and leaves no seal', async () => {
    class Failing extends MemoryBlobs {
      override get(name: string): Promise<Buffer | undefined> {
        return name.endsWith('.manifest.json')
          ? Promise.reject(new Error('storage is down'))
          : super.get(name);
      }
    }
    const world = await sealedWorld();
    const failing = new Failing();
    for (const [name, blob] of world.blobs.blobs)
      if (!name.startsWith('seals/')) failing.blobs.set(name, blob);
    const { sealTenant } = await import('../../../shared/archive/seal-run.ts');
    const log = { info: () => undefined, warn: () => undefined };
    await expect(sealTenant({ blobs: failing, clock: world.clock, log }, TENANT)).rejects.toThrow(
      'storage is down',
    );
    expect([...failing.blobs.keys()].some((name) => name.startsWith('seals/'))).toBe(false);
  });
});

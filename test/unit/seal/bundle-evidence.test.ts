import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BundleEvidence, type EvidenceFile } from '../../../shared/archive/bundle-evidence.ts';
import { records, sealedWorld, type SealedWorld } from './support.ts';

const world = await sealedWorld();
const filesOf = (w: SealedWorld, pattern: RegExp): EvidenceFile[] =>
  w.names(pattern).map((name) => ({ name: `evidence/${name}`, body: w.body(name) }));
const manifests = filesOf(world, /\.manifest\.json$/);
const seals = filesOf(world, /^seals\//);
const lineOf = (prefix: string): Buffer => records(1, prefix)[0]!.text;

describe('BundleEvidence', () => {
  it('proves a line of a sealed segment, of its own source only, to the byte', () => {
    const evidence = new BundleEvidence(manifests, seals);
    expect(evidence.problems).toEqual([]);
    expect(evidence).toMatchObject({ manifests: 4, sealedManifests: 4, head: { date: '2026-11-22' } });
    expect(evidence.prove('ual-exchange', lineOf('a'))).toBe('sealed');
    expect(evidence.prove('ual-entra', lineOf('a'))).toBe('unknown');
    expect(evidence.prove('ual-exchange', Buffer.concat([lineOf('a'), Buffer.from(' ')]))).toBe('unknown');
  });

  it('says that a line is unsealed while no seal lists its manifest', async () => {
    const later = await sealedWorld();
    await later.pass(records(2, 'fresh'));
    const evidence = new BundleEvidence(filesOf(later, /\.manifest\.json$/), filesOf(later, /^seals\//));
    expect(evidence.problems).toEqual([]);
    expect(evidence.prove('ual-exchange', lineOf('fresh'))).toBe('unsealed');
  });

  it('takes seals that a bundle left out for no fault', () => {
    const evidence = new BundleEvidence(manifests, [seals[0]!, seals[2]!]);
    expect(evidence.problems).toEqual([]);
    expect(evidence.prove('ual-exchange', lineOf('a'))).toBe('sealed');
    expect(evidence.prove('ual-exchange', lineOf('c'))).toBe('unsealed');
  });

  it('finds any flipped byte of a manifest or seal, and never calls a line of a changed manifest sealed', () => {
    const all = [...manifests, ...seals];
    fc.assert(
      fc.property(fc.nat(all.length - 1), fc.nat(), fc.integer({ min: 1, max: 255 }), (which, at, mask) => {
        const changed = all.map(({ name, body }) => ({ name, body: Buffer.from(body) }));
        const { body } = changed[which]!;
        body[at % body.length]! ^= mask;
        const evidence = new BundleEvidence(
          changed.slice(0, manifests.length),
          changed.slice(manifests.length),
        );
        // A manifest whose tenant, source or number was changed is one that no seal lists.
        const silent = evidence.problems.length === 0 && evidence.sealedManifests === 4;
        expect(silent).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it('finds seals that do not follow one another', () => {
    const other = { name: 'evidence/other.json', body: seals[0]!.body };
    const evidence = new BundleEvidence(manifests, [...seals, other]);
    expect(evidence.problems.map((p) => p.kind)).toContain('chain');
  });
});

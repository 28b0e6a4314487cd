import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { verifyBundle } from '../../../infra/local/verify-bundle.ts';
import { answerQuickly } from '../../../shared/bundle/incident/quick.ts';
import type { Parts } from '../../../shared/bundle/report/input.ts';
import { BUNDLE_SCOPE, BUNDLE_TENANT, bundleWorld, type BundleWorld } from '../../support/bundle-world.ts';
import { unzip } from '../../support/unzip.ts';

const [TENANT, scope] = [BUNDLE_TENANT, BUNDLE_SCOPE];

const sends = Array.from({ length: 30 }, (_, n) => ({
  source: 'ual-exchange' as const,
  text: JSON.stringify({
    Id: `i${n}`,
    CreationTime: `2026-11-20T10:00:${n + 10}`,
    Operation: 'Send',
    UserId: n % 3 === 0 ? 'b@x.example' : 'a@x.example',
    ClientIPAddress: '203.0.113.9',
  }),
}));

async function zipOf(w: BundleWorld, parts: Parts): Promise<Buffer> {
  const request = {
    id: '22222222-2222-4222-8222-222222222222',
    requester: 'tester',
    requestedMs: scope.toMs,
    parts,
  };
  const answer = await answerQuickly({ scope, expand: 0, request }, w.deps, w.bundles);
  if (answer.kind !== 'body') throw new Error(`answered with ${answer.kind}`);
  return answer.body;
}

describe('the core of a bundle', () => {
  it('is its records, timeline, sessions, addresses and coverage, the same bytes as in the whole', async () => {
    let snapshots = 0;
    const w = await bundleWorld(TENANT, sends, () => {
      snapshots++;
      return Promise.resolve([]);
    });
    const core = await unzip(await zipOf(w, 'core'));
    expect(snapshots).toBe(0);
    const all = await unzip(await zipOf(w, 'all'));
    expect([...core.keys()].sort()).toEqual([
      'SHA256SUMS',
      'coverage.json',
      'ips.csv',
      'manifest.json',
      'records/ual-exchange.ndjson',
      'sessions.csv',
      'timeline.csv',
      'timeline.jsonl',
    ]);
    const own = [...core].filter(([name]) => name !== 'SHA256SUMS' && name !== 'manifest.json');
    expect(own).toEqual(own.map(([name]) => [name, all.get(name)]));
    expect(core.get('records/ual-exchange.ndjson')!.toString().trim().split('\n')).toHaveLength(20);
  });

  it('says that it is not proven, in its manifest and to whoever verifies it', async () => {
    const w = await bundleWorld(TENANT, sends);
    const zip = await zipOf(w, 'core');
    const manifest = JSON.parse((await unzip(zip)).get('manifest.json')!.toString()) as {
      parts: string;
      evidence: string;
      segments: object[];
    };
    expect(manifest.parts).toBe('core');
    expect(manifest.evidence).toMatch(/left out/);
    expect(manifest.segments).toEqual([
      expect.objectContaining({ path: expect.stringContaining('source=ual-exchange') as unknown }),
    ]);
    const folder = await mkdtemp(join(tmpdir(), 'core-'));
    try {
      await writeFile(join(folder, 'core.zip'), zip);
      expect(await verifyBundle(join(folder, 'core.zip'))).toMatchObject({
        problems: [],
        evidence: false,
        sealed: 0,
        records: 20,
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

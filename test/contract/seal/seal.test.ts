import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { Archive } from '../../../shared/archive/archive.ts';
import { sealTenant } from '../../../shared/archive/seal-run.ts';
import { parseSeal } from '../../../shared/archive/seal.ts';
import { continueVerification, startVerification } from '../../../shared/archive/verify-run.ts';
import { systemClock } from '../../../shared/clock.ts';
import { evidenceKind, sealPath, segmentPath, type SegmentRef } from '../../../shared/layout.ts';
import { silentLog } from '../../../shared/log.ts';
import { connectStorage, type StorageClients } from '../../../shared/store/connect.ts';
import { records } from '../../unit/seal/support.ts';

const TENANT = 't';
const prefix = `t${randomBytes(6).toString('hex')}`;
let storage: StorageClients;

beforeAll(async () => {
  const connectionString = inject('storage').connectionString;
  storage = connectStorage({ kind: 'connection-string', connectionString }, undefined, prefix);
  await storage.ensure();
});

const clockAt = (ms: number) => ({ ...systemClock, now: () => ms });
const NOW = Date.parse('2026-11-20T01:20:00Z');

describe('seals and verification on Azurite', () => {
  it('seals once though several seal at once, verifies, resumes from its row, and names a changed blob', async () => {
    const blobs = storage.stores.archive;
    const archive = new Archive({ blobs, clock: systemClock });
    const place = { tenant: TENANT, source: 'ual-exchange', date: '2026-11-19' } as const;
    const written: SegmentRef[] = [];
    for (const name of ['a', 'b', 'c'])
      written.push(
        ...(
          await archive.append({ ...place, records: records(20, name), window: null, pass: 1, requests: [] })
        ).segments,
      );
    const deps = { blobs, clock: clockAt(NOW), log: silentLog };
    const outcomes = await Promise.all([1, 2, 3].map(() => sealTenant(deps, TENANT)));
    expect(outcomes.map((o) => o.kind).sort()).toEqual(['exists', 'exists', 'written']);
    const path = sealPath(TENANT, '2026-11-20');
    const seal = parseSeal(path, (await blobs.get(path))!);
    expect(seal.entries.map((e) => evidenceKind(e.path))).toEqual(['manifest', 'manifest', 'manifest']);

    const run = {
      blobs,
      tables: storage.stores.tables,
      clock: clockAt(NOW + 1000),
      log: silentLog,
      graceMs: 0,
    };
    expect(await startVerification(run, TENANT)).toMatchObject({
      phase: 'done',
      problems: [],
      manifests: 3,
      records: 60,
    });
    expect(await continueVerification(run, TENANT)).toMatchObject({ phase: 'done', manifests: 3 });

    const victim = segmentPath(written[1]!);
    const body = (await blobs.get(victim))!;
    body[50]! ^= 1;
    const container = storage.blobService.getContainerClient(`${prefix}archive`);
    await container.getBlockBlobClient(victim).upload(body, body.length);
    const found = await startVerification(run, TENANT);
    expect(new Set(found?.problems.map((p) => p.blob))).toEqual(new Set([victim]));
  });
});

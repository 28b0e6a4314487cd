import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ZipFile } from 'yazl';
import { verifyBundle, type BundleVerdict } from '../../../infra/local/verify-bundle.ts';
import { records, sealedWorld } from './support.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-bundle-'));
});
afterAll(() => rm(folder, { recursive: true }));

const world = await sealedWorld();
const lines = (prefix: string, count: number): string =>
  records(count, prefix)
    .map((r) => `${r.text.toString()}\n`)
    .join('');
const sha256 = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex');

type Files = Map<string, string | Buffer>;

/** A bundle as holdfast makes it: its files, the manifest that lists them, and the sums over all. */
function bundleFiles(exchange = lines('a', 5) + lines('c', 3)): Files {
  const files: Files = new Map([['records/ual-exchange.ndjson', exchange]]);
  for (const name of world.names(/\.manifest\.json$/))
    files.set(`evidence/manifests/${name}`, world.body(name));
  for (const name of world.names(/^seals\//)) files.set(`evidence/${name}`, world.body(name));
  return files;
}

function complete(files: Files): Files {
  const listed = [...files].map(([path, body]) => ({
    path,
    bytes: Buffer.byteLength(body),
    sha256: sha256(body),
    ...(path.startsWith('records/') && { records: String(body).split('\n').length - 1 }),
  }));
  const all = new Map(files).set('manifest.json', JSON.stringify({ files: listed }));
  const sums = [...all].map(([path, body]) => `${sha256(body)}  ${path}\n`).join('');
  return all.set('SHA256SUMS', sums);
}

async function check(files: Files): Promise<BundleVerdict> {
  const zip = new ZipFile();
  for (const [name, body] of files) zip.addBuffer(Buffer.from(body), name);
  zip.end();
  const path = join(folder, `${Math.random()}.zip`);
  await writeFile(path, await buffer(zip.outputStream));
  return verifyBundle(path);
}

const named = (v: BundleVerdict): string[] => v.problems.map((p) => `${p.kind} ${p.blob}`);

describe('verifyBundle', () => {
  it('proves every record of a sound bundle', async () => {
    expect(await check(complete(bundleFiles()))).toMatchObject({
      problems: [],
      records: 8,
      sealed: 8,
      unsealed: 0,
      evidence: true,
    });
  });

  it('says that a bundle without evidence carries none', async () => {
    const files = complete(new Map([['records/ual-exchange.ndjson', lines('a', 2)]]));
    expect(await check(files)).toMatchObject({ problems: [], records: 2, sealed: 0, evidence: false });
  });

  it('finds a record that was never archived, though all sums were made anew', async () => {
    const forged = '{"Id":"forged","CreationTime":"2026-11-19T00:00:00","UserId":"a@x.example"}\n';
    const verdict = await check(complete(bundleFiles(lines('a', 5) + forged)));
    expect(named(verdict)).toEqual(['surplus records/ual-exchange.ndjson']);
    expect(verdict).toMatchObject({ records: 6, sealed: 5 });
  });

  it('finds files that were changed, taken out, added, or cut', async () => {
    const file = 'records/ual-exchange.ndjson';
    const changed = complete(bundleFiles()).set(file, lines('a', 5));
    expect(named(await check(changed))).toEqual(
      expect.arrayContaining([`changed ${file}`, `inconsistent ${file}`]),
    );
    const without = complete(bundleFiles());
    without.delete(file);
    expect(named(await check(without))).toContain(`missing ${file}`);
    expect(named(await check(complete(bundleFiles()).set('extra.txt', 'x')))).toEqual(['surplus extra.txt']);
    const noSums = complete(bundleFiles());
    noSums.delete('SHA256SUMS');
    expect(named(await check(noSums))).toContain('missing SHA256SUMS');
    const noManifest = complete(bundleFiles());
    noManifest.delete('manifest.json');
    expect(named(await check(noManifest))).toEqual(expect.arrayContaining(['missing manifest.json']));
  });

  it('finds a manifest that was changed to prove a forged record', async () => {
    const files = bundleFiles();
    const name = [...files.keys()].find(
      (n) => n.includes('ual-exchange') && n.endsWith('000001.manifest.json'),
    )!;
    const manifest = JSON.parse(String(files.get(name))) as { digests: string };
    files.set(name, JSON.stringify({ ...manifest, digests: manifest.digests.slice(32) }));
    const found = named(await check(complete(files)));
    expect(found).toContain(`changed ${name}`);
  });

  it('finds a damaged zip entry and goes on', async () => {
    const zip = new ZipFile();
    for (const [name, body] of complete(bundleFiles()))
      zip.addBuffer(Buffer.from(body), name, { compress: false });
    zip.end();
    const whole = await buffer(zip.outputStream);
    whole[whole.indexOf('"Operation":"Send"') + 14]! ^= 1;
    const path = join(folder, 'damaged.zip');
    await writeFile(path, whole);
    expect(named(await verifyBundle(path))).toContain('changed records/ual-exchange.ndjson');
  });
});

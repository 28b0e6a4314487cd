/**
 * Lays out what is deployed: `dist/package` with host.json, a package.json without dependencies, and the bundle.
 * Run after `npm run build`; azd zips the folder as it is (remote build is off).
 */
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly main: string;
  readonly license: string;
}

/** The package.json that the Functions host reads: it needs `main`, and no dependency is left outside the bundle. */
export function deployedManifest(manifest: Manifest): string {
  const { name, version, license, main } = manifest;
  return `${JSON.stringify({ name, version, license, private: true, main }, null, 2)}\n`;
}

/** Writes the folder anew and answers its path. Throws where host.json or the bundle is missing. */
export async function layOut(from: string): Promise<string> {
  const target = join(from, 'dist', 'package');
  const manifest = JSON.parse(await readFile(join(from, 'package.json'), 'utf8')) as Manifest;
  await rm(target, { recursive: true, force: true });
  await mkdir(join(target, 'dist'), { recursive: true });
  await cp(join(from, 'host.json'), join(target, 'host.json'));
  await cp(join(from, manifest.main), join(target, manifest.main));
  await writeFile(join(target, 'package.json'), deployedManifest(manifest));
  return target;
}

if (process.argv[1] === import.meta.filename) console.log(`packaged ${await layOut(root)}`);

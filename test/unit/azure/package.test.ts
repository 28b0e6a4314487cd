import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { layOut } from '../../../infra/azure/package.ts';

let root = '';

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'holdfast-package-'));
  await mkdir(join(root, 'dist', 'package', 'dist'), { recursive: true });
  await writeFile(join(root, 'dist', 'package', 'left-over.js'), '');
  await writeFile(join(root, 'dist', 'main.cjs'), 'bundle');
  await writeFile(join(root, 'host.json'), '{}');
  const manifest = { name: 'x', version: '1.0.0', license: 'MIT', type: 'module', main: 'dist/main.cjs' };
  await writeFile(
    join(root, 'package.json'),
    JSON.stringify({ ...manifest, dependencies: { zod: '1' }, scripts: {} }),
  );
});
afterAll(() => rm(root, { recursive: true }));

it('deploys host.json, the bundle, and a package.json that asks for nothing', async () => {
  const target = await layOut(root);
  const files = await readdir(target, { recursive: true });
  expect(files.toSorted()).toEqual(['dist', 'dist/main.cjs', 'host.json', 'package.json']);
  expect(JSON.parse(await readFile(join(target, 'package.json'), 'utf8'))).toEqual({
    name: 'x',
    version: '1.0.0',
    license: 'MIT',
    private: true,
    main: 'dist/main.cjs',
  });
});

it('refuses to package what was not built', async () => {
  await rm(join(root, 'dist', 'main.cjs'));
  await expect(layOut(root)).rejects.toThrow(/ENOENT.*main\.cjs/);
});

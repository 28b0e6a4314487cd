import { fileURLToPath } from 'node:url';
import path from 'node:path';
import { build } from 'esbuild';

const ROOT = path.join(import.meta.dirname, '..');

export interface BuildPaths {
  readonly entry: string;
  readonly outfile: string;
}

/**
 * One CommonJS file with every dependency inside: a cold start reads one file instead of thousands.
 * CommonJS, since the Functions worker supplies `@azure/functions-core` through a patched `require`;
 * an ES module bundle would find no such module and silently register no function at all.
 */
export async function buildApp(paths: BuildPaths): Promise<void> {
  await build({
    entryPoints: [paths.entry],
    outfile: paths.outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node22',
    external: ['@azure/functions-core'],
    minify: true,
    // Error and class names are part of what logs say.
    keepNames: true,
    sourcemap: true,
    sourcesContent: false,
    legalComments: 'none',
    logLevel: 'warning',
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildApp({ entry: path.join(ROOT, 'functions/main.ts'), outfile: path.join(ROOT, 'dist/main.cjs') });
}

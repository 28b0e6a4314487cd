import { fileURLToPath } from 'node:url';
import path from 'node:path';
import { build, type Plugin } from 'esbuild';
import { readRuleFiles } from '../shared/detect/rule-files.ts';

const ROOT = path.join(import.meta.dirname, '..');

export interface BuildPaths {
  readonly entry: string;
  readonly outfile: string;
}

/** Puts the texts of the detection rules into the bundle, in place of the module that reads them from disk. */
const ruleTexts: Plugin = {
  name: 'rule-texts',
  setup(builder) {
    builder.onLoad({ filter: /[\\/]detect[\\/]rule-files\.ts$/ }, ({ path: file }) => ({
      contents: `export const RULE_FILES = ${JSON.stringify(readRuleFiles(path.dirname(file)))};`,
      loader: 'js',
    }));
  },
};

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
    plugins: [ruleTexts],
    // Names stay: logs tell the names of errors. (`keepNames` would call a helper at each making of a closure.)
    minifyWhitespace: true,
    minifySyntax: true,
    sourcemap: true,
    sourcesContent: false,
    legalComments: 'none',
    logLevel: 'warning',
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildApp({ entry: path.join(ROOT, 'functions/main.ts'), outfile: path.join(ROOT, 'dist/main.cjs') });
}

/**
 * `npm run preflight`: tests every permission, licence, audit switch and subscription against the tenant, with the app's own
 * settings (environment, then local.settings.json).
 *
 *   --json    the result as one JSON document on stdout
 *
 * Exit code: 0 all is there, 1 something is missing or unknown, 2 it could not be tested.
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Check } from '../../shared/collect/preflight.ts';
import { describeError } from '../../shared/errors.ts';
import { applySettings, readLocalSettings } from './host/settings.ts';

const { values: options } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
const MARKS = { ok: 'ok     ', missing: 'MISSING', unknown: 'unknown' } as const;

try {
  applySettings(process.env, {}, readLocalSettings(path.join(import.meta.dirname, '../..')));
  // The composition root reads the environment when it is loaded.
  const { root } = await import('../../functions/root.ts');
  const { preflight } = await import('../../shared/collect/preflight.ts');
  await root.ready();
  const results = [];
  for (const tenant of root.settings.tenants) {
    const { specs, clock, settings } = root;
    const result = await preflight({
      apis: root.apis(tenant),
      specs,
      sources: settings.sources,
      tenant,
      clock,
    });
    results.push(result);
    if (!options.json) console.log(`tenant ${tenant}\n${result.checks.map(line).join('\n')}`);
  }
  if (options.json) console.log(JSON.stringify(results, null, 2));
  process.exitCode = results.every((r) => r.ok) ? 0 : 1;
} catch (error) {
  const remedy = (error as { remedy?: string }).remedy;
  process.stderr.write(`Could not test: ${describeError(error)}${remedy ? `\n${remedy}` : ''}\n`);
  process.exitCode = 2;
}

function line({ kind, name, state, sources, detail, remedy }: Check): string {
  const serves = sources.length > 0 ? sources.join(', ') : 'snapshots';
  const more = [detail, remedy].filter(Boolean).map((text) => `\n          ${text}`);
  return `  ${MARKS[state]} ${kind} ${name} (${serves})${more.join('')}`;
}

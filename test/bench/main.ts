import { spawnSync } from 'node:child_process';
import { benchBundle } from './bundle.ts';
import { benchCollect } from './collect.ts';
import { benchMemory } from './memory.ts';
import { deployedArguments, type Figure } from './figure.ts';

/**
 * `npm run bench [-- name …]`: each figure is a ratio of two measurements on the same bytes in the same run, since
 * machines differ and are shared. `--expose-gc` keeps one measurement's garbage out of the next.
 */
const BENCHES: Readonly<Record<string, () => Promise<Figure[]>>> = {
  collect: benchCollect,
  bundle: benchBundle,
  memory: benchMemory,
  detect: async () => (await import('./detect.ts')).benchDetect(),
  cost: async () => (await import('./cost.ts')).benchCost(),
};

const names = process.argv.slice(2);
const unknown = names.filter((name) => !(name in BENCHES));
if (unknown.length > 0) {
  console.error(
    `There is no bench "${unknown.join('", "')}"; there are: ${Object.keys(BENCHES).join(', ')}.`,
  );
  process.exit(2);
}
/** Of what a deployment gives its worker: how V8 collects garbage is part of what collecting costs. */
const GARBAGE = (await deployedArguments()).filter((argument) => !argument.includes('old-space'));

for (const name of names.length > 0 ? names : ['collect', 'bundle', 'memory']) {
  if (name === 'collect' && !GARBAGE.every((argument) => process.execArgv.includes(argument))) {
    spawnSync(process.execPath, ['--expose-gc', ...GARBAGE, import.meta.filename, name], {
      stdio: 'inherit',
    });
    continue;
  }
  console.log(`\n# ${name}`);
  for (const { what, value, unit, reach, note } of await BENCHES[name]!()) {
    const mark =
      reach === undefined
        ? ''
        : `   (reach ${reach.most ? '≤' : '≥'} ${reach.value}${unit}: ${reached(value, reach) ? 'yes' : 'NO'})`;
    console.log(`${what.padEnd(62)} ${value.toPrecision(4)}${unit}${mark}${note ? `   ${note}` : ''}`);
  }
}
process.exit();

function reached(value: number, reach: NonNullable<Figure['reach']>): boolean {
  return reach.most ? value <= reach.value : value >= reach.value;
}

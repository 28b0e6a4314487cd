import { parseArgs } from 'node:util';
import { chaos } from './chaos.ts';

/** `node test/chaos/run.ts --seed N --minutes M [--rounds R]`: seeds N, N+1 … for M minutes; only N without minutes. */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '0' },
    rounds: { type: 'string', default: '40' },
    diary: { type: 'boolean', default: false },
  },
});
const endMs = Date.now() + Number(values.minutes) * 60_000;
const rounds = Number(values.rounds);
let failed = 0;

for (let seed = Number(values.seed); ; seed++) {
  const beganMs = performance.now();
  const { problems, records, kills, requests, diary } = await chaos(seed, rounds);
  const seconds = ((performance.now() - beganMs) / 1000).toFixed(1);
  console.log(
    `seed ${seed}: ${problems.length === 0 ? 'clean' : 'BROKEN'}; ${records} records, ${requests} requests, ${kills} kills, ${seconds} s`,
  );
  if (problems.length > 0 || values.diary) for (const line of diary) console.log(`  ${line}`);
  if (problems.length > 0) {
    failed++;
    for (const problem of problems.slice(0, 20)) console.log(`  ! ${problem}`);
    console.log(`  replay: node test/chaos/run.ts --seed ${seed} --rounds ${rounds}`);
  }
  if (Date.now() >= endMs) break;
}
process.exitCode = failed === 0 ? 0 : 1;

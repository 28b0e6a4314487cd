/**
 * `npm run rebuild`: writes the tables anew from the archive alone. Stop the app before; it is safe to repeat.
 *
 *   --clear    remove the rows that are there first (default: they are overwritten)
 */
import { parseArgs } from 'node:util';
import { describeError } from '../../shared/errors.ts';
import { clearTables, rebuildTables } from './rebuild-tables.ts';
import { openStorage } from './storage.ts';

const { values: options } = parseArgs({ options: { clear: { type: 'boolean', default: false } } });

try {
  const { settings, storage, stores } = openStorage();
  await storage.ensure();
  if (options.clear) console.log(`${await clearTables(stores)} rows removed`);
  const done = await rebuildTables(stores, {
    tenants: settings.tenants,
    settleHours: settings.settleHours,
    nowMs: Date.now(),
  });
  console.log(
    `${done.segments} segments with ${done.records} records indexed, ${done.windows} windows of coverage`,
  );
} catch (error) {
  const remedy = (error as { remedy?: string }).remedy;
  process.stderr.write(`Could not rebuild: ${describeError(error)}${remedy ? `\n${remedy}` : ''}\n`);
  process.exitCode = 2;
}

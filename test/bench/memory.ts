import { readFile } from 'node:fs/promises';
import { startAzurite } from '../../infra/local/azurite.ts';
import { startHostProcess } from '../../infra/local/host/process.ts';
import { PROJECT } from '../support/project.ts';
import { startTenant } from './collect.ts';
import { deployedArguments, type Figure } from './figure.ts';

/** Peak memory of the host while it collects and indexes 300,000 records in one run; a process of its own. */
export async function benchMemory(): Promise<Figure[]> {
  const [azurite, tenant] = [await startAzurite(), await startTenant({ records: 310_000, days: 6 })];
  const env = {
    ...tenant.settings,
    ARCHIVE_STORAGE: azurite.connectionString,
    AzureWebJobsStorage: azurite.connectionString,
    GRAPH_REPORT_BUDGET: '100000/10',
    MANAGEMENT_BUDGET: '100000/10',
    // V8 would size its heap by this machine's memory.
    languageWorkers__node__arguments: (await deployedArguments()).join(' '),
    MALLOC_ARENA_MAX: '2',
  };
  const host = await startHostProcess({ appDir: PROJECT, port: 0, timers: false, pollMs: 100, env });
  try {
    const started = performance.now();
    await host.runTimer('collect');
    await host.idle(1_800_000);
    const peak = Number(/VmHWM:\s+(\d+)/.exec(await readFile(`/proc/${host.pid}/status`, 'utf8'))![1]) / 1024;
    return [
      {
        what: 'peak memory of the host, 300,000 records collected and indexed',
        value: peak,
        unit: ' MB',
        reach: { value: 400, most: true },
        note: `${((performance.now() - started) / 1000).toFixed(0)} s`,
      },
    ];
  } finally {
    await host.stop();
    tenant.stop();
    await azurite.stop();
  }
}

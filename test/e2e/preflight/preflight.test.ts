import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startWorld, type World } from '../../support/world.ts';

const PROJECT = join(import.meta.dirname, '../../..');
let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

interface Answer {
  readonly ok: boolean;
  readonly sources: readonly {
    readonly source: string;
    readonly state: string;
    readonly remedies: readonly string[];
  }[];
}

it('answers each source over HTTP, with the remedy of what is missing', async () => {
  world.tenant.subscribe(['Audit.Exchange']);
  world.tenant.set({ revoked: ['AuditLogsQuery.Read.All'] });
  const response = await world.get('/api/preflight');
  expect(response.status).toBe(200);
  const { ok, sources } = (await response.json()) as Answer;
  expect(ok).toBe(false);
  const of = (id: string) => sources.find((s) => s.source === id)!;
  expect(of('ual-exchange').state).toBe('ok');
  expect(of('ual-entra')).toMatchObject({ state: 'missing' });
  expect(of('ual-search').remedies[0]).toContain('AuditLogsQuery.Read.All');
});

it('answers the same from the command line, with an exit code', async () => {
  const env = {
    ...process.env,
    ...world.tenant.settings(),
    ARCHIVE_STORAGE: world.azurite.connectionString,
    AzureWebJobsStorage: world.azurite.connectionString,
    GRAPH_REPORT_BUDGET: '100000/10',
  };
  const run = () =>
    new Promise<{ code: number; out: string }>((resolve) => {
      execFile(
        process.execPath,
        ['infra/local/preflight.ts', '--json'],
        { cwd: PROJECT, env },
        (error, stdout, stderr) =>
          resolve({ code: error ? Number(error.code) : 0, out: stdout || JSON.stringify({ stderr }) }),
      );
    });
  const before = await run();
  expect(before.code).toBe(1);
  world.tenant.set({ revoked: [] });
  world.tenant.subscribe(['Audit.AzureActiveDirectory', 'Audit.SharePoint', 'Audit.General', 'DLP.All']);
  const after = await run();
  const [answer] = JSON.parse(after.out) as Answer[];
  // Of DLP nothing can be told without content.
  expect(answer!.sources.filter((s) => s.state !== 'ok').map((s) => s.source)).toEqual(['ual-dlp']);
});

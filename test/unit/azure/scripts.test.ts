import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { permissionsFile } from '../../../infra/azure/check/contracts.ts';
import { HOME, json } from './project.ts';

const permissions = permissionsFile.parse(json('permissions.json'));

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/**
 * A stand-in for `az`: it keeps a tenant in a file, and answers the calls that our scripts make in the form that
 * `--output tsv` has. A call it does not know fails.
 */
const FAKE_AZ = `#!/usr/bin/env node
const fs = require('node:fs');
const file = process.env.FAKE_AZ_STATE;
const state = JSON.parse(fs.readFileSync(file, 'utf8'));
const args = process.argv.slice(2);
const option = (name) => args[args.indexOf(name) + 1];
const save = () => fs.writeFileSync(file, JSON.stringify(state));
const fail = (text) => { console.error(text); process.exit(1); };
state.calls.push(args.join(' '));
save();
const command = args.filter((a) => !a.startsWith('-')).slice(0, 4).join(' ');
if (args[0] === 'cloud') console.log('https://graph.example/');
else if (args[0] === 'rest') {
  const url = option('--url').replace('https://graph.example/v1.0/', '');
  if (option('--method') === 'post') {
    const body = JSON.parse(option('--body'));
    if (url === 'servicePrincipals') { state.principals[body.appId] = 'sp-' + body.appId; console.log('sp-' + body.appId); }
    else if (state.refuse.includes(body.appRoleId)) fail('Forbidden: Insufficient privileges');
    else state.assignments.push([body.resourceId, body.appRoleId]);
    save();
  } else {
    const byApp = /appId%20eq%20'([^']+)'/.exec(url);
    if (byApp) console.log(state.principals[byApp[1]] ?? '');
    else if (url.endsWith('/appRoleAssignments')) state.assignments.forEach((a) => console.log(a.join('\\t')));
    else if (url.endsWith('=appRoles')) {
      const offered = state.offered.filter((p) => !state.withheld.includes(p));
      offered.forEach((p) => console.log(p + '\\t' + 'role-' + p));
    }
    else fail('unknown ' + url);
  }
} else if (command === 'storage container immutability-policy show') console.log(state.policy[option('--query')] ?? '');
else if (command === 'storage container immutability-policy lock') {
  if (option('--if-match') !== state.policy.etag) fail('412');
  state.policy.state = 'Locked';
  save();
} else fail('unknown command ' + args.join(' '));
`;

let folder = '';
let stateFile = '';

const initial = {
  calls: [] as string[],
  principals: Object.fromEntries(Object.values(permissions.apis).map((a) => [a.appId, `sp-${a.appId}`])),
  assignments: [] as [string, string][],
  offered: permissions.permissions.map((p) => p.permission),
  withheld: [] as string[],
  refuse: [] as string[],
  policy: { state: 'Unlocked', etag: '"7"', immutabilityPeriodSinceCreationInDays: 365 },
};

const setState = (change: Partial<typeof initial>): Promise<void> =>
  writeFile(stateFile, JSON.stringify({ ...initial, ...change }));
const readState = async (): Promise<typeof initial> =>
  JSON.parse(await readFile(stateFile, 'utf8')) as typeof initial;

const run = (script: string, args: string[], env: Record<string, string> = {}): Promise<Outcome> =>
  new Promise((resolve) => {
    const path = `${folder}:${process.env['PATH']}`;
    const options = { env: { ...process.env, PATH: path, FAKE_AZ_STATE: stateFile, ...env } };
    execFile(join(HOME, script), args, options, (error, out, err) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
    );
  });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-az-'));
  stateFile = join(folder, 'state.json');
  await writeFile(join(folder, 'az'), FAKE_AZ);
  await chmod(join(folder, 'az'), 0o755);
  await setState({});
});
afterEach(() => rm(folder, { recursive: true }));

const wanted = permissions.permissions.toSorted((a, b) => a.api.localeCompare(b.api));
const all = wanted.length;

describe('grant-permissions.sh', () => {
  it('grants every permission once, and nothing at the second run', async () => {
    const first = await run('grant-permissions.sh', ['--to', 'me']);
    expect(first).toMatchObject({ code: 0, err: '' });
    expect(first.out).toContain(`0 granted before, ${all} added, 0 missing`);
    const { assignments } = await readState();
    expect(assignments).toEqual(
      wanted.map((p) => [`sp-${permissions.apis[p.api]?.appId}`, `role-${p.permission}`]),
    );
    const second = await run('grant-permissions.sh', ['--to', 'me']);
    expect(second.out).toContain(`${all} granted before, 0 added, 0 missing`);
    expect((await readState()).assignments).toEqual(assignments);
  });

  it('--check changes nothing and fails while one is missing', async () => {
    const outcome = await run('grant-permissions.sh', ['--to', 'me', '--check']);
    expect(outcome.code).toBe(1);
    expect(outcome.out).toContain('missing  graph AuditLog.Read.All');
    expect((await readState()).calls.filter((c) => c.includes('post'))).toEqual([]);
  });

  it('takes one feature, and leaves out what is skipped', async () => {
    const args = ['--to', 'me', '--feature', 'collect', '--skip', 'ActivityFeed.ReadDlp'];
    expect((await run('grant-permissions.sh', args)).code).toBe(0);
    const granted = (await readState()).assignments.map(([, role]) => role.replace('role-', ''));
    const collecting = wanted.filter((p) => p.feature === 'collect').map((p) => p.permission);
    expect(granted).toEqual(collecting.filter((p) => p !== 'ActivityFeed.ReadDlp'));
  });

  it('goes on past a refused or absent permission, names it, and fails', async () => {
    await setState({ refuse: ['role-AuditLog.Read.All'], withheld: ['AuditLogsQuery.Read.All'] });
    const outcome = await run('grant-permissions.sh', ['--to', 'me']);
    expect(outcome.code).toBe(1);
    expect(outcome.err).toContain('refused  graph AuditLog.Read.All');
    expect(outcome.err).toContain('absent   graph AuditLogsQuery.Read.All');
    expect(outcome.out).toContain(`${all - 2} added, 2 missing`);
  });

  it('brings an application into a tenant that does not know it', async () => {
    expect((await run('grant-permissions.sh', ['--app', 'our-app'])).code).toBe(0);
    const state = await readState();
    expect(state.principals['our-app']).toBe('sp-our-app');
    expect(state.calls.some((c) => c.includes('servicePrincipals/sp-our-app/appRoleAssignments'))).toBe(true);
  });

  it.each([[[]], [['--to']], [['--colour', 'red']]])('explains itself for %j', async (args) => {
    expect(await run('grant-permissions.sh', args)).toMatchObject({
      code: 2,
      err: expect.stringContaining('usage:'),
    });
  });
});

describe('lock-archive.sh', () => {
  const account = ['--group', 'g', '--account', 'acct'];

  it("does not lock without the account's name, and says what it would mean", async () => {
    for (const confirm of [[], ['--confirm', ''], ['--confirm', 'other']]) {
      const outcome = await run('lock-archive.sh', [...account, ...confirm]);
      expect(outcome).toMatchObject({ code: 1, err: expect.stringContaining('cannot be undone: 365 days') });
    }
    expect((await readState()).policy.state).toBe('Unlocked');
  });

  it('locks what it has just read, and is content when it is locked already', async () => {
    expect((await run('lock-archive.sh', [...account, '--confirm', 'acct'])).code).toBe(0);
    expect((await readState()).policy.state).toBe('Locked');
    expect(await run('lock-archive.sh', account)).toMatchObject({
      code: 0,
      out: expect.stringContaining('is locked'),
    });
  });

  it('asks for a policy where there is none', async () => {
    await setState({ policy: { state: '', etag: '', immutabilityPeriodSinceCreationInDays: 0 } });
    const outcome = await run('lock-archive.sh', [...account, '--confirm', 'acct']);
    expect(outcome).toMatchObject({ code: 1, err: expect.stringContaining('no retention policy') });
  });
});

describe('hooks/postprovision.sh', () => {
  const env = { HOLDFAST_GRANT_TO: 'me', AZURE_RESOURCE_GROUP: 'g', HOLDFAST_EVIDENCE_ACCOUNT: 'acct' };

  it('grants, and leaves the archive unlocked', async () => {
    const outcome = await run('hooks/postprovision.sh', [], {
      ...env,
      HOLDFAST_ARCHIVE_IMMUTABILITY: 'unlocked',
    });
    expect(outcome.code).toBe(0);
    const state = await readState();
    expect(state.assignments).toHaveLength(all);
    expect(state.calls.filter((c) => c.includes('immutability-policy'))).toEqual([]);
  });

  it('lets the deployment stand where the person may not consent, and names the command', async () => {
    await setState({ refuse: permissions.permissions.map((p) => `role-${p.permission}`) });
    const outcome = await run('hooks/postprovision.sh', [], env);
    expect(outcome).toMatchObject({ code: 0, err: expect.stringContaining('grant-permissions.sh --to me') });
  });

  it('locks only with both the parameter and the confirmation', async () => {
    const asked = { ...env, HOLDFAST_PERMISSION_GRANT: 'none', HOLDFAST_ARCHIVE_IMMUTABILITY: 'locked' };
    expect((await run('hooks/postprovision.sh', [], asked)).code).toBe(1);
    expect((await readState()).policy.state).toBe('Unlocked');
    expect((await run('hooks/postprovision.sh', [], { ...asked, HOLDFAST_LOCK_CONFIRM: 'acct' })).code).toBe(
      0,
    );
    expect(await readState()).toMatchObject({ policy: { state: 'Locked' }, assignments: [] });
  });
});

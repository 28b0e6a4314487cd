import { afterEach, beforeAll, afterAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { type Host, type HostOptions, startHost } from '../../../infra/local/host/host.ts';
import {
  makeSampleApp,
  makeSampleStorage,
  type SampleApp,
  type SampleStorage,
  seen,
  sent,
  until,
} from './sample.ts';

let sample: SampleApp;
let storage: SampleStorage;
let host: Host;

beforeAll(async () => {
  sample = await makeSampleApp();
});
afterAll(() => sample.remove());
beforeEach(async () => {
  seen.length = 0;
  storage = await makeSampleStorage(inject('storage').connectionString);
});
afterEach(() => host.stop());

async function start(options: Partial<HostOptions> = {}, env: Record<string, string> = {}) {
  host = await startHost({
    appDir: sample.appDir,
    port: 0,
    timers: false,
    pollMs: 100,
    ...options,
    env: { ...storage.env, ...env },
  });
}

const dones = () => seen.filter((each) => 'done' in each).map((each) => each['done']);
/**
 * A function that is given up goes on in this process, and notes its end where the next test looks (found by a test
 * that took the end of "endless" for the beginning of its own work): so its test waits for it.
 */
const ended = (times: number) => until(() => dones().length === times);
const attempts = () => seen.filter((each) => 'work' in each).map((each) => each['dequeueCount']);
const countOf = async (queue: SampleStorage['work']) =>
  (await queue.exists()) ? (await queue.getProperties()).approximateMessagesCount : undefined;

describe('a queue trigger', () => {
  test('receives messages, parsed, with their metadata, and deletes them', async () => {
    const { messageId } = await storage.work.sendMessage(sent({ name: 'one' }));
    await start();
    await host.idle();
    expect(seen).toEqual([{ work: 'one', dequeueCount: 1, id: messageId }, { done: 'one' }]);
    expect(await countOf(storage.work)).toBe(0);
    expect(host.invocations).toMatchObject([{ functionName: 'work', ok: true, retryCount: 0 }]);
  });

  test('receives text and bytes as they are', async () => {
    await storage.work.sendMessage(sent('plain text'));
    await start();
    await host.idle();
    await storage.work.sendMessage(Buffer.from([0xff, 0xfe, 0]).toString('base64'));
    await host.idle();
    expect(seen.filter((each) => 'work' in each).map((each) => each['work'])).toEqual([
      'plain text',
      'fffe00',
    ]);
  });

  test('notices what is sent while it waits', async () => {
    await start();
    await host.idle();
    await storage.work.sendMessage(sent({ name: 'late' }));
    await expect.poll(dones).toEqual(['late']);
  });

  test('waits for a queue nobody made yet', async () => {
    await storage.work.delete();
    await start();
    await host.idle();
    await storage.work.create();
    await storage.work.sendMessage(sent({ name: 'first' }));
    await expect.poll(dones, { timeout: 10_000 }).toEqual(['first']);
  });

  test('works on many at a time, within batch size and threshold', async () => {
    const all = Array.from({ length: 12 }, (_, index) => `m${index}`);
    for (const name of all) await storage.work.sendMessage(sent({ name, waitMs: 100 }));
    await start();
    await host.idle();
    expect(new Set(dones())).toEqual(new Set(all));
    const runs = host.invocations.map(
      ({ startedAt, endedAt }) => [startedAt.getTime(), endedAt!.getTime()] as const,
    );
    const most = Math.max(...runs.map(([at]) => runs.filter(([from, to]) => from <= at && at < to).length));
    // A batch of 4 is fetched when no more than 2 are left.
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(6);
  });

  test('tries a failed message again', async () => {
    await storage.work.sendMessage(sent({ name: 'twice', failures: 1 }));
    await start();
    await host.idle();
    expect(attempts()).toEqual([1, 2]);
    expect(host.invocations.map(({ ok }) => ok)).toEqual([false, true]);
  });

  test('keeps a failed message invisible for the visibility timeout', async () => {
    await storage.work.sendMessage(sent({ name: 'later', failures: 1 }));
    await start({}, { AzureFunctionsJobHost__extensions__queues__visibilityTimeout: '00:00:02' });
    await host.idle();
    const [first, second] = host.invocations;
    expect(second!.startedAt.getTime() - first!.startedAt.getTime()).toBeGreaterThanOrEqual(1900);
  });

  test('moves a message to the poison queue once it failed too often', async () => {
    await storage.work.sendMessage(sent({ name: 'never', failures: 99 }));
    await start();
    await host.idle();
    expect(attempts()).toEqual([1, 2, 3]);
    const [poisoned] = (await storage.poison.receiveMessages()).receivedMessageItems;
    expect(poisoned?.messageText).toBe(sent({ name: 'never', failures: 99 }));
    expect(await countOf(storage.work)).toBe(0);
  });

  test('moves a message it cannot decode there at once', async () => {
    await storage.work.sendMessage('not base64!');
    await start();
    await host.idle();
    expect(seen).toEqual([]);
    expect(await countOf(storage.poison)).toBe(1);
  });

  test('reads plain messages where host.json says so', async () => {
    await storage.work.sendMessage('{"name":"plain"}');
    await start({}, { AzureFunctionsJobHost__extensions__queues__messageEncoding: 'none' });
    await host.idle();
    expect(dones()).toEqual(['plain']);
  });

  test('renews its lease while a function runs', async () => {
    await storage.work.sendMessage(sent({ name: 'long', waitMs: 3000 }));
    await start({ queueLeaseMs: 1000 });
    await host.idle();
    expect(attempts()).toEqual([1]);
    expect(dones()).toEqual(['long']);
  });

  test('tells a lasting fault once', async () => {
    const warnings: string[] = [];
    const log: HostOptions['log'] = ({ level, message }) =>
      void (level === 'warning' && warnings.push(message));
    await start({ log, pollMs: 20 }, { WORK_QUEUE: 'No-Queue-Name' });
    await expect.poll(() => warnings).toHaveLength(2);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(warnings.filter((each) => each.includes('cannot be read'))).toEqual([
      expect.stringMatching(/^Queue 'No-Queue-Name' cannot be read: .*400/),
    ]);
    await expect(host.idle(100)).rejects.toThrow(/400/);
  });

  test('does nothing when its function is disabled', async () => {
    await storage.work.sendMessage(sent({ name: 'ignored' }));
    await start({}, { 'AzureWebJobs.work.Disabled': 'true' });
    await host.idle();
    expect(seen).toEqual([]);
    expect(await countOf(storage.work)).toBe(1);
  });
});

describe('functionTimeout', () => {
  test('fails the invocation and has the message tried again', async () => {
    await storage.work.sendMessage(sent({ name: 'endless', waitMs: 2500 }));
    await start({}, { AzureFunctionsJobHost__functionTimeout: '00:00:01' });
    await host.idle();
    expect(host.invocations.map(({ ok }) => ok)).toEqual([false, false, false]);
    expect(host.invocations[0]!.error).toMatchObject({ name: 'FunctionTimeout' });
    expect(await countOf(storage.poison)).toBe(1);
    await ended(3);
  });
});

describe('queue output bindings', () => {
  test('send what a function returns, one message for each element', async () => {
    await storage.work.sendMessage(sent({ name: 'source', next: [{ a: 1 }, 'text'] }));
    await start();
    await host.idle();
    const next = seen.filter((each) => 'next' in each).map((each) => each['next']);
    expect(next).toHaveLength(2);
    expect(next).toEqual(expect.arrayContaining([{ a: 1 }, 'text']));
  });

  test('send what an HTTP function sets', async () => {
    await start({}, { 'AzureWebJobs.next.Disabled': 'true' });
    const answer = await fetch(`${host.url}/api/send`, { method: 'POST', body: '{"from":"http"}' });
    expect(answer.status).toBe(202);
    const [message] = (await storage.next.receiveMessages()).receivedMessageItems;
    expect(message?.messageText).toBe(sent({ from: 'http' }));
  });
});

describe('idle', () => {
  test('says what is left when its time is up', async () => {
    await start({}, { 'AzureWebJobs.next.Disabled': 'true' });
    await storage.work.sendMessage(sent({ name: 'future' }), { visibilityTimeout: 60 });
    await expect(host.idle(200)).rejects.toThrow(/Not idle after 200 ms: 0 running; messages: .*-work 1/);
  });
});

describe('stopping', () => {
  test('lets running functions end and settles their messages', async () => {
    await storage.work.sendMessage(sent({ name: 'running', waitMs: 400 }));
    await start();
    await until(() => seen.length > 0);
    expect(await host.stop()).toBe(true);
    expect(dones()).toEqual(['running']);
    expect(await countOf(storage.work)).toBe(0);
    expect(seen.at(-1)).toEqual({ terminated: true });
  });

  test('gives up what runs past its grace, for the next host to do', async () => {
    await storage.work.sendMessage(sent({ name: 'too long', waitMs: 1500 }));
    await start({ queueLeaseMs: 1000, stopGraceMs: 100 });
    await until(() => seen.length > 0);
    expect(await host.stop()).toBe(false);
    await start();
    await until(() => attempts().includes(2));
    await host.idle();
    expect(await countOf(storage.work)).toBe(0);
    await ended(2);
  });
});

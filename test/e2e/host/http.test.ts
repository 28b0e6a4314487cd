import http from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { type Host, startHost } from '../../../infra/local/host/host.ts';
import type { LogRecord } from '../../../infra/local/host/log.ts';
import { makeSampleApp, makeSampleStorage, type SampleApp, seen, until } from './sample.ts';

interface Echo {
  readonly method: string;
  readonly url: string;
  readonly params: Record<string, string>;
  readonly query: Record<string, string>;
  readonly headers: Record<string, string>;
  readonly body: string;
}

let sample: SampleApp;
let host: Host;
const logs: LogRecord[] = [];
const at = (path: string) => `${host.url}/api/${path}`;
const get = (path: string, init?: RequestInit) => fetch(at(path), init);
const echo = async (path: string, init?: RequestInit) => (await (await get(path, init)).json()) as Echo;

/** Node's own client: `fetch` cannot send what some of these tests need. */
async function send(path: string, options: http.RequestOptions, ...chunks: (string | Buffer)[]) {
  const request = http.request(`${host.url}${path}`, options);
  const response = new Promise<http.IncomingMessage>((resolve, reject) =>
    request.on('response', resolve).on('error', reject),
  );
  for (const chunk of chunks) request.write(chunk);
  request.end();
  const answer = await response;
  const body: Buffer[] = [];
  for await (const chunk of answer) body.push(chunk as Buffer);
  return { status: answer.statusCode, headers: answer.headers, body: Buffer.concat(body) };
}

beforeAll(async () => {
  sample = await makeSampleApp();
  const { env } = await makeSampleStorage(inject('storage').connectionString);
  host = await startHost({
    appDir: sample.appDir,
    port: 0,
    env,
    timers: false,
    httpLimitMs: 1000,
    log: (record) => logs.push(record),
  });
});
beforeEach(() => void (seen.length = 0));
afterAll(async () => {
  await host.stop();
  await sample.remove();
});

test('the registered functions are all there', () => {
  const ofType = (type: string) =>
    host.functions.filter((each) => each.type === type).map((each) => each.name);
  const http = `echo mirror itemById itemRecent anItemFirst number numberByName files document onlyPost defaults
    open keyed guarded hooked nothing fails badAnswer slow statuses cookies send`;
  expect(ofType('http')).toEqual(http.split(/\s+/));
  expect(ofType('queue')).toEqual(['work', 'next']);
  expect(ofType('timer')).toEqual(['tick', 'stubborn', 'onceAtStart']);
});

describe('requests', () => {
  test('carry method, URL, parameters, query and headers', async () => {
    const seenBy = await echo('echo/th%C3%A9%20noir?q=1%2B1', { headers: { 'X-Asked-By': 'test' } });
    expect(seenBy).toMatchObject({ method: 'GET', params: { kind: 'thé noir' }, query: { q: '1+1' } });
    expect(seenBy.url).toBe(at('echo/th%C3%A9%20noir?q=1%2B1'));
    expect(seenBy.headers['x-asked-by']).toBe('test');
  });

  test('join repeated query keys with a comma, whatever their case', async () => {
    expect((await echo('echo?user=a&user=b&USER=c&empty=&x')).query).toEqual({
      user: 'a,b,c',
      empty: '',
      x: '',
    });
  });

  test('join repeated headers', async () => {
    const { body } = await send('/api/echo', { headers: { 'x-many': ['1', '2'] } });
    expect((JSON.parse(body.toString()) as Echo).headers['x-many']).toBe('1,2');
  });

  test('carry a body of any bytes, and answers do', async () => {
    const bytes = Buffer.from([...Array(256).keys()]);
    const answer = await get('mirror', { method: 'POST', body: bytes });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('content-type')).toBe('application/octet-stream');
    expect(answer.headers.get('x-mirror')).toBe('yes');
    expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true);
  });

  test('carry a large body whole', async () => {
    const bytes = Buffer.alloc(5_000_000, 'holdfast');
    const answer = await get('mirror', { method: 'POST', body: bytes });
    expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true);
  });

  test('lose a chunked body, which has no Content-Length', async () => {
    const options = { method: 'POST', headers: { 'transfer-encoding': 'chunked' } };
    const { body } = await send('/api/echo', options, 'this is', ' dropped');
    expect(JSON.parse(body.toString())).toMatchObject({ method: 'POST', body: '' });
  });

  test('above 100 MiB are refused', async () => {
    const options = { method: 'POST', headers: { 'content-length': 104_857_601 } };
    const request = http.request(at('mirror'), options);
    const status = await new Promise((resolve) => {
      request.on('response', (answer) => resolve(answer.statusCode)).on('error', resolve);
      request.flushHeaders();
    });
    request.destroy();
    expect(status).toBe(413);
  });
});

describe('routes', () => {
  const named = async (path: string) => {
    const answer = await get(path);
    return answer.status === 200
      ? ((await answer.json()) as { name: string; params: Record<string, string> })
      : answer.status;
  };

  test('are tried in the order of function names, as Azure does', async () => {
    expect(await named('items/recent')).toEqual({ name: 'itemById', params: { id: 'recent' } });
    expect(await named('items/first')).toEqual({ name: 'anItemFirst', params: {} });
    expect(await named('items/7')).toEqual({ name: 'itemById', params: { id: '7' } });
  });

  test('that others shadow are warned of at start', () => {
    const warnings = logs.filter(({ message }) => message.includes('is shadowed by'));
    expect(warnings.map((record) => record.functionName)).toEqual(['itemRecent']);
  });

  test('are chosen by constraints', async () => {
    expect(await named('numbers/12')).toEqual({ name: 'number', params: { n: '12' } });
    expect(await named('numbers/twelve')).toEqual({ name: 'numberByName', params: { word: 'twelve' } });
    expect(await named('numbers/0')).toBe(404);
    expect(await named('numbers/1x')).toBe(404);
  });

  test('take optional, catch-all and partial parameters', async () => {
    expect((await echo('echo')).params).toEqual({});
    expect(await named('files/a/b%2Fc/d.txt')).toEqual({ name: 'files', params: { path: 'a/b%2Fc/d.txt' } });
    expect(await named('files')).toEqual({ name: 'files', params: {} });
    expect(await named('documents/a.tar.gz')).toEqual({
      name: 'document',
      params: { name: 'a.tar', ext: 'gz' },
    });
  });

  test('ignore case and a trailing slash', async () => {
    expect((await fetch(`${host.url}/API/Items/7/`)).status).toBe(200);
  });

  test('answer 404, never 405, to a method they lack', async () => {
    expect((await get('onlyPost')).status).toBe(404);
    expect((await get('onlyPost', { method: 'POST' })).status).toBe(200);
    expect((await get('defaults', { method: 'PUT' })).status).toBe(404);
    expect((await get('items/1', { method: 'HEAD' })).status).toBe(404);
  });

  test('outside the prefix are unknown, and odd targets do no harm', async () => {
    expect((await fetch(`${host.url}/echo`)).status).toBe(404);
    expect((await send('//api/echo', {})).status).toBe(404);
    expect((await send('/api/echo/%', {})).status).toBe(200);
  });
});

describe('answers', () => {
  test('to HEAD have headers and no body', async () => {
    const head = await get('echo/x', { method: 'HEAD' });
    expect(head.status).toBe(200);
    expect(await head.text()).toBe('');
    expect(Number(head.headers.get('content-length'))).toBeGreaterThan(0);
  });

  test('keep their status; 204 and 304 have no body', async () => {
    expect((await get('statuses?status=418')).status).toBe(418);
    const none = await send('/api/statuses?status=204', {});
    expect(none).toMatchObject({ status: 204, body: Buffer.alloc(0) });
    expect(none.headers['content-length']).toBeUndefined();
    expect((await send('/api/statuses?status=304', {})).status).toBe(304);
  });

  test('of a function that returns nothing are 204', async () => {
    expect((await get('nothing')).status).toBe(204);
  });

  test('set cookies', async () => {
    expect((await get('cookies')).headers.getSetCookie()).toEqual([
      'plain=a%20b; path=/',
      'full=x; max-age=60; domain=example.org; path=/p; secure; samesite=lax; httponly',
      'dated=y; expires=Wed, 02 Jan 2030 03:04:05 GMT; path=/; samesite=none',
    ]);
  });

  test('of a function that throws are 500 and say nothing of it', async () => {
    const answer = await get('fails');
    expect(answer.status).toBe(500);
    expect(await answer.text()).toBe('');
    expect(JSON.stringify([...answer.headers])).not.toContain('secret');
    expect(host.invocations.at(-1)).toMatchObject({ functionName: 'fails', ok: false });
    expect(logs.some(({ message }) => message.includes('a secret of the inside'))).toBe(true);
  });

  test('that are no HTTP answer at all are 500', async () => {
    expect((await get('badAnswer')).status).toBe(500);
  });

  test('may be changed by a hook', async () => {
    expect(await (await get('hooked')).text()).toBe('by the hook');
  });

  test('later than the limit become 504 while the function runs on', async () => {
    const answer = await get('slow?ms=1400');
    expect(answer.status).toBe(504);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(await answer.text()).toContain('Azure');
    expect(seen).toEqual([]);
    await host.idle();
    expect(seen).toEqual([{ slow: 'ended' }]);
  });

  test('nobody waits for do no harm', async () => {
    const gone = new AbortController();
    const before = host.invocations.length;
    const answer = get('slow?ms=200', { signal: gone.signal });
    await until(() => host.invocations.length > before);
    gone.abort();
    await expect(answer).rejects.toThrow(/abort/);
    await host.idle();
    expect(seen).toEqual([{ slow: 'ended' }]);
    expect((await get('echo')).status).toBe(200);
  });
});

describe('the admin API', () => {
  test('tells the state and the functions', async () => {
    expect(await (await fetch(`${host.url}/admin/host/status`)).json()).toMatchObject({ state: 'Running' });
    const names = (await (await fetch(`${host.url}/admin/functions`)).json()) as { name: string }[];
    expect(names.map(({ name }) => name)).toContain('tick');
    expect(await (await fetch(`${host.url}/admin/functions/TICK`)).json()).toMatchObject({
      name: 'tick',
      isDisabled: false,
    });
  });

  test.each(['{}', '', '{"input":"x"}'])('runs a timer at once, given the body %j', async (body) => {
    const answer = await fetch(`${host.url}/admin/functions/tick`, { method: 'POST', body });
    expect(answer.status).toBe(202);
    await host.idle();
    expect(seen.at(-1)).toEqual({ tick: 'ended' });
  });

  test('runs a queue function with the given input', async () => {
    const body = JSON.stringify({ input: '{"name":"by hand","waitMs":1}' });
    await fetch(`${host.url}/admin/functions/next`, { method: 'POST', body });
    await host.idle();
    expect(seen).toEqual([{ next: { name: 'by hand', waitMs: 1 } }]);
  });

  test('refuses what it cannot run', async () => {
    const post = (name: string, body: string) =>
      fetch(`${host.url}/admin/functions/${name}`, { method: 'POST', body });
    expect((await post('unknown', '{}')).status).toBe(404);
    expect((await post('tick', '{no json')).status).toBe(400);
    expect((await post('tick', 'null')).status).toBe(400);
    expect((await post('echo', '{}')).status).toBe(400);
    expect((await fetch(`${host.url}/admin/other`)).status).toBe(404);
  });
});

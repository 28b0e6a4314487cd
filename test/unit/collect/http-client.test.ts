import { hash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../shared/clock.ts';
import { readText, streamBody } from '../../../shared/collect/body.ts';
import { LocalBudget } from '../../../shared/collect/budget.ts';
import { classifyGraph } from '../../../shared/collect/classify.ts';
import { httpClient } from '../../../shared/collect/http-client.ts';
import { tokenTransport } from '../../../shared/collect/transport.ts';
import { VendorApi, type Consume } from '../../../shared/collect/vendor-api.ts';
import { HoldfastError } from '../../../shared/errors.ts';
import type { RequestRecord } from '../../../shared/archive/manifest.ts';

const TEXT = JSON.stringify({ value: Array.from({ length: 20_000 }, (_, id) => ({ id, name: `n${id}` })) });
const SENT: Record<string, (response: ServerResponse) => void> = {
  '/plain': (r) => r.end(TEXT),
  '/gzip': (r) => r.setHeader('content-encoding', 'gzip').end(gzipSync(TEXT)),
  '/gzip-cut': (r) => r.setHeader('content-encoding', 'gzip').end(gzipSync(TEXT).subarray(0, -500)),
  '/cut': (r) =>
    r.writeHead(200, { 'content-length': TEXT.length }).write(TEXT.slice(0, 70_000), () => r.destroy()),
  '/chunked-cut': (r) => r.write(TEXT.slice(0, 70_000), () => r.destroy()),
  '/moved': (r) => r.writeHead(302, { location: '/plain' }).end(),
  '/silent': () => undefined,
  '/stalled': (r) => r.write(TEXT.slice(0, 70_000)),
};

describe('the HTTP client', () => {
  const fetch = httpClient();
  let server: Server;
  let origin: string;
  let asked: string[][] = [];
  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push(request.rawHeaders);
      SENT[request.url!]!(response);
    }).listen(0);
    await once(server, 'listening');
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close().closeAllConnections());

  /** Asks as the collector does; nothing is tried twice. */
  async function call(path: string, consume?: Consume<string>) {
    const told: RequestRecord[] = [];
    const api = new VendorApi({
      transport: tokenTransport(() => Promise.resolve('t'), fetch),
      budget: new LocalBudget({ requests: 100, periodMs: 1 }, systemClock),
      clock: systemClock,
      classify: classifyGraph,
      origin,
      headerTimeoutMs: 300,
      idleTimeoutMs: 300,
      backoffMs: 600_000,
    });
    const whole: Consume<string> = async (response, read) => {
      const { text, facts } = await readText(response, 10_000_000, read);
      return { value: text, records: 0, facts };
    };
    const context = { deadlineMs: Date.now() + 5000, onRequest: (r: RequestRecord) => told.push(r) };
    const result = await api.call({ url: origin + path }, consume ?? whole, context).then(
      ({ value }) => value,
      (error: unknown) => error,
    );
    return { result, told };
  }

  it.each(['/plain', '/gzip'])(
    '%s: the text as it was, its size and hash those of the decoded bytes',
    async (path) => {
      const { result, told } = await call(path);
      expect(result).toBe(TEXT);
      expect(told).toMatchObject([{ status: 200, bytes: TEXT.length, sha256: hash('sha256', TEXT) }]);
    },
  );

  it('asks for gzip, and says who asks', async () => {
    asked = [];
    await call('/plain');
    const names = asked[0]!.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase());
    expect(asked[0]).toContain('gzip');
    expect(asked[0]).toContain('Bearer t');
    expect(names).toContain('user-agent');
  });

  it.each(['/cut', '/chunked-cut', '/gzip-cut'])(
    '%s: a body that ends early is never a short success',
    async (path) => {
      const { result, told } = await call(path);
      expect(result).toMatchObject({ code: 'unavailable' });
      expect(told[0]!.error).toBeDefined();
    },
  );

  it('follows no redirect', async () => {
    expect((await call('/moved')).result).toBeInstanceOf(HoldfastError);
    expect((await fetch(`${origin}/moved`)).status).toBe(302);
  });

  it.each(['/silent', '/stalled'])('%s: is given up in time', async (path) => {
    expect((await call(path)).result).toMatchObject({ code: 'vendor-timeout' });
  });

  it('hands on one piece at a time, and what it throws', async () => {
    const sizes: number[] = [];
    let working = 0;
    const { result } = await call('/gzip', async (response, read) => {
      const facts = await streamBody(
        response,
        async (chunk) => {
          expect(++working).toBe(1);
          sizes.push(chunk.length);
          await setImmediate();
          working--;
        },
        read,
      );
      return { value: String(facts.bytes), records: 0, facts };
    });
    expect(result).toBe(String(TEXT.length));
    expect(sizes.length).toBeGreaterThan(3);
    const fault = new HoldfastError('vendor-malformed', 'no');
    const { result: thrown } = await call('/gzip', async (response, read) => {
      const facts = await streamBody(response, () => Promise.reject(fault), read);
      return { value: '', records: 0, facts };
    });
    expect(thrown).toBe(fault);
  });

  it('an answer that nobody reads ends nothing but itself', async () => {
    const given = new AbortController();
    const { body } = await fetch(`${origin}/stalled`, { signal: given.signal });
    given.abort(new Error('given up'));
    await new Promise((resolve) => body.once('close', resolve));
    expect(body.destroyed).toBe(true);
  });

  it('a connection refused says why', async () => {
    await expect(fetch('http://127.0.0.1:1/')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { HostProcess } from '../../../infra/local/host/process.ts';
import { fill, startSmallArchive, type SmallArchive } from './archive.ts';
import { hostile, type Hostile } from './hostile-requests.ts';
import { random } from './random.ts';
import { send, type Outcome } from './send.ts';

const REQUESTS = 10_000;
const PARALLEL = 32;
/** By then every code path has run and the heap has its working size. */
const WARM = 3000;
const GROWTH_MB = 96;
/** Then no more requests are sent, and the test says how many were: a host that hangs must not hold up everything behind it. */
const LIMIT_MS = 8 * 60_000;
/** For the requests under way at that moment, and the host's end. */
const AFTER_MS = 60_000;

let archive: SmallArchive;
let host: HostProcess;

beforeAll(async () => {
  archive = await startSmallArchive();
  await fill(archive);
  // No keys and wide limits: everything reaches the handlers.
  host = await archive.host({ LIMIT_PER_MINUTE: '1000000', LIMIT_EXPENSIVE_PER_MINUTE: '1000000' });
});
afterAll(async () => {
  await host.stop();
  await archive.stop();
});

const residentMb = (): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${host.pid}/status`, 'utf8'))![1]) / 1024;

interface Told {
  readonly request: Hostile;
  readonly outcome: Outcome;
}

async function assault(from: number, to: number, port: number, told: Told[], endMs: number): Promise<void> {
  let next = from;
  const worker = async (): Promise<void> => {
    while (next < to && Date.now() < endMs) {
      const request = hostile(random(next++));
      told.push({ request, outcome: await send(port, request) });
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
}

const describe5xx = (told: readonly Told[]): string[] =>
  told
    .filter(({ outcome }) => typeof outcome === 'number' && outcome >= 500 && outcome !== 503)
    .map(
      ({ request, outcome }) =>
        `${outcome} ${request.kind} ${request.method} ${request.target.slice(0, 120)}`,
    );

it(
  'ten thousand hostile requests leave the host serving, with flat memory and no 5xx but 503',
  { timeout: LIMIT_MS + AFTER_MS },
  async () => {
    const port = Number(new URL(host.url).port);
    const told: Told[] = [];
    const startedMs = Date.now();
    const endMs = startedMs + LIMIT_MS;
    await assault(0, WARM, port, told, endMs);
    const warmMb = residentMb();
    await assault(WARM, REQUESTS, port, told, endMs);
    const endMb = residentMb();
    const counts: Record<string, number> = {};
    for (const { request, outcome } of told)
      counts[`${request.kind} ${outcome}`] = (counts[`${request.kind} ${outcome}`] ?? 0) + 1;
    console.log(
      `${REQUESTS} requests in ${Math.round((Date.now() - startedMs) / 1000)} s, resident ${warmMb.toFixed(0)} → ${endMb.toFixed(0)} MB`,
      counts,
    );
    expect(told).toHaveLength(REQUESTS);
    expect([...new Set(describe5xx(told))]).toEqual([]);
    expect(told.filter((t) => t.outcome === 'no answer').map((t) => t.request.target.slice(0, 120))).toEqual(
      [],
    );
    expect(endMb - warmMb).toBeLessThan(GROWTH_MB);
    expect((await fetch(`${host.url}/api/openapi.json`)).status).toBe(200);
    expect((await fetch(`${host.url}/api/coverage`)).status).toBe(200);
  },
);

import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_TENANT_ID } from '../../../infra/local/story/index.ts';
import { ual } from '../../support/collector-world.ts';
import { unzip } from '../../support/unzip.ts';
import { sha256, startWorld, type World } from '../../support/world.ts';

const MB = 1024 * 1024;
const nowMs = Date.now();
const USER = 'reader@sunnyside-trading.example';
const from = new Date(nowMs - 86_400_000).toISOString();
const to = new Date(nowMs + 3_600_000).toISOString();

// What no compression makes small: with manifests and report a zip of more than the 16 MiB of one HTTP answer.
const records = Array.from({ length: 250 }, (_, i) =>
  ual(`large-${i}`, nowMs - 2 * 3_600_000 + i * 1000, nowMs - 3_600_000, 'ual-exchange', {
    UserId: USER,
    Pad: randomBytes(72 * 1024).toString('base64'),
  }),
);

let world: World;
beforeAll(async () => {
  world = await startWorld({ records, tenantId: DEFAULT_TENANT_ID, env: { SOURCES: 'ual-exchange' } });
  world.tenant.subscribe();
  await world.collect();
});
afterAll(() => world.stop());

/** The zip behind a redirect: fetched without any key of ours, as a browser would. */
async function follow(answer: Response): Promise<Buffer> {
  expect(answer.status).toBe(303);
  expect(answer.headers.get('cache-control')).toContain('no-store');
  const link = new URL(answer.headers.get('location')!);
  expect(link.pathname).toMatch(/\/bundles\/.*\.zip$/);
  expect(Date.parse(link.searchParams.get('se')!) - Date.now()).toBeLessThanOrEqual(16 * 60_000);
  expect(link.searchParams.get('sp')).toBe('r');
  const zip = await fetch(link);
  expect(zip.status).toBe(200);
  const body = Buffer.from(await zip.arrayBuffer());
  expect(body.length).toBeGreaterThan(16 * MB);
  return body;
}

const lines = (files: Map<string, Buffer>): string[] =>
  files.get('records/ual-exchange.ndjson')!.toString('utf8').split('\n').filter(Boolean).sort();

describe('a bundle too large for one HTTP answer', () => {
  it('is built at once and handed out by a short-lived link', async () => {
    const answer = await world.get(`/api/bundle?user=${USER}&from=${from}&to=${to}`);
    const files = await unzip(await follow(answer));
    expect(lines(files)).toEqual(records.map((r) => r.text).sort());
  });

  it('of an incident that is done lies there already: the link leads to the bytes whose hash it states', async () => {
    const accepted = await fetch(`${world.host.url}/api/incidents`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ users: [USER], from, to }),
    });
    expect(accepted.status).toBe(202);
    const location = accepted.headers.get('location')!;
    await world.host.idle();
    const incident = (await (await world.get(location)).json()) as {
      state: string;
      result: { bytes: number; sha256: string };
    };
    expect(incident.state).toBe('done');
    for (let times = 0; times < 2; times++) {
      const zip = await follow(await world.get(`${location}/bundle`));
      expect([zip.length, sha256(zip)]).toEqual([incident.result.bytes, incident.result.sha256]);
    }
  });
});

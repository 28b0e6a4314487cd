import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { alertBody } from '../../shared/alerts.ts';
import { readHealth, type Health } from '../../shared/archive/health.ts';
import {
  DAY,
  HOUR,
  START,
  startCollectorWorld,
  ual,
  type CollectorWorld,
} from '../support/collector-world.ts';

const health = (world: CollectorWorld): Promise<Health> =>
  readHealth(world.windows, {
    tenants: [world.tenant.tenantId],
    specs: world.specs,
    nowMs: world.clock.now(),
  });

/** A world with a webhook receiver; what it was told, in order. */
async function inAlarmedWorld(
  test: (world: CollectorWorld, told: { title: string }[]) => Promise<void>,
): Promise<void> {
  const told: { title: string }[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      told.push(JSON.parse(body) as { title: string });
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const alertUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  const world = await startCollectorWorld({
    sources: ['ual-exchange'],
    records: [ual('r', START - HOUR)],
    settings: { alertUrl },
  });
  try {
    world.tenant.subscribe();
    await test(world, told);
  } finally {
    await world.stop();
    server.close();
  }
}

describe('the retention clock', () => {
  it('lets a fresh deployment fill back its oldest days in peace', () =>
    inAlarmedWorld(async (world, told) => {
      world.tenant.fault({ kind: 'status', status: 503, api: 'feed', times: 60 });
      await world.run();
      expect((await health(world)).sources[0]!.waiting).toBeGreaterThan(0);
      await world.pass(5 * HOUR, HOUR / 2);
      expect((await health(world)).healthy).toBe(true);
      expect(told).toEqual([]);
    }));

  it('alarms when uncollected records are within 48 h of deletion, tells it daily, and stops when they are collected', () =>
    inAlarmedWorld(async (world, told) => {
      await world.run();
      await world.pass(HOUR, HOUR);
      // Longer than all passes take to settle: the source must still count as one that was collected.
      world.tenant.set({ revoked: ['ActivityFeed.Read'] });
      await world.pass(4 * DAY, 3 * HOUR);
      expect((await health(world)).healthy).toBe(true);
      await world.pass(DAY + 2 * HOUR, HOUR);
      const alarmed = await health(world);
      expect(alarmed.healthy).toBe(false);
      expect(alarmed.problems[0]).toMatch(
        /^ual-exchange: \d+ windows from .* the vendor deletes the first on 2026-12-0/,
      );
      expect(told).toHaveLength(1);
      expect(told[0]).toMatchObject({
        source: 'ual-exchange',
        kind: 'retention',
        tenant: world.tenant.tenantId,
      });
      expect(told[0]!.title).toContain('records of ual-exchange will be lost on');
      await world.pass(DAY, HOUR);
      expect(told).toHaveLength(2);
      world.tenant.set({ revoked: [] });
      await world.pass(6 * HOUR, HOUR / 4);
      expect((await health(world)).healthy).toBe(true);
      expect(told).toHaveLength(2);
    }));

  it('does not alarm for what a tenant never had: that is in coverage', () =>
    inAlarmedWorld(async (world, told) => {
      world.tenant.set({ revoked: ['ActivityFeed.Read'] });
      await world.run();
      await world.pass(3 * DAY, 6 * HOUR);
      expect((await health(world)).sources[0]!.unavailable).toContain('Grant the application permission');
      expect(told).toEqual([]);
    }));

  it('speaks to Teams, Slack and others in their own shape, without links of the vendor', () => {
    const alert = {
      kind: 'retention',
      title: 'a title',
      lines: ['see https://evil.example <b>'],
      facts: { n: 1 },
    };
    const teams = JSON.stringify(alertBody('https://contoso.webhook.office.com/x', alert));
    expect(teams).toContain('AdaptiveCard');
    expect(alertBody('https://hooks.slack.com/x', alert)).toMatchObject({
      text: 'a title\nsee hxxp://evil.example  b ',
    });
    expect(alertBody('https://siem.example/x', alert)).toMatchObject({
      source: 'holdfast',
      kind: 'retention',
      n: 1,
    });
    expect(teams).not.toContain('https://evil');
  });
});

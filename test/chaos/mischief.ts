import type { FaultSpec } from '../../infra/local/tenant/faults.ts';
import type { PublishedRecord } from '../../infra/local/tenant/records.ts';
import { between, type Random } from '../../infra/local/tenant/seeded.ts';
import { QUEUE } from '../../shared/messages.ts';
import { audit, DAY, HOUR, signIn, ual, type CollectorWorld } from '../support/collector-world.ts';

/** What may go wrong in one round; each with its chance. All randomness comes from the seed. */

const MINUTE = 60_000;
/** Records come at most so long after their time: the last pass is 72 h after a window's end. */
const LATEST_MS = 60 * HOUR;

export interface Mischief {
  readonly name: string;
  readonly chance: number;
  readonly act: (world: CollectorWorld, random: Random) => void;
}

let serial = 0;

const pick = <T>(random: Random, items: readonly T[]): T => items[between(random, 0, items.length - 1)]!;

function record(random: Random, nowMs: number): PublishedRecord {
  const id = `r${++serial}`;
  const eventMs = nowMs - between(random, 0, 2 * HOUR);
  const late = random() < 0.3 ? between(random, 0, LATEST_MS - 3 * HOUR) : 0;
  const availableMs = nowMs + late;
  const kind = random();
  if (kind < 0.35) return signIn(id, eventMs, { availableMs });
  if (kind < 0.6) return audit(id, eventMs, { availableMs });
  return ual(id, eventMs, availableMs, kind < 0.8 ? 'ual-exchange' : 'ual-general', {
    Pad: 'x'.repeat(between(random, 0, 300)),
  });
}

export const someRecords = (random: Random, nowMs: number, most: number): PublishedRecord[] =>
  Array.from({ length: between(random, 1, most) }, () => record(random, nowMs));

const FAULTS: readonly FaultSpec[] = [
  { kind: 'throttle' },
  { kind: 'throttle', retryAfter: 7 },
  { kind: 'status', status: 500 },
  { kind: 'status', status: 502 },
  { kind: 'status', status: 503, retryAfter: 20 },
  { kind: 'status', status: 503 },
  { kind: 'status', status: 504 },
  { kind: 'cut-before-headers' },
  { kind: 'cut-mid-body' },
  { kind: 'truncated-json' },
  { kind: 'hang', times: 1 },
  { kind: 'slow-body', bytesPerSecond: 20_000, times: 3 },
  { kind: 'html-page' },
  { kind: 'wrong-content-type' },
  { kind: 'unauthorized' },
  { kind: 'licence', api: 'graph' },
  { kind: 'forbidden' },
  { kind: 'expired-page-token' },
  { kind: 'poison-record' },
  { kind: 'duplicate-within-page' },
  { kind: 'duplicate-across-pages' },
  { kind: 'empty-page', times: 3 },
  { kind: 'trailing-link' },
  { kind: 'foreign-next-link' },
  { kind: 'foreign-content-uri' },
];

function layFault(world: CollectorWorld, random: Random): void {
  const spec = pick(random, FAULTS);
  const times = spec.times ?? between(random, 1, 25);
  world.tenant.fault({ ...spec, times, probability: 0.2 + random() * 0.8, bind: random() < 0.2 });
}

function revise(world: CollectorWorld, random: Random): void {
  const now = world.clock.now();
  const recent = [...world.tenant.published()].filter(
    (r) =>
      r.source === 'signins-interactive' &&
      r.availableMs <= now &&
      (r.goneMs ?? Infinity) > now &&
      r.eventMs > now - 48 * HOUR,
  );
  if (recent.length === 0) return;
  const { id } = JSON.parse(pick(random, recent).text) as { id: string };
  world.tenant.revise({ source: 'signins-interactive', id, set: { riskState: `state${++serial}` } });
}

/** Dies somewhere in what it does next. */
function kill(world: CollectorWorld, random: Random): void {
  const { perimeter } = pick(random, world.instances);
  const call = perimeter.calls.length + between(random, 1, 300);
  perimeter.dieAt({ call, when: random() < 0.5 ? 'before' : 'after' });
}

export const MISCHIEF: readonly Mischief[] = [
  { name: 'publish', chance: 0.9, act: (w, r) => w.tenant.publish(someRecords(r, w.clock.now(), 40)) },
  {
    name: 'publish many',
    chance: 0.05,
    act: (w, r) => w.tenant.publish(someRecords(r, w.clock.now(), 1500)),
  },
  { name: 'fault', chance: 0.6, act: layFault },
  { name: 'second fault', chance: 0.3, act: layFault },
  { name: 'clear faults', chance: 0.25, act: (w) => w.tenant.clearFaults() },
  { name: 'revise', chance: 0.3, act: revise },
  {
    name: 'redeliver',
    chance: 0.15,
    act: (w, r) =>
      w.tenant.redeliver({
        source: r() < 0.5 ? 'ual-exchange' : 'ual-general',
        count: between(r, 1, 20),
        afterMs: between(r, 0, 5 * DAY),
        reorderKeys: r() < 0.5,
      }),
  },
  { name: 'kill', chance: 0.5, act: kill },
  { name: 'start another', chance: 0.3, act: (w) => w.instances.length < 3 && w.start() },
  { name: 'licence away', chance: 0.08, act: (w) => w.tenant.set({ licence: 'free' }) },
  {
    name: 'permission away',
    chance: 0.05,
    act: (w) => w.tenant.set({ revoked: ['AuditLog.Read.All', 'ActivityFeed.Read'] }),
  },
  {
    name: 'licence and permission back',
    chance: 0.4,
    act: (w) => w.tenant.set({ licence: 'P2', revoked: [] }),
  },
  {
    name: 'tokens end now',
    chance: 0.15,
    act: (w) => w.tenant.set({ tokens: { expiresAtMs: w.clock.now() } }),
  },
  {
    name: 'short tokens',
    chance: 0.1,
    act: (w, r) => w.tenant.set({ tokens: { maxRequests: between(r, 2, 30) } }),
  },
  {
    name: 'skew',
    chance: 0.15,
    act: (w, r) => void (pick(r, w.instances).perimeter.skewMs = between(r, -20, 20) * MINUTE),
  },
  { name: 'the clock is set', chance: 0.06, act: (w, r) => w.clock.advance(between(r, -60, 60) * MINUTE) },
  {
    name: 'nonsense in a queue',
    chance: 0.08,
    act: (w, r) => void w.queues.send(r() < 0.5 ? QUEUE.collect : QUEUE.index, [{ nonsense: r() }]),
  },
];

/** Lost and repeated messages, for the whole run. */
export const unreliable = (random: Random) => (): number => {
  const x = random();
  return x < 0.03 ? 0 : x < 0.1 ? 2 : x < 0.12 ? 3 : 1;
};

import { sendAlert, type Alert } from '../../../shared/alerts.ts';
import { Archive } from '../../../shared/archive/archive.ts';
import { tellRetention } from '../../../shared/archive/retention-alarm.ts';
import { WindowTable } from '../../../shared/archive/windows.ts';
import { WindowCollector, type TenantApis } from '../../../shared/collect/collect-window.ts';
import { tenantApis } from '../../../shared/collect/compose.ts';
import { runCollect } from '../../../shared/collect/run-collect.ts';
import { sourceSpec } from '../../../shared/collect/sources/index.ts';
import type { SourceSpec } from '../../../shared/collect/spec.ts';
import { Subscriptions } from '../../../shared/collect/subscriptions.ts';
import type { Fetch, TokenSource } from '../../../shared/collect/transport.ts';
import { indexSegment } from '../../../shared/indexing/index-segment.ts';
import { sweepTenants } from '../../../shared/indexing/sweep.ts';
import type { Limit } from '../../../shared/limit.ts';
import type { Log } from '../../../shared/log.ts';
import { collectMessage, indexMessage, parseMessage, QUEUE } from '../../../shared/messages.ts';
import type { Stores } from '../../../shared/store/stores.ts';
import { Perimeter, type Death } from './perimeter.ts';
import type { VirtualClock } from './virtual-clock.ts';

export interface InstanceSettings {
  readonly backfillDays: number;
  readonly settleHours: readonly number[];
  readonly reportBudget: Limit;
  readonly feedBudget?: Limit;
  readonly alertUrl?: string;
}

export interface InstanceWorld {
  readonly tenant: { readonly tenantId: string; readonly origin: string };
  readonly specs: readonly SourceSpec[];
  readonly settings: InstanceSettings;
}

interface Outside {
  readonly stores: Stores;
  readonly fetch: Fetch;
  readonly clock: VirtualClock;
  readonly world: InstanceWorld;
  readonly log: (line: string) => void;
}

export const PUBLISHER = '22222222-2222-4222-8222-222222222222';

/** One collector process: the same classes that `functions/root.ts` puts together, behind a perimeter. */
export class Instance {
  readonly perimeter: Perimeter;
  readonly collector: WindowCollector;
  readonly archive: Archive;
  readonly windows: WindowTable;
  readonly subscriptions: Subscriptions;
  readonly apis: TenantApis;
  readonly #world: InstanceWorld;
  readonly #log: Log;

  constructor(outside: Outside, death?: Death) {
    this.perimeter = new Perimeter(outside, death);
    this.#world = outside.world;
    this.#log = logTo(outside.log);
    const { stores, clock } = this.perimeter;
    this.archive = new Archive({ blobs: stores.archive, clock, graceMs: 1000 });
    this.windows = new WindowTable(stores.tables);
    this.subscriptions = new Subscriptions(stores, clock);
    this.apis = this.#makeApis();
    this.collector = new WindowCollector({
      ...this.#parts(),
      specs: sourceSpec,
      settleHours: outside.world.settings.settleHours,
    });
  }

  #parts() {
    const { stores, clock } = this.perimeter;
    const { archive, windows, subscriptions } = this;
    const apis = (): TenantApis => this.apis;
    return { archive, windows, subscriptions, queues: stores.queues, apis, clock, log: this.#log };
  }

  #makeApis(): TenantApis {
    const { tenant, settings } = this.#world;
    return tenantApis({
      tenant: tenant.tenantId,
      endpoints: { graph: tenant.origin, management: tenant.origin },
      publisherId: PUBLISHER,
      reportBudget: settings.reportBudget,
      ...(settings.feedBudget && { feedBudget: settings.feedBudget }),
      tokens: { graph: tokens(), management: tokens() },
      fetch: this.perimeter.fetch,
      tables: this.perimeter.stores.tables,
      clock: this.perimeter.clock,
    });
  }

  /** The timer collect, as `functions/collect.ts` has it. */
  async timer(): Promise<void> {
    const tenants = [this.#world.tenant.tenantId];
    const { stores, clock } = this.perimeter;
    const { backfillDays } = this.#world.settings;
    await runCollect({ ...this.#parts(), tenants, specs: this.#world.specs, backfillDays });
    await sweepTenants({ ...stores, blobs: stores.archive, clock, log: this.#log }, tenants);
    const { alertUrl: url } = this.#world.settings;
    if (url === undefined) return;
    const send = (alert: Alert): Promise<boolean> => sendAlert({ url, fetch, log: this.#log }, alert);
    await tellRetention({ tenants, specs: this.#world.specs, windows: this.windows, clock, send });
  }

  /** The two queue triggers. */
  async handle(queue: string, message: unknown): Promise<void> {
    if (queue === QUEUE.collect) return this.collector.handle(parseMessage(collectMessage, message));
    const { archive: blobs, tables } = this.perimeter.stores;
    await indexSegment(parseMessage(indexMessage, message), { blobs, tables });
  }
}

let issued = 0;

/** A credential that gives a new token when asked to, as an expired one demands. */
function tokens(): TokenSource {
  let token = `token-${++issued}`;
  return (renew) => Promise.resolve(renew ? (token = `token-${++issued}`) : token);
}

const logTo = (write: (line: string) => void): Log => {
  const line =
    (level: string) =>
    (event: string, facts: Readonly<Record<string, unknown>> = {}): void =>
      write(`${level} ${event} ${JSON.stringify(facts)}`);
  return { info: line('info'), warn: line('warn') };
};

import { writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { ContentBlobs, DEFAULT_BLOBBING } from './content-blobs.ts';
import type { Blobbing } from './content-blobs.ts';
import { answerControl } from './control.ts';
import { Faults } from './faults.ts';
import type { FaultSpec } from './faults.ts';
import { AuditQueries } from './graph-audit-query.ts';
import { layState } from './graph-state.ts';
import { reordered, withMembers } from './json-text.ts';
import { Limits } from './limits.ts';
import { CONTENT_TYPES } from './records.ts';
import type { ContentType, PublishedRecord, PublishedSource } from './records.ts';
import { Ledger } from './report.ts';
import type { TenantReport } from './report.ts';
import { seeded } from './seeded.ts';
import { tenantServer } from './server.ts';
import type { Simulation } from './simulation.ts';
import { RecordStore } from './store.ts';
import { Subscriptions } from './subscriptions.ts';
import { defaultSwitches, merge } from './switches.ts';
import type { DeepPartial, Switches } from './switches.ts';

export interface TenantOptions {
  readonly records?: Iterable<PublishedRecord>;
  /** Directory and mailbox state, JSON by Graph path: `users/alice@contoso.example/mailFolders/inbox/messageRules`. */
  readonly state?: Readonly<Record<string, unknown>>;
  readonly tenantId?: string;
  /** The tenant's time; a manual clock is one with `advance`. Default: the machine's. */
  readonly clock?: TenantClock;
  readonly seed?: number;
  /** 0, the default, takes a free port. */
  readonly port?: number;
  readonly switches?: DeepPartial<Switches>;
  readonly blobbing?: Partial<Blobbing>;
}

export interface TenantClock {
  now(): number;
  advance?(ms: number): void;
}

export interface Redelivery {
  readonly source: PublishedSource;
  /** How many of the source's available records, newest first. Default all. */
  readonly count?: number;
  /** When the later blob becomes available, from now. */
  readonly afterMs: number;
  /** The same record, its members in another order. */
  readonly reorderKeys?: boolean;
}

export interface Revision {
  readonly source: PublishedSource;
  readonly id: string;
  readonly set: Readonly<Record<string, unknown>>;
  /** When the new version replaces the old one. Default now. */
  readonly atMs?: number;
}

const DEFAULT_TENANT = '11111111-1111-4111-8111-111111111111';

/** Loads the records, starts the server, and resolves once it listens. */
export async function createTenant(options: TenantOptions = {}): Promise<Tenant> {
  const tenant = new Tenant(options);
  await tenant.listen(options.port ?? 0);
  return tenant;
}

/** A simulated Microsoft 365 tenant behind one port; made by `createTenant`. */
export class Tenant {
  readonly limits: Limits;
  readonly switches: Switches;
  readonly #clock: TenantClock;
  readonly #sim: Simulation;
  readonly #subscriptions: Subscriptions;
  readonly #server;
  #offsetMs = 0;

  constructor(options: TenantOptions) {
    const { seed = 1, clock = { now: () => Date.now() } } = options;
    this.#clock = clock;
    this.switches = merge(defaultSwitches(), options.switches ?? {});
    const nowMs = () => this.now();
    const store = new RecordStore();
    const blobs = new ContentBlobs(store, seed, { ...DEFAULT_BLOBBING, ...options.blobbing });
    this.limits = new Limits(nowMs, this.switches);
    this.#sim = {
      tenantId: options.tenantId ?? DEFAULT_TENANT,
      store,
      blobs,
      limits: this.limits,
      faults: new Faults(seed),
      ledger: new Ledger(),
      switches: this.switches,
      random: seeded(seed ^ 0xd20b),
      state: new Map(),
      nowMs,
    };
    layState(this.#sim.state, options.state ?? {});
    this.#subscriptions = new Subscriptions(this.switches, nowMs);
    this.#server = tenantServer({
      sim: this.#sim,
      subscriptions: this.#subscriptions,
      auditQueries: new AuditQueries(this.#sim),
      control: (body) => answerControl(this, body),
    });
    this.#add(options.records ?? [], -Infinity, false);
  }

  now(): number {
    return this.#clock.now() + this.#offsetMs;
  }

  /** Moves the tenant's time on: its manual clock if it was given one, else its own distance to the machine's. */
  advance(ms: number): void {
    if (this.#clock.advance) this.#clock.advance(ms);
    else this.#offsetMs += ms;
  }

  /** `http://127.0.0.1:port` */
  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get tenantId(): string {
    return this.#sim.tenantId;
  }

  /** The application's settings for this tenant. */
  settings() {
    return {
      GRAPH_ENDPOINT: this.origin,
      MANAGEMENT_ENDPOINT: this.origin,
      M365_CREDENTIAL: 'none',
      TENANT_ID: this.#sim.tenantId,
    };
  }

  /** Publishes more records; feed content never appears before now. Returns how many. */
  publish(records: Iterable<PublishedRecord>): number {
    return this.#add(records, this.now(), false);
  }

  /** The feed delivers records again, in later blobs. Returns how many. */
  redeliver({ source, count = Infinity, afterMs, reorderKeys = false }: Redelivery): number {
    const { store } = this.#sim;
    const again: PublishedRecord[] = [];
    const availableMs = this.now() + afterMs;
    for (const number of store.walk([source], { fromMs: -Infinity, toMs: Infinity, descending: true })) {
      if (again.length >= count) break;
      if (!store.visible(number, this.now()) || store.isCopy(number)) continue;
      const text = reorderKeys ? reordered(store.text(number)) : store.text(number);
      again.push({ source, text, eventMs: store.eventMs(number), availableMs });
    }
    return this.#add(again, this.now(), true);
  }

  /** A record changes: from `atMs` on the API returns it with other values, and no longer as it was. */
  revise({ source, id, set, atMs = this.now() }: Revision): void {
    const { store } = this.#sim;
    for (const number of store.walk([source], { fromMs: -Infinity, toMs: Infinity, descending: true })) {
      if (store.goneMs(number) <= atMs || !hasId(store.text(number), id)) continue;
      const text = withMembers(store.text(number), set);
      store.retire(number, atMs);
      this.#add([{ source, text, eventMs: store.eventMs(number), availableMs: atMs }], this.now(), false);
      return;
    }
    throw new RangeError(`${source} has no record ${id}`);
  }

  /** Switches a fault on and returns its id. */
  fault(spec: FaultSpec): number {
    return this.#sim.faults.add(spec);
  }

  /** Switches one fault off, or all. */
  clearFaults(id?: number): void {
    this.#sim.faults.clear(id);
  }

  /** Changes behaviour; see `Switches`. */
  set(change: DeepPartial<Switches>): void {
    merge(this.switches, change);
  }

  /** Lays down more directory state. */
  lay(state: Readonly<Record<string, unknown>>): void {
    layState(this.#sim.state, state);
  }

  /** Subscribes without a request, as if an earlier deployment had. */
  subscribe(types: readonly ContentType[] = Object.keys(CONTENT_TYPES) as ContentType[]): void {
    for (const type of types) this.#subscriptions.start(type);
  }

  /** An administrator stops a subscription: AF20023 until it is started again. */
  disableSubscription(type: ContentType): void {
    this.#subscriptions.stop(type, 'admin');
  }

  /** Every published record, in order of publication, for comparing an archive with. */
  *published(): Generator<PublishedRecord & { readonly copy: boolean; readonly fetched: number }> {
    const { store } = this.#sim;
    for (let number = 0; number < store.count; number++)
      yield { ...store.published(number), copy: store.isCopy(number), fetched: store.fetched(number) };
  }

  /** What was asked for and what was served; with up to `unfetched` records that never were. */
  report({ unfetched = 0 }: { readonly unfetched?: number } = {}): TenantReport {
    return this.#sim.ledger.report(this.now(), this.#sim, unfetched);
  }

  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', resolve);
    });
  }

  /** Stops serving; writes the report when a path is given. */
  async stop({ reportTo }: { readonly reportTo?: string } = {}): Promise<void> {
    if (reportTo !== undefined)
      await writeFile(reportTo, `${JSON.stringify(this.report({ unfetched: 100 }), null, 2)}\n`);
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  #add(records: Iterable<PublishedRecord>, earliestMs: number, copy: boolean): number {
    const audit: number[] = [];
    let count = 0;
    for (const record of records) {
      const number = this.#sim.store.add(record, copy);
      if (record.source.startsWith('ual-')) audit.push(number);
      count++;
    }
    this.#sim.blobs.publish(audit, earliestMs);
    return count;
  }
}

function hasId(text: string, id: string): boolean {
  if (!text.includes(id)) return false;
  const record = JSON.parse(text) as { readonly id?: unknown; readonly Id?: unknown };
  return record.id === id || record.Id === id;
}

import { pipeline, Transform } from 'node:stream';
import type { Clock } from '../../../shared/clock.ts';
import type { Fetch, FetchInit, FetchResponse } from '../../../shared/collect/http-client.ts';
import type { BlobStore, QueueStore, Stores, TableStore } from '../../../shared/store/stores.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** Where an instance dies: at its n-th call to the outside, before or after the call has taken effect. */
export interface Death {
  readonly call: number;
  readonly when: 'before' | 'after';
}

const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

/**
 * Everything between one collector instance and the world: storage, queues, HTTP, time. It counts the calls, and
 * at the planned one the instance dies as a process does: no call of it returns or throws any more, so no `catch`
 * and no `finally` runs.
 */
export class Perimeter {
  readonly stores: Stores;
  readonly fetch: Fetch;
  readonly clock: Clock;
  /** Resolves when the instance is dead. */
  readonly died: Promise<'died'>;
  /** How far this process's clock is ahead of the world's. */
  skewMs = 0;
  /** Names of the calls made, in order. */
  readonly calls: string[] = [];
  #death: Death | undefined;
  #dead = false;
  #tellDeath!: () => void;
  readonly #world: VirtualClock;
  readonly #open = new Set<AbortController>();

  constructor(outside: { stores: Stores; fetch: Fetch; clock: VirtualClock }, death?: Death) {
    this.#death = death;
    this.#world = outside.clock;
    this.died = new Promise((resolve) => (this.#tellDeath = () => resolve('died')));
    this.clock = {
      now: () => outside.clock.now() + this.skewMs,
      sleep: (ms, signal) => this.#sleep(ms, signal),
    };
    this.fetch = (url, init) => this.#fetch(outside.fetch, url, init ?? {});
    this.stores = {
      archive: this.#blobs(outside.stores.archive),
      tables: this.#tables(outside.stores.tables),
      queues: this.#queues(outside.stores.queues),
    };
  }

  get dead(): boolean {
    return this.#dead;
  }

  /** Dies now; what it has sent already stays sent. */
  kill(): void {
    this.#dead = true;
    for (const request of this.#open) request.abort(new Error('the process is gone'));
    this.#tellDeath();
  }

  dieAt(death: Death): void {
    this.#death = death;
  }

  async #call<T>(name: string, effect: () => Promise<T>): Promise<T> {
    this.#world.sign();
    if (this.#dead) return never();
    this.calls.push(name);
    const death = this.#death?.call === this.calls.length ? this.#death : undefined;
    if (death?.when === 'before') this.kill();
    if (this.#dead) return never();
    try {
      const result = await effect();
      if (death) this.kill();
      return this.#dead ? await never() : result;
    } catch (error) {
      if (this.#dead) return never();
      throw error;
    }
  }

  async #sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (this.#dead) return never();
    await this.#world.sleep(ms, signal);
    return this.#dead ? never() : undefined;
  }

  #fetch(fetch: Fetch, url: string, init: FetchInit): Promise<FetchResponse> {
    const over = this.#world.awaiting();
    const mine = new AbortController();
    this.#open.add(mine);
    const signal = init.signal ? AbortSignal.any([init.signal, mine.signal]) : mine.signal;
    const end = (): void => {
      this.#open.delete(mine);
      over();
    };
    return this.#call(`fetch ${new URL(url).pathname}`, async () => {
      try {
        return watched(await fetch(url, { ...init, signal }), () => this.#world.sign(), end);
      } catch (error) {
        end();
        throw error;
      }
    });
  }

  async *#each<T>(name: string, items: () => AsyncIterable<T>): AsyncIterable<T> {
    const iterable = await this.#call(name, () => Promise.resolve(items()));
    for await (const item of iterable) {
      if (this.#dead) await never();
      yield item;
    }
  }

  #blobs(b: BlobStore): BlobStore {
    return {
      putNew: (name, body, options) => this.#call(`put ${name}`, () => b.putNew(name, body, options)),
      get: (name) => this.#call(`get ${name}`, () => b.get(name)),
      getRange: (...a) => this.#call(`range ${a[0]}`, () => b.getRange(...a)),
      info: (name) => this.#call(`info ${name}`, () => b.info(name)),
      list: (prefix) => this.#each(`list ${prefix}`, () => b.list(prefix)),
    };
  }

  #tables(t: TableStore): TableStore {
    return {
      upsert: (...a) => this.#call(`upsert ${a[0]}`, () => t.upsert(...a)),
      replaceAll: (...a) => this.#call(`replaceAll ${a[0]}`, () => t.replaceAll(...a)),
      insert: (...a) => this.#call(`insert ${a[0]}`, () => t.insert(...a)),
      replace: (...a) => this.#call(`replace ${a[0]}`, () => t.replace(...a)),
      get: (...a) => this.#call(`row ${a[0]}`, () => t.get(...a)),
      query: (...a) => this.#each(`query ${a[0]}`, () => t.query(...a)),
      scan: (table) => this.#each(`scan ${table}`, () => t.scan(table)),
      remove: (...a) => this.#call(`remove ${a[0]}`, () => t.remove(...a)),
    };
  }

  #queues(q: QueueStore): QueueStore {
    return { send: (...a) => this.#call(`send ${a[0]}`, () => q.send(...a)) };
  }
}

/** The response with its body watched, so that time stands still while it arrives. */
function watched(response: FetchResponse, sign: () => void, end: () => void): FetchResponse {
  const watch = new Transform({
    transform(chunk, _encoding, next) {
      sign();
      next(null, chunk);
    },
  });
  watch.once('close', end).on('error', () => undefined);
  return { ...response, body: pipeline(response.body, watch, () => undefined) };
}

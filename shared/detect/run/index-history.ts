import { slicesOf } from '../../indexing/query.ts';
import { dateOf } from '../../instant.ts';
import type { TableStore } from '../../store/stores.ts';
import { foldHistory, type HistoryDay, type HistorySource, type UserHistory } from '../native/history.ts';

const DAY = 86_400_000;
const MAX_CACHED = 2000;

/** A person's past out of the index: what is summarised per segment, no record is read. */
export class IndexHistory implements HistorySource {
  readonly #tables: TableStore;
  readonly #tenant: string;
  readonly #cache = new Map<string, Promise<UserHistory>>();

  constructor(tables: TableStore, tenant: string) {
    this.#tables = tables;
    this.#tenant = tenant;
  }

  before(user: string, timeMs: number, days: number): Promise<UserHistory> {
    const to = dateOf(timeMs - DAY);
    const key = `${user}|${to}|${days}`;
    const known = this.#cache.get(key) ?? this.#read(user, dateOf(timeMs - days * DAY), to);
    this.#cache.set(key, known);
    if (this.#cache.size > MAX_CACHED) this.#cache.delete(this.#cache.keys().next().value!);
    return known;
  }

  async #read(user: string, from: string, to: string): Promise<UserHistory> {
    const days: HistoryDay[] = [];
    for await (const { ref, summary } of slicesOf(this.#tables, this.#tenant, 'user', user, from, to))
      days.push({ date: ref.date, ...summary });
    return foldHistory(days);
  }
}

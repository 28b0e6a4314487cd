import type { DetectionConfig } from './allow/config-table.ts';
import { makeRuleBook, type RuleBook } from './rule-book.ts';

/** Compiled rule books of tenants: made once for as long as the loaded rules are the same. */
export class BookShelf {
  readonly #config: DetectionConfig;
  readonly #books = new Map<string, { readonly of: string; readonly book: RuleBook }>();

  constructor(config: DetectionConfig) {
    this.#config = config;
  }

  /** Our rules and those loaded for the tenant; with `only`, those named and what they build on. */
  async bookOf(tenant: string, only?: readonly string[]): Promise<RuleBook> {
    const loaded = await this.#config.loadedRules(tenant);
    if (only) return makeRuleBook({ loaded, only });
    const of = JSON.stringify(loaded);
    const known = this.#books.get(tenant);
    if (known?.of === of) return known.book;
    const book = makeRuleBook({ loaded });
    this.#books.set(tenant, { of, book });
    return book;
  }
}

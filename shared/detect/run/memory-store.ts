import { parseComponentState, type ComponentState } from '../correlation-memory.ts';
import { Detection, type MemoryOptions } from '../detection.ts';
import { parseWindowState, type WindowState } from '../native/window-memory.ts';
import type { RuleBook } from '../rule-book.ts';
import type { StateStore } from './state-store.ts';

const WINDOWS = 'windows';

/** A detection whose memory lies in storage. `prefix` keeps the timer's and each run's apart. */
export class StoredDetection {
  readonly detection: Detection;
  readonly #store: StateStore;
  readonly #prefix: string;
  readonly #etags: Map<string, string>;

  private constructor(store: StateStore, prefix: string, detection: Detection, etags: Map<string, string>) {
    this.#store = store;
    this.#prefix = prefix;
    this.detection = detection;
    this.#etags = etags;
  }

  static async open(
    store: StateStore,
    prefix: string,
    book: RuleBook,
    options?: MemoryOptions,
  ): Promise<StoredDetection> {
    const etags = new Map<string, string>();
    const components: Record<string, ComponentState> = {};
    for (const { name } of book.components) {
      const saved = await store.load(`${prefix}|${name}`, parseComponentState);
      if (!saved) continue;
      etags.set(name, saved.etag);
      components[name] = saved.value;
    }
    const windows = await store.load<WindowState>(`${prefix}|${WINDOWS}`, parseWindowState);
    if (windows) etags.set(WINDOWS, windows.etag);
    const saved = { components, ...(windows ? { windows: windows.value } : {}) };
    return new StoredDetection(store, prefix, new Detection(book, saved, options), etags);
  }

  /** Stores what changed. Throws `conflict` when another instance has changed it since it was read. */
  async save(): Promise<void> {
    const { components, windows } = this.detection.changed();
    for (const [name, state] of Object.entries(components)) await this.#save(name, state);
    if (windows) await this.#save(WINDOWS, windows);
  }

  async #save(name: string, state: unknown): Promise<void> {
    const { etag } = await this.#store.save(`${this.#prefix}|${name}`, state, this.#etags.get(name));
    this.#etags.set(name, etag);
  }
}

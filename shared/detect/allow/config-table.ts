import { HoldfastError } from '../../errors.ts';
import type { BlobStore, TableStore } from '../../store/stores.ts';
import { joinText, splitText } from '../../store/long-text.ts';
import { MAX_ROW_TEXT } from '../cells.ts';
import { configPartition, loadedRulesPartition, TABLE } from '../keys.ts';
import type { RuleFile } from '../rule-files.ts';
import { escapeKey } from '../../layout.ts';
import { EMPTY_ALLOW_LIST, type AllowList } from './allow-list.ts';
import { parseAllowList } from './allow-list-text.ts';

/** Where an operator may put the allow list instead of sending it: container `archive`. */
export const ALLOW_LIST_BLOB = 'config/allow-lists.json';

/** What operators set for detection: the allow list and rules beside ours. */
export class DetectionConfig {
  readonly #tables: TableStore;
  readonly #blobs: BlobStore;

  constructor(tables: TableStore, blobs: BlobStore) {
    this.#tables = tables;
    this.#blobs = blobs;
  }

  /** The list that was sent last; else the blob's; else an empty one. */
  async allowList(tenant: string): Promise<AllowList> {
    const row = await this.#tables.get(TABLE, configPartition(tenant), 'allow-list');
    const text = row
      ? joinText('body', row.cells)
      : (await this.#blobs.get(ALLOW_LIST_BLOB))?.toString('utf8');
    return text === undefined ? EMPTY_ALLOW_LIST : parseAllowList(text);
  }

  async setAllowList(tenant: string, list: AllowList, by: string, at: string): Promise<void> {
    const body = JSON.stringify(list);
    refuseLong(body, 'The allow list');
    const cells = { by, at, ...splitText('body', body) };
    await this.#tables.upsert(TABLE, configPartition(tenant), [
      { row: 'allow-list', cells },
      // Every list that ever held stays: what was suppressed can be explained later.
      { row: `allow-list|${at.replace(/[^0-9TZ]/g, '')}`, cells },
    ]);
  }

  /** Rules loaded beside ours, by file name. */
  async loadedRules(tenant: string): Promise<RuleFile[]> {
    const files: RuleFile[] = [];
    for await (const { cells } of this.#tables.query(TABLE, loadedRulesPartition(tenant)))
      files.push({ file: String(cells['file']), text: joinText('text', cells) });
    return files;
  }

  async setRules(tenant: string, { file, text }: RuleFile, by: string, at: string): Promise<void> {
    refuseLong(text, 'The file');
    await this.#tables.upsert(TABLE, loadedRulesPartition(tenant), [
      { row: escapeKey(file), cells: { file, by, at, ...splitText('text', text) } },
    ]);
  }

  removeRules(tenant: string, file: string): Promise<void> {
    return this.#tables.remove(TABLE, loadedRulesPartition(tenant), [escapeKey(file)]);
  }
}

function refuseLong(text: string, what: string): void {
  if (text.length > MAX_ROW_TEXT)
    throw new HoldfastError('too-large', `${what} has more than ${MAX_ROW_TEXT} characters.`, {
      field: 'body',
      remedy: 'Divide it.',
    });
}

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadNativeRecords, shiftTimes } from '../../infra/local/tenant/native.ts';
import type { PublishedRecord } from '../../infra/local/tenant/records.ts';
import { contentHash } from '../../shared/record.ts';
import { PROJECT } from '../support/project.ts';
import { archivedTexts, startWorld, type World } from '../support/world.ts';

const DATA = join(PROJECT, '../shared/data');
const DAY = 86_400_000;
const nowMs = Math.floor(Date.now() / 1000) * 1000;

const ndjson = (folder: string): string[] =>
  readdirSync(join(DATA, folder))
    .filter((f) => f.endsWith('.ndjson') || f.endsWith('.jsonl'))
    .map((f) => join(folder, f));

const SETS: Readonly<Record<string, string[]>> = {
  'elastic-beats-o365-2020': ndjson('elastic-beats-o365-2020'),
  'elastic-integrations-o365-2023': ndjson('elastic-integrations-o365-2023/unwrapped'),
  'elastic-integrations-edgecases-2024-26': ndjson('elastic-integrations-edgecases-2024-26'),
  'microsoft-mgmt-activity-api-docs': ndjson('microsoft-mgmt-activity-api-docs'),
  'plaso-m365-audit': ndjson('plaso-m365-audit'),
  'elastic-integrations-azure-diag-2023': ndjson('elastic-integrations-azure-diag-2023'),
};

/** What the reports would still hold: sign-ins older than retention are moved to the last weeks, their text but for the times untouched. */
function withinRetention(r: PublishedRecord, i: number): PublishedRecord {
  const availableMs = nowMs - (i % 500) * 900_000 - 60_000;
  if (r.source.startsWith('ual-')) return { ...r, availableMs };
  const deltaMs = r.eventMs < nowMs - 25 * DAY ? nowMs - 20 * DAY - r.eventMs : 0;
  return {
    ...r,
    text: shiftTimes(r.text, Math.floor(deltaMs / 1000) * 1000),
    eventMs: r.eventMs + Math.floor(deltaMs / 1000) * 1000,
    availableMs,
  };
}

let world: World;
const published = new Map<string, PublishedRecord[]>();
beforeAll(async () => {
  for (const [name, files] of Object.entries(SETS)) {
    const loaded = await Promise.all(
      files.map((f) => loadNativeRecords(join(DATA, f), { nowMs: nowMs - DAY })),
    );
    published.set(name, loaded.flat().map(withinRetention));
  }
  world = await startWorld({ records: [...published.values()].flat() });
  await world.collect();
});
afterAll(() => world.stop());

const key = (source: string, text: string): string => `${source} ${contentHash(Buffer.from(text))}`;

describe('replay of real records', () => {
  it.each(Object.keys(SETS))(
    '%s: every record is in the archive exactly once, its text unchanged',
    async (name) => {
      const records = published.get(name)!;
      expect(records.length).toBeGreaterThan(3);
      const archived = new Map<string, string[]>();
      for (const { source, text } of await archivedTexts(world.storage)) {
        archived.set(key(source, text), [...(archived.get(key(source, text)) ?? []), text]);
      }
      const everywhere = new Set([...published.values()].flat().map((r) => `${r.source} ${r.text}`));
      const missing = records.filter((r) => archived.get(key(r.source, r.text)) === undefined);
      expect(missing.map((r) => r.text.slice(0, 200))).toEqual([]);
      for (const r of records) {
        const copies = archived.get(key(r.source, r.text))!;
        expect(copies).toHaveLength(1);
        expect(everywhere.has(`${r.source} ${copies[0]}`)).toBe(true);
      }
    },
  );

  it('holds nothing that was not published', async () => {
    const known = new Set([...published.values()].flat().map((r) => `${r.source} ${r.text}`));
    const surplus = (await archivedTexts(world.storage)).filter(
      ({ source, text }) => !known.has(`${source} ${text}`),
    );
    expect(surplus).toEqual([]);
  });

  it('keeps DlpRuleMatch and DlpRuleUndo of one id as two records', async () => {
    const dlp = (await archivedTexts(world.storage))
      .filter((r) => r.source === 'ual-dlp')
      .map((r) => JSON.parse(r.text) as { Id: string; Operation: string });
    const undone = dlp.filter((r) => r.Operation === 'DlpRuleUndo');
    expect(undone.length).toBeGreaterThan(0);
    expect(undone.some((u) => dlp.some((r) => r.Id === u.Id && r.Operation === 'DlpRuleMatch'))).toBe(true);
  });
});

import { describe, expect, it } from 'vitest';
import { compile, parsePipelines, parseRules } from '../../../shared/detect/sigma/index.ts';
import { readShared } from './support.ts';

// Windows events as the corpus has them: XML turned into JSON.
const WINDOWS = parsePipelines(
  `
shape: windows-event
has: [Event.System]
roots: [Event.EventData, Event.UserData, Event.UserData.Operation_ClientFailure, Event.System, '']
id: [EventRecordID]
time: [TimeCreated.#attributes.SystemTime]
---
pipeline: windows
logsource: { product: windows }
bind:
    - shape: windows-event
      sources: [import]
      fields: { Provider_Name: 'Provider.#attributes.Name' }
`,
  'windows.yml',
);

/** Some files hold several pretty-printed objects, one after the other. */
const eventsIn = (text: string): unknown[] =>
  (JSON.parse(`[${text.trim().replaceAll(/^\}\s*\{/gm, '},{')}]`) as unknown[]).flat();

describe('SigmaHQ regression pairs', () => {
  const events = new Map(readShared('sigma/regression/*.json').map(({ file, text }) => [file, text]));
  const rules = readShared('sigma/regression/*.yml');

  it('are all here', () => {
    expect(WINDOWS.faults).toEqual([]);
    expect(rules).toHaveLength(107);
    expect(events.size).toBe(107);
  });

  it.each(rules)('$file', ({ file, text }) => {
    const parsed = parseRules(text, file);
    expect(parsed.faults).toEqual([]);
    const set = compile({ ...parsed, ...WINDOWS });
    const records = eventsIn(events.get(file.replace(/\.yml$/, '.json'))!);
    const matches = records.flatMap((record) => set.evaluate('import', record));
    expect(matches.length).toBeGreaterThan(0);
    expect(matches[0]?.selections.length).toBeGreaterThan(0);
    expect(matches[0]?.timeMs).toBeGreaterThan(Date.UTC(2020));
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linesOf } from '../../../shared/archive/segment-reader.ts';
import { matchRecord, type WantedKeys } from '../../../shared/bundle/matcher.ts';
import { prefilterFor } from '../../../shared/bundle/prefilter.ts';
import type { Scope } from '../../../shared/bundle/scope.ts';
import { parseRecord } from '../../../shared/record.ts';

const wanted = (over: Partial<Record<keyof WantedKeys, string[]>>): WantedKeys => ({
  user: new Set(over.user ?? []),
  session: new Set(over.session ?? []),
  ip: new Set(over.ip ?? []),
  app: new Set(over.app ?? []),
});
const scope: Scope = {
  tenant: 't',
  entities: { user: [], session: [], ip: [], app: [] },
  fromMs: 0,
  toMs: Date.UTC(2100, 0, 1),
};

/** The same character written as it is, in upper case, or as an escape. */
const spelled = (text: string): fc.Arbitrary<string> =>
  fc
    .array(fc.constantFrom('plain', 'upper', 'escape'), { minLength: text.length, maxLength: text.length })
    .map((ways) =>
      Array.from(text)
        .map((c, i) =>
          ways[i] === 'upper'
            ? c.toUpperCase()
            : ways[i] === 'escape'
              ? `\\u00${c.charCodeAt(0).toString(16).padStart(2, '0')}`
              : c,
        )
        .join(''),
    );

describe('the prefilter', () => {
  it('lets every matching line through, however its key is spelled', () => {
    const user = fc
      .constantFrom('ana@x.example', 'bob@x.example', 'josé@x.example', 'ana@x.example.org')
      .chain(spelled);
    fc.assert(
      fc.property(
        fc.array(user, { maxLength: 20 }),
        fc.constantFrom('ana@x.example', 'josé@x.example'),
        (users, key) => {
          const text = Buffer.from(users.map((u, i) => `{"UserId":"${u}","n":${i}}\n`).join(''));
          const maybe = prefilterFor(wanted({ user: [key] }))(text);
          for (const line of linesOf(text)) {
            const let_ = maybe(line);
            const matches =
              matchRecord(parseRecord(line).value, undefined, wanted({ user: [key] }), scope) !== undefined;
            expect(let_ || !matches).toBe(true);
          }
        },
      ),
    );
  });

  it('passes most strangers over, and judges nothing where an address is asked for', () => {
    const text = Buffer.from('{"UserId":"bob@x.example"}\n{"UserId":"ana@x.example"}\n');
    const judge = (keys: WantedKeys): boolean[] => {
      const maybe = prefilterFor(keys)(text);
      return [...linesOf(text)].map(maybe);
    };
    expect(judge(wanted({ user: ['ana@x.example'] }))).toEqual([false, true]);
    expect(judge(wanted({ user: ['ana@x.example'], ip: ['203.0.113.9'] }))).toEqual([true, true]);
  });
});

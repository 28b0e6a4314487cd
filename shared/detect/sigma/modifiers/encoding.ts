import { Flaw } from '../faults.ts';
import { literalOf } from '../sigma-string.ts';
import { requireKind, textsOf, type Draft, type DraftValue, type ModifierTable } from './draft.ts';

/** base64, base64offset and the utf16 family. They work on the value's bytes: UTF-8 unless a utf16 came first. */
export const encoding: ModifierTable = {
  utf16le: (draft) => recode(draft, 'utf16le', utf16le),
  wide: (draft) => recode(draft, 'wide', utf16le),
  utf16be: (draft) => recode(draft, 'utf16be', (text) => utf16le(text).swap16()),
  utf16: (draft) =>
    recode(draft, 'utf16', (text) => Buffer.concat([Buffer.from([0xff, 0xfe]), utf16le(text)])),
  base64(draft) {
    eachLiteral(draft, 'base64', (value, text) => replace(value, bytesOf(value, text).toString('base64')));
  },
  base64offset(draft) {
    const shifted: DraftValue[] = [];
    eachLiteral(draft, 'base64offset', (value, text) => {
      const bytes = bytesOf(value, text);
      for (const offset of [0, 1, 2])
        shifted.push({ scalar: value.scalar, tokens: [atOffset(bytes, offset)] });
    });
    if (draft.every) throw new Flaw(draft.at, "'all' cannot precede 'base64offset'");
    draft.values = shifted;
  },
};

const utf16le = (text: string): Buffer => Buffer.from(text, 'utf16le');
const bytesOf = (value: DraftValue, text: string): Buffer => value.bytes ?? Buffer.from(text, 'utf8');

function replace(value: DraftValue, text: string): void {
  value.tokens = [text];
  delete value.bytes;
}

function recode(draft: Draft, name: string, encode: (text: string) => Buffer): void {
  eachLiteral(draft, name, (value, text) => {
    const bytes = encode(text);
    // Latin-1 keeps each byte as one character, should no base64 follow.
    replace(value, bytes.toString('latin1'));
    value.bytes = bytes;
  });
}

function eachLiteral(draft: Draft, name: string, work: (value: DraftValue, text: string) => void): void {
  requireKind(draft, 'value', name);
  if (draft.match !== 'equals') throw new Flaw(draft.at, `'${name}' must come before '${draft.match}'`);
  for (const value of textsOf(draft, name)) {
    const text = literalOf(value.tokens);
    if (text === undefined)
      throw new Flaw(value.scalar.at, `'${name}' cannot be applied to a value with wildcards`);
    work(value, text);
  }
}

/**
 * The part of the encoding that does not depend on the bytes around the value when it starts `offset` bytes
 * after a group of three: leading and trailing characters that mix in neighbours are cut off.
 */
function atOffset(bytes: Buffer, offset: number): string {
  const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
  const start = [0, 2, 3][offset]!;
  const remainder = (bytes.length + offset) % 3;
  const cut = [0, 3, 2][remainder]!;
  return encoded.slice(start, encoded.length - cut);
}

/**
 * Canonical JSON text: keys sorted by code unit, no spacing, strings re-escaped, numbers kept as written
 * (vendors send integers beyond 2^53, which `JSON.parse` would fold together). Two texts with the same canonical
 * form are the same record; another key order or spacing makes no version.
 */
export function canonicalJson(text: string): string {
  const reader = { text, at: 0 };
  const out = readValue(reader, 0);
  skipSpace(reader);
  if (reader.at !== text.length) throw new SyntaxError(`Unexpected text after JSON at ${reader.at}`);
  return out;
}

interface Reader {
  readonly text: string;
  at: number;
}

// Vendors nest a handful of levels; a hostile record must not exhaust the stack.
const MAX_DEPTH = 500;
const NUMBER_OR_WORD = /(?:-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)/y;
const STRING = /"(?:[^"\\]|\\.)*"/sy;

function skipSpace(r: Reader): void {
  while (r.at < r.text.length && ' \t\n\r'.includes(r.text[r.at]!)) r.at++;
}

function readValue(r: Reader, depth: number): string {
  if (depth > MAX_DEPTH) throw new SyntaxError('JSON is nested too deeply');
  skipSpace(r);
  const c = r.text[r.at];
  if (c === '{') return readObject(r, depth);
  if (c === '[') return readArray(r, depth);
  if (c === '"') return readString(r);
  return readMatch(r, NUMBER_OR_WORD);
}

function readMatch(r: Reader, pattern: RegExp): string {
  pattern.lastIndex = r.at;
  const match = pattern.exec(r.text);
  if (!match) throw new SyntaxError(`Unexpected text at ${r.at}`);
  r.at = pattern.lastIndex;
  return match[0];
}

function readString(r: Reader): string {
  const raw = readMatch(r, STRING);
  // Escapes are a matter of spelling: "\u00e9" and "é" are the same text.
  return raw.includes('\\') ? JSON.stringify(JSON.parse(raw)) : raw;
}

function readObject(r: Reader, depth: number): string {
  const members: [string, string][] = [];
  readList(r, '}', () => {
    const key = readString(r);
    skipSpace(r);
    if (r.text[r.at] !== ':') throw new SyntaxError(`Expected ":" at ${r.at}`);
    r.at++;
    members.push([key, readValue(r, depth + 1)]);
  });
  members.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${members.map(([key, value]) => `${key}:${value}`).join(',')}}`;
}

function readArray(r: Reader, depth: number): string {
  const items: string[] = [];
  readList(r, ']', () => items.push(readValue(r, depth + 1)));
  return `[${items.join(',')}]`;
}

function readList(r: Reader, close: string, item: () => void): void {
  r.at++;
  skipSpace(r);
  if (r.text[r.at] === close) {
    r.at++;
    return;
  }
  for (;;) {
    skipSpace(r);
    item();
    skipSpace(r);
    const c = r.text[r.at++];
    if (c === close) return;
    if (c !== ',') throw new SyntaxError(`Expected "," or "${close}" at ${r.at - 1}`);
  }
}

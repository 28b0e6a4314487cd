import type { WantedKeys } from './matcher.ts';

/**
 * A cheap look at a line's bytes before it is parsed: a chunk holds other records as well, and most can be passed
 * over unread. It may let strangers through, never keep one of ours out: whatever it cannot judge is parsed.
 */
export type Prefilter = (chunk: Buffer) => (line: Buffer) => boolean;

/** Letters, digits and a few marks: what is written in JSON as it is, but for case. */
const PLAIN = /^[a-z0-9@._+:-]+$/;

export function prefilterFor(wanted: WantedKeys): Prefilter {
  const keys = [...wanted.user, ...wanted.session, ...wanted.app];
  // An address has many spellings, and other keys may be written with escapes: then everything is parsed.
  if (wanted.ip.size > 0 || keys.length === 0 || keys.some((key) => !PLAIN.test(key)))
    return () => () => true;
  return (chunk) => {
    const lower = chunk.toString('latin1').toLowerCase();
    const places = keyPlaces(lower, keys);
    let at = 0;
    // Looked for once from where the last one lay: from each line on, it would be a chunk's text for every line.
    let escape = lower.indexOf('\\u');
    return (line) => {
      // Lines come in order, and are views of the chunk.
      const start = line.byteOffset - chunk.byteOffset;
      const end = start + line.length;
      while (at < places.length && places[at]! < start) at++;
      if (at < places.length && places[at]! < end) return true;
      // `\u0040` could spell any of our letters.
      if (escape !== -1 && escape < start) escape = lower.indexOf('\\u', start);
      return escape !== -1 && escape < end;
    };
  };
}

function keyPlaces(lower: string, keys: readonly string[]): number[] {
  const places: number[] = [];
  for (const key of keys) {
    for (let at = lower.indexOf(key); at !== -1; at = lower.indexOf(key, at + key.length)) places.push(at);
  }
  return places.sort((a, b) => a - b);
}

/** Where values end in text that is known to be JSON. Bytes, not characters: all that is looked for is ASCII. */

const [QUOTE, OPEN_ARRAY, BACKSLASH, CLOSE_ARRAY, OPEN, CLOSE] = [
  0x22, 0x5b, 0x5c, 0x5d, 0x7b, 0x7d,
] as const;

/** Behind the string that begins at `at`; -1 when it does not end before `to`. */
export function stringEnd(bytes: Buffer, at: number, to: number): number {
  for (let i = at + 1; i < to; i++) {
    const c = bytes[i]!;
    if (c === QUOTE) return i + 1;
    if (c === BACKSLASH) i++;
  }
  return -1;
}

/** Behind the object or list that begins at `at`; -1 when it does not end before `to`. */
export function bracketsEnd(bytes: Buffer, at: number, to: number): number {
  let depth = 0;
  for (let i = at; i < to; i++) {
    const c = bytes[i]!;
    if (c === QUOTE) {
      i = stringEnd(bytes, i, to) - 1;
      if (i < 0) return -1;
    } else if (c === OPEN || c === OPEN_ARRAY) depth++;
    else if ((c === CLOSE || c === CLOSE_ARRAY) && --depth === 0) return i + 1;
  }
  return -1;
}

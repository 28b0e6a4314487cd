/**
 * JSON whose text holds no character that a terminal, an editor or a reader of lines obeys: what would be one (C1
 * controls, U+2028 and U+2029, bidi overrides) is written as JSON's own escape. The value stays exactly the same; of
 * lone surrogates, which no UTF-8 holds, JSON.stringify itself makes escapes.
 */
export const jsonText = (value: unknown, indent?: number): string =>
  JSON.stringify(value, null, indent).replace(
    /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

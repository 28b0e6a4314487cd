/** Texts from records inside commands that people copy: nothing in them may end the quotes or start another line. */

// oxlint-disable-next-line no-control-regex -- these are the characters to be taken out
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const clean = (text: string): string => text.toWellFormed().replace(UNSAFE, '?').slice(0, 300);

/** PowerShell takes curly quotes for quotes too; all are doubled. */
export const ps = (text: string): string =>
  `'${clean(text).replace(/['\u2018\u2019\u201a\u201b]/g, '$&$&')}'`;

export const sh = (text: string): string => `'${clean(text).replaceAll("'", `'\\''`)}'`;

/** Part of a URL path inside single quotes of a shell. */
export const urlPart = (text: string): string => encodeURIComponent(clean(text)).replaceAll("'", '%27');

import type { Row } from './stores.ts';

/** A string cell holds 32 Ki UTF-16 units; longer text goes on in further cells: `name`, `name2`, `name3` … */
export const CELL_TEXT = 30_000;

export function splitText(name: string, text: string): Row {
  const cells: Record<string, string> = { [name]: text.slice(0, CELL_TEXT) };
  for (let at = CELL_TEXT, i = 2; at < text.length; at += CELL_TEXT, i++)
    cells[`${name}${i}`] = text.slice(at, at + CELL_TEXT);
  return cells;
}

export function joinText(name: string, cells: Row): string {
  let text = String(cells[name] ?? '');
  for (let i = 2; cells[`${name}${i}`] !== undefined; i++) text += String(cells[`${name}${i}`]);
  return text;
}

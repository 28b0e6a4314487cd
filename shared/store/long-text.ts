import type { Row } from './stores.ts';

/** A string cell holds 32 Ki UTF-16 units; longer text goes on in further cells: `name`, `name2`, `name3` … */
const CELL = 30_000;

export function splitText(name: string, text: string): Row {
  const cells: Record<string, string> = { [name]: text.slice(0, CELL) };
  for (let at = CELL, i = 2; at < text.length; at += CELL, i++)
    cells[`${name}${i}`] = text.slice(at, at + CELL);
  return cells;
}

export function joinText(name: string, cells: Row): string {
  let text = String(cells[name] ?? '');
  for (let i = 2; cells[`${name}${i}`] !== undefined; i++) text += String(cells[`${name}${i}`]);
  return text;
}

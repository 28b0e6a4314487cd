import { existsSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { checkTemplates, type Report } from '../../../infra/azure/check/project.ts';
import { parseTemplate } from '../../../infra/azure/check/template.ts';

export const ROOT = join(import.meta.dirname, '..', '..', '..');
export const HOME = join(ROOT, 'infra', 'azure');
export const SCHEMAS = join(ROOT, '..', 'shared', 'data', 'arm-schemas');
export const schemasAtHand = existsSync(SCHEMAS);

export const text = (...path: string[]): string => readFileSync(join(ROOT, ...path), 'utf8');
export const json = (path: string): unknown => JSON.parse(readFileSync(join(HOME, path), 'utf8'));

/** Checks the project's templates after one of them was changed. Throws where the text to change is not there. */
export async function checkWith(file: string, from: string, to: string, schemas = SCHEMAS): Promise<Report> {
  const files = (await readdir(HOME, { recursive: true })).filter((f) => f.endsWith('.bicep'));
  const templates = await Promise.all(
    files.map((f) => {
      const whole = readFileSync(join(HOME, f), 'utf8');
      if (f === file && !whole.includes(from)) throw new Error(`${file} has no "${from}"`);
      return parseTemplate(f, f === file ? whole.replace(from, to) : whole);
    }),
  );
  return checkTemplates(templates, json, schemas);
}

import { createHash } from 'node:crypto';
import { LEVELS, STATUSES, type Metadata } from './ast.ts';
import { Flaw } from './faults.ts';
import { asText, need, oneOf, optionalText, optionalTexts } from './tree-access.ts';
import { plain, type MapTree } from './yaml-positions.ts';

const MAX_TITLE = 256;

const KNOWN = new Set(
  (
    'title id name level status description author license tags references falsepositives fields ' +
    'logsource detection filter correlation action generate'
  ).split(' '),
);

export function parseMetadata(map: MapTree, file: string): Metadata {
  const title = need(map, 'title', 'the document');
  const text = asText(title.value, "'title'");
  if (text.length > MAX_TITLE)
    throw new Flaw(title.value.at, `'title' has more than ${MAX_TITLE} characters`);
  const facts = defined({
    id: optionalText(map, 'id'),
    name: optionalText(map, 'name'),
    level: oneOf(map, 'level', LEVELS),
    status: oneOf(map, 'status', STATUSES),
    description: optionalText(map, 'description'),
    author: optionalTexts(map, 'author').join(', ') || undefined,
    license: optionalText(map, 'license'),
  });
  return {
    file,
    at: title.at,
    key: facts.id ?? facts.name ?? `sha256:${hashOf(map)}`,
    title: text,
    ...facts,
    tags: optionalTexts(map, 'tags'),
    references: optionalTexts(map, 'references'),
    falsePositives: optionalTexts(map, 'falsepositives'),
    fields: optionalTexts(map, 'fields'),
    extra: extraOf(map),
  };
}

function extraOf(map: MapTree): Record<string, unknown> {
  const rest = [...map.entries].filter(([key]) => !KNOWN.has(key));
  return Object.fromEntries(rest.map(([key, entry]) => [key, plain(entry.value)]));
}

const hashOf = (map: MapTree): string =>
  createHash('sha256')
    .update(JSON.stringify(plain(map)))
    .digest('hex')
    .slice(0, 32);

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** The object without its undefined members. */
export function defined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Defined<T>;
}

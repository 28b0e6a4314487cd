/** Each resource's shape against the ARM schema of its type and version, where that schema is at hand. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { problemAt, type Problem } from './problem.ts';
import { faults, type Resolve, type Schema } from './schema.ts';
import type { Body, Template } from './template.ts';
import { isRecord, valueOf, type Side, type Value } from './value.ts';

interface SchemaFile {
  readonly definitions?: Readonly<Record<string, Schema>>;
  readonly [section: string]: Readonly<Record<string, Schema>> | undefined;
}

interface Shape {
  readonly schema: Schema;
  readonly resolve: Resolve;
}

/** Shapes by `type@version` in lower case, and the `provider@version` pairs that are covered at all. */
export interface Catalogue {
  readonly shapes: ReadonlyMap<string, Shape>;
  readonly covered: ReadonlySet<string>;
}

const FILE = /^(\d{4}-\d{2}-\d{2}(?:-preview)?)_(Microsoft\.\w+)\.json$/;

const readSchema = async (path: string): Promise<SchemaFile> =>
  JSON.parse(await readFile(path, 'utf8')) as SchemaFile;

/** Reads a folder of `VERSION_PROVIDER.json`; undefined where there is none. */
export async function readCatalogue(folder: string): Promise<Catalogue | undefined> {
  if (!existsSync(folder)) return undefined;
  const shapes = new Map<string, Shape>();
  const covered = new Set<string>();
  for (const name of await readdir(folder)) {
    const [, version, provider] = FILE.exec(name) ?? [];
    if (version === undefined || provider === undefined) continue;
    const file = await readSchema(join(folder, name));
    covered.add(`${provider}@${version}`.toLowerCase());
    // Anything outside the file is the common `expression`: a value that only Azure can tell.
    const resolve: Resolve = (ref) =>
      ref.startsWith('#/definitions/') ? file.definitions?.[ref.slice(14)] : undefined;
    for (const [section, definitions] of Object.entries(file)) {
      if (!/resourceDefinitions$/i.test(section)) continue;
      for (const schema of Object.values(definitions ?? {})) {
        const type = schema.properties?.['type']?.enum?.[0];
        if (typeof type === 'string') shapes.set(`${type}@${version}`.toLowerCase(), { schema, resolve });
      }
    }
  }
  return { shapes, covered };
}

/** Full type and version; a nested resource takes its parent's. */
function typeOf(resource: Body): { type: string; version: string } {
  const [type = '', version] = resource.target.split('@');
  if (resource.parent === undefined) return { type, version: version ?? '' };
  const parent = typeOf(resource.parent);
  return { type: `${parent.type}/${type}`, version: version ?? parent.version };
}

// Bicep's own; none of them is sent to the provider as part of the resource.
const BICEP_ONLY = new Set(['parent', 'scope', 'dependsOn']);

function shapeFaults(
  shape: Shape,
  value: Readonly<Record<string, Value>>,
  type: string,
  version: string,
): string[] {
  const kept = Object.entries(value).filter(([key]) => !BICEP_ONLY.has(key) && shapeKnows(shape, key));
  const instance: Record<string, Value> = {
    // Required by schemas even where all of it is read-only.
    properties: {},
    ...Object.fromEntries(kept),
    type: exactType(shape, type),
    apiVersion: version,
  };
  // A child's name is written alone below its parent, and with its parent's in the schema.
  const names: Value[] =
    typeof value['name'] === 'string' ? [value['name'], `parent/${value['name']}`] : [value['name'] ?? null];
  const results = names.map((name) => faults(shape.schema, { ...instance, name }, type, shape.resolve));
  return results.toSorted((a, b) => a.length - b.length)[0] ?? [];
}

const exactType = (shape: Shape, type: string): Value => {
  const known = shape.schema.properties?.['type']?.enum?.[0];
  return typeof known === 'string' ? known : type;
};

// Some schemas leave out what every tracked resource may have.
const shapeKnows = (shape: Shape, key: string): boolean =>
  !['tags', 'location'].includes(key) || shape.schema.properties?.[key] !== undefined;

export interface ResourceReport {
  readonly problems: Problem[];
  readonly checked: number;
  /** `type@version` of resources that no schema at hand covers. */
  readonly unchecked: string[];
}

export function checkResources(template: Template, catalogue: Catalogue | undefined): ResourceReport {
  const problems: Problem[] = [];
  const unchecked: string[] = [];
  let checked = 0;
  for (const resource of template.resources) {
    const { type, version } = typeOf(resource);
    const label = `${type}@${version}`;
    if (!/^[A-Z]\w+\.\w+(\/\w+)+@\S+$/.test(label)) {
      problems.push(
        problemAt(template.file, resource.node, `'${label}' is not a resource type with a version`),
      );
      continue;
    }
    const provider = `${type.split('/')[0]}@${version}`.toLowerCase();
    if (catalogue === undefined || !catalogue.covered.has(provider)) {
      unchecked.push(label);
      continue;
    }
    const shape = catalogue.shapes.get(label.toLowerCase());
    if (shape === undefined) {
      problems.push(problemAt(template.file, resource.node, `there is no resource type ${label}`));
      continue;
    }
    checked += 1;
    if (resource.existing || resource.body === undefined) continue;
    const found = new Set<string>();
    for (const side of ['consequence', 'alternative'] satisfies Side[]) {
      const value = valueOf(resource.body, template, side);
      if (isRecord(value)) shapeFaults(shape, value, type, version).forEach((f) => found.add(f));
    }
    problems.push(...[...found].map((f) => problemAt(template.file, resource.node, f)));
  }
  return { problems, checked, unchecked };
}

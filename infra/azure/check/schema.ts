/** A value against an ARM resource schema (JSON Schema draft 4, the part of it that those schemas use). */
import { isRecord, UNKNOWN, type Value } from './value.ts';

export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

/** Finds what a `$ref` names; undefined for template expressions, which stand for values we do not have. */
export type Resolve = (ref: string) => Schema | undefined;

const TYPES: Readonly<Record<string, (value: Value) => boolean>> = {
  object: isRecord,
  array: (v) => Array.isArray(v),
  string: (v) => typeof v === 'string',
  boolean: (v) => typeof v === 'boolean',
  number: (v) => typeof v === 'number',
  integer: (v) => Number.isInteger(v),
};

const show = (value: Value): string =>
  typeof value === 'symbol' ? '?' : JSON.stringify(value)?.slice(0, 60);

export function faults(schema: Schema, value: Value, path: string, resolve: Resolve): string[] {
  // `null` leaves a property out.
  if (value === UNKNOWN || value === null) return [];
  if (schema.$ref !== undefined) {
    const target = resolve(schema.$ref);
    return target === undefined ? [] : faults(target, value, path, resolve);
  }
  const shapes = schema.oneOf ?? schema.anyOf;
  if (shapes !== undefined && schema.properties !== undefined) {
    const whole = shapes.map((s) => extended(schema, s));
    return alternatives(whole, value, path, resolve);
  }
  return [
    ...alternatives(shapes, value, path, resolve),
    ...(schema.allOf ?? []).flatMap((s) => faults(s, value, path, resolve)),
    ...scalarFaults(schema, value, path),
    ...(isRecord(value) ? recordFaults(schema, value, path, resolve) : []),
    ...(Array.isArray(value) ? listFaults(schema, value, path, resolve) : []),
  ];
}

/** Some schemas keep what their alternatives have in common beside them. */
const extended = ({ properties, required = [] }: Schema, shape: Schema): Schema => ({
  ...shape,
  properties: { ...properties, ...shape.properties },
  required: [...required, ...(shape.required ?? [])],
});

/** Of several shapes the value is held against the one it comes closest to. */
function alternatives(
  shapes: readonly Schema[] | undefined,
  value: Value,
  path: string,
  resolve: Resolve,
): string[] {
  const candidates = (shapes ?? []).filter((s) => s.$ref === undefined || resolve(s.$ref) !== undefined);
  const results = candidates.map((s) => faults(s, value, path, resolve));
  return results.toSorted((a, b) => a.length - b.length)[0] ?? [];
}

function scalarFaults(schema: Schema, value: Value, path: string): string[] {
  const found: string[] = [];
  if (schema.type !== undefined && TYPES[schema.type]?.(value) === false) {
    return [`${path} must be ${schema.type}, not ${show(value)}`];
  }
  if (schema.enum !== undefined && !schema.enum.includes(value)) {
    found.push(`${path} must be one of ${schema.enum.join(', ')}, not ${show(value)}`);
  }
  if (typeof value === 'number') {
    if (schema.minimum !== undefined && value < schema.minimum)
      found.push(`${path} must be at least ${schema.minimum}`);
    if (schema.maximum !== undefined && value > schema.maximum)
      found.push(`${path} must be at most ${schema.maximum}`);
  }
  if (typeof value === 'string' && schema.pattern !== undefined && !new RegExp(schema.pattern).test(value)) {
    found.push(`${path} must match ${schema.pattern}, not ${show(value)}`);
  }
  return found;
}

function recordFaults(
  schema: Schema,
  value: Readonly<Record<string, Value>>,
  path: string,
  resolve: Resolve,
): string[] {
  const { properties: known = {}, additionalProperties: rest, required = [] } = schema;
  const open = rest === true || (rest === undefined && Object.keys(known).length === 0);
  const missing = required.filter((key) => !(key in value)).map((key) => `${path}.${key} is missing`);
  const entries = Object.entries(value).flatMap(([key, inner]) => {
    const shape = known[key] ?? (typeof rest === 'object' ? rest : undefined);
    if (shape !== undefined) return faults(shape, inner, `${path}.${key}`, resolve);
    return open ? [] : [`${path}.${key} is not a known property`];
  });
  return [...missing, ...entries];
}

function listFaults(schema: Schema, value: readonly Value[], path: string, resolve: Resolve): string[] {
  const { items } = schema;
  return items === undefined ? [] : value.flatMap((v, i) => faults(items, v, `${path}[${i}]`, resolve));
}

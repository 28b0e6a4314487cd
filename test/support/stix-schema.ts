import { z } from 'zod';

/**
 * What STIX 2.1 (OASIS Standard, 10 June 2021) and its published JSON schemas require of the objects that bundles hold,
 * section by section; strict, so that a property the standard does not know is found.
 */
const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}';
const idOf = (type: string) => z.string().regex(new RegExp(`^${type}--${uuid}$`));
/** 3.2: RFC 3339, UTC, `Z`; fractional seconds as precise as known. */
const timestamp = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?Z$/)
  .refine((text) => Number.isFinite(Date.parse(text)), 'a day that there is');
/** Of versions: the published schemas ask for exactly three digits. */
const version = timestamp.regex(/\.\d{3}Z$/);
const text = z.string().min(1);

/** 3.2 common properties of domain objects. */
const domain = (type: string) => ({
  type: z.literal(type),
  spec_version: z.literal('2.1'),
  id: idOf(type),
  created: version,
  modified: version,
  created_by_ref: idOf('identity').optional(),
});

/** 4.5 */
const identity = z.strictObject({ ...domain('identity'), name: text, identity_class: text });

/** 4.7; a pattern has one observation expression of comparisons, as 9 has it. */
const indicator = z.strictObject({
  ...domain('indicator'),
  name: text,
  indicator_types: z
    .array(
      z.enum([
        'anomalous-activity',
        'anonymization',
        'benign',
        'compromised',
        'malicious-activity',
        'attribution',
        'unknown',
      ]),
    )
    .min(1),
  pattern: z.string().regex(/^\[[a-z0-9-]+:[A-Za-z0-9_.'-]+ = '(?:[^'\\]|\\['\\])*'\]$/),
  pattern_type: z.literal('stix'),
  pattern_version: z.literal('2.1'),
  valid_from: timestamp,
});

/** 4.16 */
const report = z.strictObject({
  ...domain('report'),
  name: text,
  report_types: z.array(text).min(1),
  published: timestamp,
  object_refs: z.array(z.string().regex(new RegExp(`^[a-z0-9-]+--${uuid}$`))).min(1),
});

/** 6: observables have deterministic ids (2.9: UUIDv5). */
const observable = (type: string, rest: z.ZodRawShape) =>
  z.strictObject({
    type: z.literal(type),
    spec_version: z.literal('2.1'),
    id: z
      .string()
      .regex(new RegExp(`^${type}--[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)),
    ...rest,
  });

/** What the published schemas ask of any object: names of properties, and no value that says nothing. */
function emptyOrMisnamed(value: unknown): string[] {
  if (value === null) return ['null'];
  if (Array.isArray(value)) return value.length === 0 ? ['an empty list'] : value.flatMap(emptyOrMisnamed);
  if (typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([name, inner]) => [
    ...(/^[a-z][a-z0-9_]{1,249}$/.test(name) ? [] : [name]),
    ...emptyOrMisnamed(inner),
  ]);
}

/** 8: a bundle has an id and objects, and no version of its own. */
export const stixBundle = z.strictObject({
  type: z.literal('bundle'),
  id: idOf('bundle'),
  objects: z
    .array(
      z.discriminatedUnion('type', [
        identity,
        indicator,
        report,
        observable('ipv4-addr', { value: z.ipv4() }),
        observable('ipv6-addr', { value: z.ipv6() }),
        observable('file', { name: text }),
      ]),
    )
    .min(1)
    .refine((objects) => new Set(objects.map((o) => o.id)).size === objects.length, 'ids must be unique')
    .refine((objects) => objects.flatMap(emptyOrMisnamed).length === 0, 'empty values or names that are none')
    .refine((objects) => {
      const ids = new Set(objects.map((o) => o.id));
      const refs = objects.flatMap((o) => ('object_refs' in o ? o.object_refs : []));
      return refs.every((ref) => ids.has(ref));
    }, 'references must lead to objects of the bundle'),
});

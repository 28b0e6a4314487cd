import { z } from 'zod';
import { comparisonsOf, type Comparison } from './stix-pattern.ts';

/**
 * What STIX 2.1 (OASIS Standard, 10 June 2021) and its published JSON schemas require of the objects that bundles hold,
 * section by section; strict, so that a property the standard does not know is found. Where the schemas leave a
 * vocabulary open, only its own words are taken here.
 */
const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}';
const UUID5 = UUID.replace('[1-5]', '5');
/** 2.9: a type's name, two hyphens, an RFC 4122 UUID. */
const idOf = (type: string) => z.string().regex(new RegExp(`^${type}--${UUID}$`));
const anyId = idOf('[a-z][a-z0-9-]+[a-z0-9]');
/** 2.16: RFC 3339, UTC, `Z`; fractional seconds as precise as known. */
const timestamp = z
  .string()
  .regex(
    /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?Z$/,
    'a timestamp',
  )
  .refine((text) => Number.isFinite(Date.parse(text.replace(':60', ':59'))), 'a day that there is');
/** Of versions, to the millisecond (the published schemas also take more digits). */
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
const identity = z.strictObject({
  ...domain('identity'),
  name: text,
  identity_class: z.enum(['individual', 'group', 'system', 'organization', 'class', 'unknown']),
});

/** Properties that patterns may ask for: those that the published schemas of these observables have. */
const PATHS: Readonly<Record<string, (c: Comparison) => boolean>> = {
  'ipv4-addr:value': (c) => c.operator === '=' && z.ipv4().safeParse(c.text).success,
  'ipv6-addr:value': (c) => c.operator === '=' && z.ipv6().safeParse(c.text).success,
  'email-message:subject': () => true,
  // A header's values are a list (9.7.2); without an index, what 2.0 had.
  "network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'": () => true,
  "network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'[*]": () => true,
};

const compiles = (expression: string): boolean => {
  try {
    return new RegExp(expression, 'su').source !== '';
  } catch {
    return false;
  }
};

const pattern = z
  .string()
  .refine((p) => comparisonsOf(p) !== undefined, 'a pattern, as 9 has it')
  .refine(
    (p) =>
      comparisonsOf(p)?.every(
        (c) => PATHS[c.path]?.(c) === true && (c.operator === '=' || compiles(c.text)),
      ) ?? false,
    'properties that there are, compared with values that they can have',
  );

/** 4.7 */
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
  pattern,
  pattern_type: z.literal('stix'),
  pattern_version: z.literal('2.1'),
  valid_from: timestamp,
});

/** 4.16 */
const report = z.strictObject({
  ...domain('report'),
  name: text,
  report_types: z
    .array(
      z.enum([
        'attack-pattern',
        'campaign',
        'identity',
        'indicator',
        'malware',
        'observed-data',
        'threat-actor',
        'threat-report',
        'tool',
        'vulnerability',
      ]),
    )
    .min(1),
  published: timestamp,
  object_refs: z.array(anyId).min(1),
});

/** 6: observables have deterministic ids (2.9: UUIDv5). */
const observable = (type: string, rest: z.ZodRawShape) =>
  z.strictObject({
    type: z.literal(type),
    spec_version: z.literal('2.1'),
    id: z.string().regex(new RegExp(`^${type}--${UUID5}$`)),
    ...rest,
  });

/** The published pattern of IPv6 addresses takes no dotted quads (`::ffff:192.0.2.1`). */
const hexadecimal = z.ipv6().regex(/^[0-9a-f:]+$/);

/** What the published schemas ask of any object: names of properties, and no value that says nothing. */
function emptyOrMisnamed(value: unknown): string[] {
  if (value === null) return ['null'];
  if (Array.isArray(value)) return value.length === 0 ? ['an empty list'] : value.flatMap(emptyOrMisnamed);
  if (typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([name, inner]) => [
    ...(/^([a-z][a-z0-9_]{2,249}|id)$/.test(name) ? [] : [name]),
    ...emptyOrMisnamed(inner),
  ]);
}

const object = z.discriminatedUnion('type', [
  identity,
  indicator,
  report,
  observable('ipv4-addr', { value: z.ipv4() }),
  observable('ipv6-addr', { value: hexadecimal }),
  observable('file', { name: text }),
]);
type StixObject = z.infer<typeof object>;

const refsOf = (o: StixObject): string[] => [
  ...('object_refs' in o ? o.object_refs : []),
  ...('created_by_ref' in o && o.created_by_ref !== undefined ? [o.created_by_ref] : []),
];

/** 8: a bundle has an id and objects, and no version of its own. */
export const stixBundle = z.strictObject({
  type: z.literal('bundle'),
  id: idOf('bundle'),
  objects: z
    .array(object)
    .min(1)
    .refine((objects) => new Set(objects.map((o) => o.id)).size === objects.length, 'ids must be unique')
    .refine((objects) => objects.flatMap(emptyOrMisnamed).length === 0, 'empty values or names that are none')
    .refine(
      (objects) => objects.every((o) => !('created' in o) || o.created <= o.modified),
      'nothing is modified before it is created',
    )
    .refine((objects) => {
      const ids = new Set(objects.map((o) => o.id));
      return objects.flatMap(refsOf).every((ref) => ids.has(ref));
    }, 'references must lead to objects of the bundle'),
});

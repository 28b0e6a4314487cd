import { z } from 'zod';
import { SOURCE_IDS } from '../../sources.ts';
import { FaultList, type RuleFault } from './faults.ts';
import { plain, readYaml, type Tree } from './yaml-positions.ts';

/**
 * Field mappings as data. A *shape* is one form of raw record (Graph sign-in, unified audit record ...); a *pipeline*
 * says which shapes a Sigma log source means and where Sigma's field names lie in them.
 */

/** Where a value comes from, and what is done to it before it is compared. */
const fieldSource = z.strictObject({
  /** Path in the raw record, relative to the shape's roots. */
  path: z.string().min(1).optional(),
  /** A fixed value, instead of a path: what every record of the shape is. */
  const: z.string().optional(),
  /** The value's compact JSON as text. `path: '$'` is the whole record. */
  json: z.boolean().default(false),
  /** Surrounding blanks and one trailing full stop are dropped (operation names of the unified audit log). */
  trim: z.boolean().default(false),
  /** Port, brackets and the ::ffff: prefix of an address are dropped; ::1 and host names are no addresses. */
  address: z.boolean().default(false),
  /** Record value (any case) → what the rule calls it. Other values become `otherwise`, or vanish without it. */
  map: z.record(z.string(), z.string()).optional(),
  otherwise: z.string().optional(),
  /** Record value (any case) → a further name under which it is also known. */
  alias: z.record(z.string(), z.string()).optional(),
  /** Values in rules are looked for anywhere in this text, not compared with all of it. */
  within: z.boolean().default(false),
  /** Only looked at when the sources before it have nothing. */
  fallback: z.boolean().default(false),
});

const fieldSpec = z
  .union([z.string(), fieldSource, z.array(z.union([z.string(), fieldSource])).min(1)])
  .transform((spec) =>
    (Array.isArray(spec) ? spec : [spec]).map((part) =>
      typeof part === 'string' ? fieldSource.parse({ path: part }) : part,
    ),
  );

const fields = z.record(z.string(), fieldSpec);

const impossible = z.strictObject({
  /** Sigma field whose literal no record can have, in any rule ... */
  field: z.string().optional(),
  values: z.array(z.string()).optional(),
  /** ... or a rule that as a whole cannot match. */
  rule: z.string().optional(),
  reason: z.string(),
});

const when = z.record(z.string(), z.array(z.union([z.string(), z.number()])));

const shapeDocument = z.strictObject({
  shape: z.string().min(1),
  /** Sources all of whose records have this shape. */
  sources: z.array(z.enum(SOURCE_IDS)).default([]),
  /** How a record of mixed sources (`import`) is recognised: every path of `has` exists, none of `lacks`. */
  has: z.array(z.string()).default([]),
  lacks: z.array(z.string()).default([]),
  /** Paths are looked up below these members in turn; '' is the record itself. */
  roots: z.array(z.string()).default(['']),
  id: z.array(z.string()),
  time: z.array(z.string()),
  /** The paths by whose values candidate rules are looked up. */
  dispatch: z.array(z.string()).default([]),
  /** How the manifest's operation names relate to a record: `prefix` + the value of `path`. */
  operation: z.strictObject({ path: z.string(), prefix: z.string().default('') }).optional(),
  /** All top-level members records of the shape can have, where the vendor publishes them. */
  known: z.array(z.string()).optional(),
  /** Sigma names that mean the same for every log source of the shape. */
  fields: fields.default({}),
});

const pipelineDocument = z.strictObject({
  pipeline: z.string().min(1),
  logsource: z.strictObject({
    category: z.string().optional(),
    product: z.string().optional(),
    service: z.string().optional(),
  }),
  /** Why nothing is bound, when nothing is. */
  unbound: z.string().optional(),
  /** Prefixes of Sigma names that raw records do not have. */
  strip: z.array(z.string()).default([]),
  impossible: z.array(impossible).default([]),
  bind: z
    .array(
      z.strictObject({
        shape: z.string(),
        /** The shape's own sources, and `import`, unless listed. */
        sources: z.array(z.enum(SOURCE_IDS)).optional(),
        /** Only records for which each path has one of the values. */
        when: when.default({}),
        fields: fields.default({}),
        /** Mappings for single rules, by rule id. */
        rules: z.record(z.string(), fields).default({}),
        impossible: z.array(impossible).default([]),
      }),
    )
    .default([]),
});

export type FieldSource = z.infer<typeof fieldSource>;
export type FieldMap = z.infer<typeof fields>;
export type Shape = z.infer<typeof shapeDocument>;
export type Pipeline = z.infer<typeof pipelineDocument>;
export type Impossible = z.infer<typeof impossible>;

export interface ParsedPipelines {
  readonly shapes: readonly Shape[];
  readonly pipelines: readonly Pipeline[];
  readonly faults: readonly RuleFault[];
}

/** Reads one pipeline file: any number of `shape:` and `pipeline:` documents. */
export function parsePipelines(text: string, file: string): ParsedPipelines {
  const faults = new FaultList(file);
  const shapes: Shape[] = [];
  const pipelines: Pipeline[] = [];
  for (const tree of readYaml(text, faults)) {
    const isShape = tree.kind === 'map' && tree.entries.has('shape');
    const result = (isShape ? shapeDocument : pipelineDocument).safeParse(plain(tree));
    if (!result.success) addIssues(result.error, tree, faults);
    else if ('shape' in result.data) shapes.push(result.data);
    else pipelines.push(result.data);
  }
  return { shapes, pipelines, faults: faults.faults };
}

function addIssues(error: z.ZodError, tree: Tree, faults: FaultList): void {
  for (const issue of error.issues)
    faults.add(positionOf(tree, issue.path), `${issue.path.join('.')}: ${issue.message}`);
}

function positionOf(tree: Tree, path: readonly PropertyKey[]) {
  let node = tree;
  for (const step of path) {
    const next =
      node.kind === 'map'
        ? node.entries.get(String(step))?.value
        : node.kind === 'list'
          ? node.items[Number(step)]
          : undefined;
    if (!next) break;
    node = next;
  }
  return node.at;
}

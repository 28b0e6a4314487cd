/** The JSON files that templates, scripts, README and product share. Their schemas are their specification. */
import { z } from 'zod';

const line = z
  .string()
  .min(1)
  .regex(/^[^\n]+$/);

const permission = z.strictObject({
  api: z.enum(['graph', 'activity']),
  permission: z.string().regex(/^[A-Z]\w+\.\w+(\.\w+)*$/),
  feature: z.enum(['collect', 'state']),
  serves: z.array(line).min(1),
  why: line,
  without: line,
});

export const permissionsFile = z.strictObject({
  apis: z.record(z.enum(['graph', 'activity']), z.strictObject({ name: line, appId: z.guid() })),
  permissions: z.array(permission).min(1),
});

const id = z.string().regex(/^[a-z]+(-[a-z]+)*$/);
const signalName = z.string().regex(/^[a-z]+(\.[a-z]+)*$/);
// The windows and frequencies that scheduled query rules take.
const duration = z.enum(['PT5M', 'PT10M', 'PT15M', 'PT30M', 'PT1H', 'PT6H', 'P1D', 'P2D']);

const rule = z.strictObject({
  id,
  title: line,
  severity: z.int().min(0).max(4),
  every: duration.exclude(['P2D']),
  window: duration,
  signals: z.array(signalName),
  query: line,
  aggregation: z.enum(['Count', 'Average', 'Minimum', 'Maximum', 'Total']),
  column: line.optional(),
  operator: z.enum(['Equals', 'GreaterThan', 'GreaterThanOrEqual', 'LessThan', 'LessThanOrEqual']),
  threshold: z.number(),
  dimensions: z.array(line),
  meaning: line,
});

export const signalsFile = z
  .strictObject({
    signals: z.array(z.strictObject({ signal: signalName, fields: z.array(line).min(1), when: line })),
    rules: z.array(rule),
  })
  .superRefine(({ signals, rules }, context) => {
    const known = new Set(signals.map((s) => s.signal));
    for (const r of rules) {
      const issue = (message: string): void =>
        context.addIssue({ code: 'custom', message: `rule ${r.id}: ${message}` });
      for (const s of r.signals) {
        if (!known.has(s)) issue(`there is no signal ${s}`);
        if (!r.query.includes(`"${s}"`)) issue(`the query does not read signal ${s}`);
      }
      if ((r.column === undefined) !== (r.aggregation === 'Count'))
        issue('a column goes with every aggregation but Count');
      for (const d of r.dimensions)
        if (!new RegExp(`\\b${d} =`).test(r.query)) issue(`the query yields no ${d}`);
    }
  });

export type Permissions = z.infer<typeof permissionsFile>;
export type Signals = z.infer<typeof signalsFile>;

const parametersFile = z.strictObject({
  $schema: z.url(),
  contentVersion: z.string(),
  parameters: z.record(z.string(), z.strictObject({ value: z.unknown() })),
});

export const readParameters = (json: unknown): ReadonlyMap<string, unknown> =>
  new Map(Object.entries(parametersFile.parse(json).parameters).map(([name, { value }]) => [name, value]));

const hook = z.strictObject({
  shell: z.enum(['sh', 'pwsh']),
  run: line,
  interactive: z.boolean().optional(),
  continueOnError: z.boolean().optional(),
});

/** The part of azd's own schema that azure.yaml uses; strict, so that a misspelled key is found. */
export const azureYaml = z.strictObject({
  name: z.string().regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/),
  metadata: z.strictObject({ template: z.string() }),
  infra: z.strictObject({ provider: z.literal('bicep'), path: line, module: line }),
  services: z.record(
    z.string(),
    z.strictObject({
      project: line,
      language: z.enum(['js', 'ts']),
      host: z.literal('function'),
      dist: line,
      remoteBuild: z.literal(false),
      hooks: z.partialRecord(z.enum(['prepackage', 'postpackage', 'predeploy', 'postdeploy']), hook),
    }),
  ),
  hooks: z.partialRecord(z.enum(['preprovision', 'postprovision', 'predeploy', 'postdeploy']), hook),
});

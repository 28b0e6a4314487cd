import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  compile,
  parsePipelines,
  parseRules,
  type Match,
  type ParsedPipelines,
  type ParsedRules,
  type PlaceholderLists,
  type RuleSet,
} from '../../../shared/detect/sigma/index.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');

/** Files of the data shared by the project's tests, which lies beside the project. */
export const sharedFiles = (pattern: string): string[] =>
  globSync(pattern, { cwd: join(root, '../shared') })
    .map((name) => join(root, '../shared', name))
    .sort();

export const nameOf = (file: string): string => relative(join(root, '../shared'), file);

export const readShared = (pattern: string): { file: string; text: string }[] =>
  sharedFiles(pattern).map((file) => ({ file: nameOf(file), text: readFileSync(file, 'utf8') }));

/** The field mappings the product ships. */
export function shippedPipelines(): ParsedPipelines {
  const parts = globSync('shared/detect/pipelines/*.yml', { cwd: root })
    .sort()
    .map((file) => parsePipelines(readFileSync(join(root, file), 'utf8'), file));
  return {
    shapes: parts.flatMap((part) => part.shapes),
    pipelines: parts.flatMap((part) => part.pipelines),
    faults: parts.flatMap((part) => part.faults),
  };
}

/** All public rules for Azure and Microsoft 365. */
export function publicRules(): ParsedRules {
  const parts = readShared('sigma/rules*/**/*.yml').map(({ file, text }) => parseRules(text, file));
  return {
    rules: parts.flatMap((part) => part.rules),
    correlations: parts.flatMap((part) => part.correlations),
    filters: parts.flatMap((part) => part.filters),
    faults: parts.flatMap((part) => part.faults),
  };
}

/** Lists for the placeholders of the public rules. */
export const PUBLIC_LISTS: PlaceholderLists = {
  UnLegitCountries: ['KP'],
  UnApprovedIp: ['203.0.113.9'],
  UnApprovedDevice: ['bad-device'],
  KNOWN_LOCATION: ['JP', 'US'],
  Important_AppIds: ['11111111-2222-3333-4444-555555555555'],
  HomeTenantID: ['home-tenant'],
  ApprovedUserUpn: ['admin@contoso.example'],
  Approved_Inviters: ['inviter@contoso.example'],
};

/** Any record of `import` is an event; field names are its paths. */
const OPEN = parsePipelines(
  `
shape: event
id: [id]
time: [time]
---
pipeline: test
logsource: { product: test }
bind: [{ shape: event, sources: [import] }]
`,
  'test-pipeline.yml',
);

export function compileText(text: string, lists: PlaceholderLists = {}): RuleSet {
  const parsed = parseRules(text, 'rule.yml');
  const set = compile({ ...parsed, ...OPEN, lists });
  const faults = [...parsed.faults, ...OPEN.faults, ...set.faults];
  if (faults.length > 0)
    throw new Error(faults.map((fault) => `${fault.line}:${fault.column} ${fault.reason}`).join('\n'));
  return set;
}

const indent = (text: string): string =>
  text
    .trim()
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');

/** A rule with this `detection`, left-aligned. */
export const ruleText = (detection: string): string =>
  `title: t\nlogsource: { product: test }\ndetection:\n${indent(detection)}\n`;

export const evaluate = (set: RuleSet, event: unknown): readonly Match[] => set.evaluate('import', event);

/** Does a rule with this detection match the event? */
export const matches = (detection: string, event: unknown, lists?: PlaceholderLists): boolean =>
  evaluate(compileText(ruleText(detection), lists), event).length > 0;

/** Does `field|modifiers: value` match? `line` is YAML. */
export const lineMatches = (line: string, event: unknown, lists?: PlaceholderLists): boolean =>
  matches(`s:\n${indent(line)}\ncondition: s`, event, lists);

/** The faults of a text, as `line:column reason`. */
export function faultsOf(text: string): string[] {
  const parsed = parseRules(text, 'rule.yml');
  const set = compile({ ...parsed, ...OPEN });
  return [...parsed.faults, ...set.faults].map(({ line, column, reason }) => `${line}:${column} ${reason}`);
}

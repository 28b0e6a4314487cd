import { createHash } from 'node:crypto';
import { componentsOf, type Component } from './components.ts';
import { NATIVE_RULES } from './native/index.ts';
import { firstDeviceCode } from './native/first-device-code.ts';
import { incidentJoin } from './native/incident-join.ts';
import type { NativeRule } from './native/native-rule.ts';
import { scopeSweep } from './native/scope-sweep.ts';
import { RULE_FILES, type RuleFile } from './rule-files.ts';
import { infoOf, type Origin, type RuleInfo } from './rule-info.ts';
import {
  compile,
  formatFault,
  parsePipelines,
  parseRules,
  type ParsedPipelines,
  type ParsedRules,
  type PlaceholderLists,
  type RuleFault,
  type RuleSet,
} from './sigma/index.ts';

/** All rules of one evaluation, compiled. */
export interface RuleBook {
  /** Hash of everything that decides what is found: a marker says which version a segment was evaluated with. */
  readonly version: string;
  readonly set: RuleSet;
  /** Correlations that depend on each other, with the rules below them: each keeps a state of its own. */
  readonly components: readonly Component[];
  readonly native: readonly NativeRule[];
  readonly infos: ReadonlyMap<string, RuleInfo>;
  /** Rules that were refused, with file, line and reason. */
  readonly faults: readonly RuleFault[];
}

export interface BookInput {
  /** Rules beside our own, e.g. loaded public ones. */
  readonly loaded?: readonly RuleFile[];
  /** Rules supplied with a run, instead of those kept. */
  readonly supplied?: readonly RuleFile[];
  /** Keys of rules to run; all when left out. What correlations build on comes along. */
  readonly only?: readonly string[];
  readonly lists?: PlaceholderLists;
}

/** Raised when what native code or the engine finds changes: segments are then told apart by version. */
const CODE_VERSION = 3;

export function makeRuleBook(input: BookInput = {}): RuleBook {
  const parsed = parseAll(input);
  const chosen = input.only ? choose(parsed, new Set(input.only)) : parsed;
  const { shapes, pipelines } = shippedPipelines();
  const set = compile({ ...chosen, shapes, pipelines, lists: input.lists ?? {} });
  const native = input.supplied
    ? []
    : NATIVE_RULES.filter(({ key }) => !input.only || input.only.includes(key));
  const infos = [
    ...set.status().map((status) => infoOf(set.find(status.key)!, originOf(status.file), status)),
    ...set.correlations.map((correlation) => infoOf(correlation, originOf(correlation.file))),
    ...native.map((rule) => infoOf(rule, 'own')),
    ...(input.supplied || input.only ? [] : FOLLOW_UPS).map((rule) => infoOf(rule, 'own')),
  ];
  return {
    version: versionOf(input, native),
    set,
    components: componentsOf(chosen, set, { shapes, pipelines, lists: input.lists ?? {} }),
    native,
    infos: new Map(infos.map((info) => [info.key, info])),
    faults: [...parsed.faults, ...set.faults],
  };
}

/** Rules on findings: applied by whoever stores what a book found (`pivot/follow-up.ts`). */
const FOLLOW_UPS = [firstDeviceCode, incidentJoin, scopeSweep];

const ownFiles = (folder: string): RuleFile[] =>
  RULE_FILES.filter(({ file }) => file.startsWith(`${folder}/`));

let pipelines: ParsedPipelines | undefined;

/** Field mappings we ship; a fault in them is a fault of the build. */
export function shippedPipelines(): ParsedPipelines {
  if (pipelines) return pipelines;
  const parts = [...ownFiles('pipelines'), ...ownFiles('log-sources')].map(({ file, text }) =>
    parsePipelines(text, file),
  );
  const faults = parts.flatMap((part) => part.faults);
  if (faults.length > 0) throw new Error(faults.map((fault) => formatFault(fault)).join('\n'));
  pipelines = {
    shapes: parts.flatMap((part) => part.shapes),
    pipelines: parts.flatMap((part) => part.pipelines),
    faults,
  };
  return pipelines;
}

function parseAll({ loaded = [], supplied }: BookInput): ParsedRules {
  const own = ownFiles('rules');
  // Supplied rules are run alone, under our filters: service actors raise nothing.
  const parts = supplied
    ? [
        ...supplied.map(({ file, text }) => parseRules(text, file)),
        ...own.map(({ file, text }) => ({ ...parseRules(text, file), rules: [], correlations: [] })),
      ]
    : [...own, ...loaded].map(({ file, text }) => parseRules(text, file));
  return {
    rules: parts.flatMap((part) => part.rules),
    correlations: parts.flatMap((part) => part.correlations),
    filters: parts.flatMap((part) => part.filters),
    faults: parts.flatMap((part) => part.faults),
  };
}

/** The rules named, and what they build on, which by itself reports nothing then. */
function choose(parsed: ParsedRules, wanted: ReadonlySet<string>): ParsedRules {
  const names = (document: { key: string; id?: string; name?: string }) =>
    [document.key, document.id, document.name].filter((name) => name !== undefined);
  const isNamed = (document: { key: string; id?: string; name?: string }, among: ReadonlySet<string>) =>
    names(document).some((name) => among.has(name));
  const needed = new Set(wanted);
  for (let before = -1; before !== needed.size;) {
    before = needed.size;
    for (const correlation of parsed.correlations)
      if (isNamed(correlation, needed)) for (const { reference } of correlation.rules) needed.add(reference);
  }
  return {
    ...parsed,
    rules: parsed.rules.filter((rule) => isNamed(rule, needed)),
    correlations: parsed.correlations.filter((correlation) => isNamed(correlation, needed)),
  };
}

function originOf(file: string): Origin {
  if (file.startsWith('supplied/')) return 'supplied';
  return RULE_FILES.some((own) => own.file === file) ? 'own' : 'loaded';
}

function versionOf(
  { loaded = [], supplied = [], only, lists }: BookInput,
  native: readonly NativeRule[],
): string {
  const hash = createHash('sha256').update(`${CODE_VERSION}`);
  for (const { file, text } of [...RULE_FILES, ...loaded, ...supplied]) hash.update(`\0${file}\0${text}`);
  hash.update(JSON.stringify([native.map(({ key }) => key), only ?? null, lists ?? null]));
  return hash.digest('hex').slice(0, 16);
}

import { SOURCE_IDS } from '../../sources.ts';
import type { LogSource, SigmaCorrelation, SigmaFilter, SigmaRule } from './ast.ts';
import { bindRule, type BoundRule, type FilteredRule } from './bind-rule.ts';
import { correlationNeeds, type CorrelationNeeds } from './correlation-needs.ts';
import { EventIndex, ShapeIndex } from './event-index.ts';
import type { RuleFault } from './faults.ts';
import type { Pipeline, Shape } from './pipeline.ts';
import { Expander, type PlaceholderLists } from './placeholder-lists.ts';
import { FieldTable } from './record-view.ts';
import { Catalogue, checkFilters, covers, filtersFor } from './references.ts';
import { RuleSet } from './rule-set.ts';
import { logSourceName, statusBase, type RuleStatus } from './status.ts';

export interface CompileInput {
  readonly rules: readonly SigmaRule[];
  readonly correlations?: readonly SigmaCorrelation[];
  readonly filters?: readonly SigmaFilter[];
  readonly shapes: readonly Shape[];
  readonly pipelines: readonly Pipeline[];
  /** Values for the placeholders of the `expand` modifier. */
  readonly lists?: PlaceholderLists;
}

/**
 * Binds rules to record shapes and compiles them. Rules that cannot be run as written are left out and named in
 * `RuleSet.faults`; rules that can match nothing we have are kept with status `cannot-fire`.
 */
export function compile(input: CompileInput): RuleSet {
  const catalogue = new Catalogue(input.rules, input.correlations ?? []);
  checkFilters(input.filters ?? [], catalogue);
  const compiler = new Compiler(input, correlationNeeds(catalogue));
  const statuses = catalogue.rules.map((rule) => compiler.add(rule));
  return new RuleSet({
    index: compiler.index(),
    statuses,
    catalogue,
    faults: [...compiler.faults, ...catalogue.faults],
  });
}

class Compiler {
  readonly faults: RuleFault[] = [];
  readonly #input: CompileInput;
  readonly #needs: CorrelationNeeds;
  readonly #shapes: ReadonlyMap<string, Shape>;
  readonly #tables = new Map<string, FieldTable>();
  readonly #bound: BoundRule[] = [];

  constructor(input: CompileInput, needs: CorrelationNeeds) {
    this.#input = input;
    this.#needs = needs;
    this.#shapes = new Map(input.shapes.map((shape) => [shape.shape, shape]));
    for (const shape of input.shapes) this.#tables.set(shape.shape, new FieldTable(shape.roots));
    for (const pipeline of input.pipelines) this.#checkShapes(pipeline);
  }

  add(rule: SigmaRule): RuleStatus {
    const { filtered, missing } = this.#filtered(rule);
    const base = { ...statusBase(rule), sources: [], mappedFields: [], standalone: filtered.standalone };
    if (missing.length > 0) {
      const reasons = missing.map((name) => `the placeholder %${name}% has no list`);
      return { ...base, status: 'cannot-fire', cause: 'no-list', reasons };
    }
    const pipelines = mostParticular(this.#input.pipelines, rule.logSource);
    const reasons = pipelines.flatMap((pipeline) => pipeline.unbound ?? []);
    if (pipelines.length === 0) reasons.push(`no source of ours is '${logSourceName(rule.logSource)}'`);
    if (pipelines.every((pipeline) => pipeline.bind.length === 0))
      return { ...base, status: 'cannot-fire', cause: 'log-source', reasons };
    return this.#bind(filtered, pipelines, base, reasons);
  }

  index(): EventIndex {
    const index = new EventIndex();
    for (const source of SOURCE_IDS)
      for (const shape of this.#input.shapes) {
        const rules = this.#bound.filter((rule) => rule.shape === shape && rule.sources.includes(source));
        // Elsewhere (imports, open schemas) names may be spelled in another case.
        const canonical = shape.known !== undefined && shape.sources.includes(source);
        if (rules.length > 0)
          index.add(source, new ShapeIndex(shape, this.#tables.get(shape.shape)!, rules, canonical));
      }
    return index;
  }

  #checkShapes(pipeline: Pipeline): void {
    for (const { shape } of pipeline.bind)
      if (!this.#shapes.has(shape))
        this.faults.push({
          file: pipeline.pipeline,
          line: 1,
          column: 1,
          reason: `there is no shape '${shape}'`,
        });
  }

  #filtered(rule: SigmaRule): { filtered: FilteredRule; missing: string[] } {
    const expander = new Expander(this.#input.lists ?? {});
    const filters = filtersFor(rule, this.#input.filters ?? []);
    const detections = [
      { prefix: '', detection: expander.detection(rule.detection) },
      ...filters.map((filter) => ({
        prefix: `${filter.title}: `,
        detection: expander.detection(filter.detection),
      })),
    ];
    const wanted = this.#needs.fields.get(rule.key);
    const correlate = { correlateFields: [...(wanted ?? [])], correlated: wanted !== undefined };
    const standalone = !this.#needs.silent.has(rule.key);
    return { filtered: { rule, detections, ...correlate, standalone }, missing: [...expander.missing] };
  }

  #bind(
    filtered: FilteredRule,
    pipelines: readonly Pipeline[],
    base: Omit<RuleStatus, 'status' | 'reasons'>,
    reasons: string[],
  ): RuleStatus {
    const bound: BoundRule[] = [];
    for (const pipeline of pipelines)
      for (const bind of pipeline.bind) {
        const shape = this.#shapes.get(bind.shape);
        if (!shape) continue;
        const result = bindRule(filtered, pipeline, bind, shape, this.#tables.get(shape.shape)!);
        if ('bound' in result) bound.push(result.bound);
        else reasons.push(...result.never.map((reason) => `${shape.shape}: ${reason}`));
      }
    this.#bound.push(...bound);
    if (bound.length === 0)
      return { ...base, status: 'cannot-fire', cause: 'record', reasons: [...new Set(reasons)] };
    return {
      ...base,
      status: bound.some((rule) => rule.mappedFields.length === 0) ? 'native' : 'mapped',
      reasons: [...new Set(reasons)],
      sources: SOURCE_IDS.filter((source) => bound.some((rule) => rule.sources.includes(source))),
      mappedFields: [...new Set(bound.flatMap((rule) => rule.mappedFields))],
    };
  }
}

/** Of the pipelines that cover the rule's log source, those that name most of its parts. */
function mostParticular(pipelines: readonly Pipeline[], logSource: LogSource): Pipeline[] {
  const covering = pipelines.filter((pipeline) => covers(partsOf(pipeline), logSource));
  const most = Math.max(0, ...covering.map((pipeline) => Object.keys(partsOf(pipeline)).length));
  return covering.filter((pipeline) => Object.keys(partsOf(pipeline)).length === most);
}

const partsOf = ({ logsource }: Pipeline): LogSource =>
  Object.fromEntries(Object.entries(logsource).filter(([, value]) => value !== undefined));

import { type Constraint, constraintOf } from './route-constraints.ts';

/** ASP.NET Core route templates: `items/{id:int}/{tail?}`, `files/{*path}`, `{name}.{ext}`. */
export interface RouteTemplate {
  /** Parameters of a path's decoded segments, or undefined where the path does not fit. */
  match(path: readonly string[]): Readonly<Record<string, string>> | undefined;
  /** A path this template would accept, made with `filler` for each parameter. */
  sample(filler: string): string[];
}

interface Parameter {
  readonly name: string;
  readonly catchAll: boolean;
  readonly optional: boolean;
  readonly fallback: string | undefined;
  readonly constraints: readonly Constraint[];
}

interface Segment {
  readonly pattern: RegExp;
  readonly parameters: readonly Parameter[];
  readonly text: string;
}

export function parseRouteTemplate(template: string): RouteTemplate {
  const segments = splitOutsideBraces(template).map(parseSegment);
  return {
    match: (path) => matchSegments(segments, path),
    sample: (filler) => segments.filter(isRequired).map((segment) => segment.text.replaceAll('\0', filler)),
  };
}

const isRequired = ({ parameters }: Segment) => !parameters.some((each) => each.optional || each.catchAll);

function splitOutsideBraces(template: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const character of template.replace(/^\/+|\/+$/g, '')) {
    if (character === '{') depth += 1;
    if (character === '}') depth -= 1;
    if (character === '/' && depth === 0) parts.push('');
    else parts[parts.length - 1] += character;
  }
  if (depth !== 0) throw new Error(`Route '${template}' has unbalanced braces.`);
  return parts.filter((part) => part !== '');
}

/** A segment may mix literals and parameters; the first parameter takes as much as it can, as in ASP.NET. */
function parseSegment(text: string): Segment {
  const parameters: Parameter[] = [];
  let pattern = '';
  let shape = '';
  for (const part of text.match(/\{(?:\{\{|\}\}|[^{}])*\}|[^{}]+/g) ?? []) {
    if (part.startsWith('{')) {
      parameters.push(parseParameter(part.slice(1, -1)));
      pattern += '(.+)';
      shape += '\0';
    } else {
      pattern += part.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
      shape += part;
    }
  }
  return { pattern: new RegExp(`^${pattern}$`, 'i'), parameters, text: shape };
}

function parseParameter(inner: string): Parameter {
  const match = /^(\*{0,2})([^:=?*]+)((?::[^=?(]+(?:\(.*\))?)*)(?:=([^?]*))?(\?)?$/.exec(inner);
  if (!match) throw new Error(`Route parameter '{${inner}}' cannot be read.`);
  const [, stars = '', name = '', constraints = '', fallback, question] = match;
  return {
    name,
    catchAll: stars !== '',
    optional: question !== undefined || fallback !== undefined,
    fallback,
    constraints: constraintTexts(constraints).map(constraintOf),
  };
}

/** `:int:range(1,9)` → `int`, `range(1,9)`; doubled braces stand for single ones. */
const constraintTexts = (text: string): string[] =>
  [...text.matchAll(/:(\w+(?:\(.*?\)(?=:|$))?)/g)].map((match) =>
    match[1]!.replaceAll('{{', '{').replaceAll('}}', '}'),
  );

function matchSegments(segments: readonly Segment[], path: readonly string[]) {
  const values: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    const [only] = segment.parameters;
    if (only?.catchAll) return take(only, path.slice(index).join('/'), values) ? values : undefined;
    if (!takeSegment(segment, path[index], values)) return undefined;
  }
  return path.length <= segments.length ? values : undefined;
}

function takeSegment(segment: Segment, text: string | undefined, values: Record<string, string>): boolean {
  if (text === undefined || text === '')
    return !isRequired(segment) && segment.parameters.every((p) => take(p, '', values));
  const match = segment.pattern.exec(text);
  return (
    match !== null &&
    segment.parameters.every((parameter, index) => take(parameter, match[index + 1] ?? '', values))
  );
}

function take(parameter: Parameter, text: string, values: Record<string, string>): boolean {
  const value = text === '' ? parameter.fallback : text;
  if (value === undefined) return parameter.optional || parameter.catchAll;
  values[parameter.name] = value;
  return parameter.constraints.every((holds) => holds(value));
}

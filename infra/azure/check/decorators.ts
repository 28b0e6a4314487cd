/** Parameters: described, bounded as their type allows, with defaults inside their own bounds, secrets kept in. */
import type { Node } from 'web-tree-sitter';
import { problemAt, type Problem } from './problem.ts';
import { literalText, named, type Template, type Typed } from './template.ts';

// Decorators and the types they fit; `*` is any.
const FITS: Readonly<Record<string, readonly string[]>> = {
  description: ['*'],
  metadata: ['*'],
  allowed: ['string', 'int', 'bool', 'array'],
  minLength: ['string', 'array'],
  maxLength: ['string', 'array'],
  minValue: ['int'],
  maxValue: ['int'],
  secure: ['string', 'object'],
  export: ['*'],
  batchSize: ['*'],
};

const argument = (param: Typed, decorator: string): Node | undefined =>
  param.decorators.find((d) => d.name === decorator)?.args[0];

const scalar = (node: Node | undefined): string | number | undefined =>
  node?.type === 'number' ? Number(node.text) : literalText(node);

const bound = (param: Typed, decorator: string): number | undefined => {
  const value = scalar(argument(param, decorator));
  return typeof value === 'number' ? value : undefined;
};

/** Values of `@allowed`, or undefined. */
export function allowedValues(param: Typed): (string | number)[] | undefined {
  const list = argument(param, 'allowed');
  return list === undefined ? undefined : named(list).flatMap((n) => scalar(n) ?? []);
}

/** What is wrong with a literal given to the parameter; undefined where nothing is, or it is no literal. */
export function literalFault(node: Node, param: Typed): string | undefined {
  const value = scalar(node);
  if (value === undefined) return undefined;
  const allowed = allowedValues(param);
  if (allowed !== undefined && !allowed.includes(value)) return `${value} is not among ${allowed.join(', ')}`;
  const size = typeof value === 'number' ? value : value.length;
  const [least, most] = typeof value === 'number' ? ['minValue', 'maxValue'] : ['minLength', 'maxLength'];
  const [low, high] = [bound(param, least ?? ''), bound(param, most ?? '')];
  if (low !== undefined && size < low) return `${value} is below ${least} ${low}`;
  if (high !== undefined && size > high) return `${value} is above ${most} ${high}`;
  return undefined;
}

const literalType = (node: Node): string | undefined =>
  ({ string: 'string', number: 'int', boolean: 'bool', object: 'object', array: 'array' })[node.type];

function parameterProblems(param: Typed, file: string): Problem[] {
  const problems = param.decorators.flatMap((d) => {
    const fits = FITS[d.name];
    if (fits === undefined) return [problemAt(file, d.node, `unknown decorator '${d.name}'`)];
    return fits.includes('*') || fits.includes(param.type)
      ? []
      : [problemAt(file, d.node, `@${d.name} does not fit type ${param.type}`)];
  });
  const at = (message: string): number =>
    problems.push(problemAt(file, param.node, `parameter '${param.name}' ${message}`));
  if (!literalText(argument(param, 'description'))) at('has no description');
  if (param.value === undefined) return problems;
  const type = literalType(param.value);
  if (type !== undefined && type !== param.type) at(`is ${param.type}, its default is ${type}`);
  const fault = literalFault(param.value, param);
  if (fault !== undefined) at(`has a bad default: ${fault}`);
  if (isSecure(param) && literalText(param.value) !== '')
    at('is secure and must not have a default other than empty');
  return problems;
}

const isSecure = (param: Typed): boolean => param.decorators.some((d) => d.name === 'secure');

export function checkDecorators(template: Template): Problem[] {
  const secrets = [...template.params.values()].filter(isSecure).map((p) => p.name);
  const leaks = [...template.outputs.values()]
    .filter((o) => secrets.some((s) => new RegExp(`\\b${s}\\b`).test(o.value?.text ?? '')))
    .map((o) => problemAt(template.file, o.node, `output '${o.name}' gives away a secure parameter`));
  return [...[...template.params.values()].flatMap((p) => parameterProblems(p, template.file)), ...leaks];
}

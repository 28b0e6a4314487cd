/** What modules are given against what they declare, what is read of them, and which files templates load. */
import { dirname, join, normalize } from 'node:path/posix';
import type { Node } from 'web-tree-sitter';
import { problemAt, type Problem } from './problem.ts';
import { literalText, named, properties, type Body, type Template, type Typed } from './template.ts';
import { allowedValues, literalFault } from './decorators.ts';

/** Templates by path, and a way to look at other files; paths are relative to one folder, with `/`. */
export interface Project {
  readonly templates: ReadonlyMap<string, Template>;
  readonly json: (path: string) => unknown;
}

const resolvePath = (from: string, path: string): string => normalize(join(dirname(from), path));

function descend(node: Node, then: (node: Node) => void): void {
  then(node);
  named(node).forEach((c) => descend(c, then));
}

/** Declared type of an expression, where it is plain to see. */
function typeOf(node: Node, template: Template, project: Project): string | undefined {
  const literal = { string: 'string', number: 'int', boolean: 'bool', object: 'object', array: 'array' }[
    node.type
  ];
  if (literal !== undefined) return literal;
  if (node.type === 'identifier') return template.params.get(node.text)?.type;
  if (node.type === 'unary_expression' && node.text.startsWith('!')) return 'bool';
  if (
    node.type === 'binary_expression' &&
    /^(==|!=|<|>|&&)/.test(node.childForFieldName('operator')?.text ?? '')
  )
    return 'bool';
  if (node.type === 'ternary_expression') {
    const sides = ['consequence', 'alternative'].map((s) => node.childForFieldName(s));
    const [a, b] = sides.map((s) => (s == null ? undefined : typeOf(s, template, project)));
    return a === b ? a : undefined;
  }
  return outputOf(node, template, project)?.output?.type;
}

interface OutputUse {
  readonly module: Body;
  readonly name: string;
  readonly output: Typed | undefined;
}

/** `module.outputs.name`, resolved. */
function outputOf(node: Node, template: Template, project: Project): OutputUse | undefined {
  if (node.type !== 'member_expression') return undefined;
  const object = node.childForFieldName('object');
  if (object?.type !== 'member_expression' || object.childForFieldName('property')?.text !== 'outputs')
    return undefined;
  const module = template.modules.find((m) => m.name === object.childForFieldName('object')?.text);
  if (module === undefined) return undefined;
  const name = node.childForFieldName('property')?.text ?? '';
  const target = project.templates.get(resolvePath(template.file, module.target));
  return target === undefined ? undefined : { module, name, output: target.outputs.get(name) };
}

function argumentProblems(
  key: string,
  value: Node,
  param: Typed,
  template: Template,
  project: Project,
): Problem[] {
  const at = (message: string): Problem[] => [problemAt(template.file, value, `'${key}': ${message}`)];
  const type = typeOf(value, template, project);
  if (type !== undefined && type !== param.type) return at(`${type} given, ${param.type} declared`);
  const fault = literalFault(value, param);
  if (fault !== undefined) return at(fault);
  const given = value.type === 'identifier' ? template.params.get(value.text) : undefined;
  const [wide, narrow] = [given === undefined ? undefined : allowedValues(given), allowedValues(param)];
  const foreign = wide?.filter((v) => narrow !== undefined && !narrow.includes(v)) ?? [];
  return foreign.length > 0 ? at(`the module does not allow ${foreign.join(', ')}`) : [];
}

function moduleProblems(module: Body, template: Template, project: Project): Problem[] {
  const path = resolvePath(template.file, module.target);
  const target = project.templates.get(path);
  if (target === undefined) return [problemAt(template.file, module.node, `there is no template ${path}`)];
  const body = properties(module.body);
  const given = properties(body.find((p) => p.key === 'params')?.value);
  const problems: Problem[] = [];
  if (target.scope !== template.scope && !body.some((p) => p.key === 'scope')) {
    problems.push(
      problemAt(template.file, module.node, `module '${module.name}' needs a scope of kind ${target.scope}`),
    );
  }
  for (const { key, value } of given) {
    const param = target.params.get(key);
    if (param === undefined)
      problems.push(problemAt(template.file, value, `${path} has no parameter '${key}'`));
    else problems.push(...argumentProblems(key, value, param, template, project));
  }
  for (const param of target.params.values()) {
    if (param.value !== undefined || param.type.endsWith('?') || given.some((p) => p.key === param.name))
      continue;
    problems.push(
      problemAt(template.file, module.node, `module '${module.name}' is not given '${param.name}'`),
    );
  }
  return problems;
}

const LOADERS = new Set(['loadJsonContent', 'loadTextContent', 'loadYamlContent']);

function loadProblems(node: Node, template: Template, project: Project): Problem[] {
  const callee = node.type === 'call_expression' ? (node.childForFieldName('function')?.text ?? '') : '';
  if (!LOADERS.has(callee)) return [];
  const args = node.childForFieldName('arguments');
  const path = literalText(args == null ? undefined : named(args)[0]);
  if (path === undefined) return [problemAt(template.file, node, `${callee} needs a literal path`)];
  try {
    project.json(resolvePath(template.file, path));
    return [];
  } catch (error) {
    return [
      problemAt(template.file, node, `${callee}: ${error instanceof Error ? error.message : String(error)}`),
    ];
  }
}

export function checkInterfaces(template: Template, project: Project): Problem[] {
  const problems = template.modules.flatMap((m) => moduleProblems(m, template, project));
  descend(template.root, (node) => {
    problems.push(...loadProblems(node, template, project));
    const use = outputOf(node, template, project);
    if (use !== undefined && use.output === undefined) {
      problems.push(
        problemAt(template.file, node, `module '${use.module.name}' has no output '${use.name}'`),
      );
    }
  });
  for (const output of template.outputs.values()) {
    const type = output.value === undefined ? undefined : typeOf(output.value, template, project);
    if (type !== undefined && type !== output.type) {
      problems.push(
        problemAt(template.file, output.node, `output '${output.name}' is ${type}, declared ${output.type}`),
      );
    }
  }
  return problems;
}

/** Reads a Bicep file into what the checks need: its declarations, by kind, with their place in the text. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Language, Parser, type Node } from 'web-tree-sitter';
import { problemAt, type Problem } from './problem.ts';

export interface Decorator {
  readonly name: string;
  readonly args: readonly Node[];
  readonly node: Node;
}

export interface Declaration {
  readonly name: string;
  readonly node: Node;
  readonly decorators: readonly Decorator[];
}

export interface Typed extends Declaration {
  readonly type: string;
  /** A parameter's default, an output's value. */
  readonly value: Node | undefined;
}

export interface Variable extends Declaration {
  readonly value: Node;
}

export interface Body extends Declaration {
  /** `Microsoft.X/y@version` of a resource, path of a module. */
  readonly target: string;
  readonly existing: boolean;
  /** The object, out of its `if` or `for`; undefined where the syntax is broken. */
  readonly body: Node | undefined;
  readonly parent: Body | undefined;
}

export interface Template {
  readonly file: string;
  readonly root: Node;
  readonly scope: string;
  readonly params: ReadonlyMap<string, Typed>;
  readonly variables: ReadonlyMap<string, Variable>;
  readonly outputs: ReadonlyMap<string, Typed>;
  readonly functions: ReadonlyMap<string, Declaration>;
  readonly types: ReadonlySet<string>;
  readonly resources: readonly Body[];
  readonly modules: readonly Body[];
  /** Names that `extension NAME` lines bring in. */
  readonly extensions: readonly string[];
  readonly problems: readonly Problem[];
}

export const named = (node: Node): Node[] =>
  node.namedChildren.filter((c): c is Node => c !== null && !c.type.endsWith('comment'));

const all = (node: Node): Node[] => node.children.filter((c): c is Node => c !== null);

/** Text of a string literal; undefined where it is interpolated. */
export const literalText = (node: Node | undefined): string | undefined =>
  node?.type === 'string' && !named(node).some((c) => c.type === 'interpolation')
    ? node.text.replace(/^'+|'+$/g, '').replace(/\\(.)/g, '$1')
    : undefined;

/** Key and value of an object's property; nested resources have none. */
export function property(node: Node): { key: string; value: Node } | undefined {
  const [key, value] = named(node);
  if (key === undefined || value === undefined) return undefined;
  return { key: key.type === 'string' ? (literalText(key) ?? key.text) : key.text, value };
}

export const properties = (object: Node | undefined): { key: string; value: Node }[] =>
  object?.type === 'object'
    ? named(object).flatMap((c) => (c.type === 'object_property' ? (property(c) ?? []) : []))
    : [];

function bodyOf(node: Node): Node | undefined {
  if (node.type === 'object') return node;
  const inner = named(node).at(-1);
  return inner !== undefined && ['if_statement', 'for_statement', 'object'].includes(inner.type)
    ? bodyOf(inner)
    : undefined;
}

function decoratorsOf(node: Node): Decorator[] {
  return named(node).flatMap((decorator) => {
    const call = named(decorator)[0];
    const callee = call?.childForFieldName('function');
    if (call === undefined || callee == null) return [];
    const args = call.childForFieldName('arguments');
    return [{ name: callee.text, args: args == null ? [] : named(args), node: decorator }];
  });
}

function syntaxProblems(file: string, node: Node): Problem[] {
  if (node.isMissing) return [problemAt(file, node, `syntax: missing ${node.type}`)];
  if (node.isError) {
    return [problemAt(file, node, `syntax error near "${node.text.replace(/\s+/g, ' ').slice(0, 40)}"`)];
  }
  return all(node).flatMap((c) => syntaxProblems(file, c));
}

function nestedBodies(body: Body): Body[] {
  const inner = body.body === undefined ? [] : named(body.body);
  return inner.flatMap((p) => {
    const node = named(p)[0];
    if (p.type !== 'object_property' || node?.type !== 'resource_declaration') return [];
    const nested = bodyFrom(node, [], body);
    return [nested, ...nestedBodies(nested)];
  });
}

function bodyFrom(node: Node, decorators: readonly Decorator[], parent?: Body): Body {
  const children = named(node);
  return {
    name: children[0]?.text ?? '',
    node,
    decorators,
    target: literalText(children[1]) ?? '',
    existing: all(node).some((c) => c.type === 'existing'),
    body: children[2] === undefined ? undefined : bodyOf(children[2]),
    parent,
  };
}

// The grammar does not know `extension NAME`. Blanks in its place keep every line and column.
const EXTENSION = /^extension[ \t]+(\w+)[ \t]*$/gm;

let loading: Promise<Parser> | undefined;

const bicepParser = (): Promise<Parser> =>
  (loading ??= (async () => {
    await Parser.init();
    const grammar = fileURLToPath(import.meta.resolve('tree-sitter-bicep/tree-sitter-bicep.wasm'));
    return new Parser().setLanguage(await Language.load(grammar));
  })());

/** Parses `text`; `file` is only the name that problems carry. */
export async function parseTemplate(file: string, text: string): Promise<Template> {
  const parser = await bicepParser();
  const tree = parser.parse(text.replace(EXTENSION, (line) => ' '.repeat(line.length)));
  if (tree === null) throw new Error(`no syntax tree for ${file}`);
  const root = tree.rootNode;
  const params = new Map<string, Typed>();
  const variables = new Map<string, Variable>();
  const outputs = new Map<string, Typed>();
  const functions = new Map<string, Declaration>();
  const types = new Set<string>();
  const resources: Body[] = [];
  const modules: Body[] = [];
  const problems = syntaxProblems(file, root);
  let scope = 'resourceGroup';
  let decorators: Decorator[] = [];

  const declare = (node: Node, first: string): void => {
    const taken = [params, variables, functions, new Map([...resources, ...modules].map((b) => [b.name, b]))];
    if (taken.some((names) => names.has(first)))
      problems.push(problemAt(file, node, `'${first}' is declared twice`));
  };

  for (const node of named(root)) {
    if (node.type === 'decorators') {
      decorators = decoratorsOf(node);
      continue;
    }
    const children = named(node);
    const name = children[0]?.text ?? '';
    const [, second, third] = children;
    if (/^(parameter|variable|resource|module)_declaration$|^user_defined_function$/.test(node.type))
      declare(node, name);
    switch (node.type) {
      case 'parameter_declaration':
        params.set(name, { name, node, decorators, type: second?.text ?? '', value: third });
        break;
      case 'output_declaration':
        outputs.set(name, { name, node, decorators, type: second?.text ?? '', value: third });
        break;
      case 'variable_declaration':
        if (second !== undefined) variables.set(name, { name, node, decorators, value: second });
        break;
      case 'user_defined_function':
        functions.set(name, { name, node, decorators });
        break;
      case 'type_declaration':
        types.add(name);
        break;
      case 'resource_declaration': {
        const body = bodyFrom(node, decorators);
        resources.push(body, ...nestedBodies(body));
        break;
      }
      case 'module_declaration':
        modules.push(bodyFrom(node, decorators));
        break;
      case 'target_scope_assignment':
        scope = literalText(children[0]) ?? scope;
        break;
      default:
    }
    decorators = [];
  }
  const extensions = [...text.matchAll(EXTENSION)].map((m) => m[1] ?? '');
  return {
    file,
    root,
    scope,
    params,
    variables,
    outputs,
    functions,
    types,
    resources,
    modules,
    extensions,
    problems,
  };
}

export const readTemplate = async (file: string, path: string): Promise<Template> =>
  parseTemplate(file, await readFile(path, 'utf8'));

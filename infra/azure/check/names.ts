/** Every name used is declared, and every parameter and variable declared is used. */
import type { Node } from 'web-tree-sitter';
import { problemAt, type Problem } from './problem.ts';
import { named, type Template } from './template.ts';

// Functions of Bicep's namespaces az and sys that templates may call; a new one is added when it is first needed.
const FUNCTIONS = new Set(
  `any array base64 base64ToJson base64ToString bool cidrHost cidrSubnet concat contains coalesce dataUri
  dataUriToString dateTimeAdd deployer deployment empty endsWith environment extensionResourceId fail filter first
  flatten format getSecret groupBy guid indexOf int intersection items join json last lastIndexOf length
  loadFileAsBase64 loadJsonContent loadTextContent loadYamlContent managementGroup managementGroupResourceId map
  mapValues max min newGuid objectKeys padLeft parseCidr pickZones range reduce reference replace resourceGroup
  resourceId shallowMerge skip sort split startsWith string subscription subscriptionResourceId substring take tenant
  tenantResourceId toLogicalZone toLogicalZones toLower toObject toUpper trim union uniqueString uri uriComponent
  uriComponentToString utcNow`.split(/\s+/),
);

const PRIMITIVE = new Set(['string', 'int', 'bool', 'object', 'array', 'secureString', 'secureObject']);

type Scope = ReadonlySet<string>;

const within = (scope: Scope, ...names: string[]): Scope => new Set([...scope, ...names]);

class Walk {
  readonly used = new Set<string>();
  readonly problems: Problem[] = [];
  readonly #template: Template;

  constructor(template: Template) {
    this.#template = template;
  }

  visit(node: Node, scope: Scope): void {
    switch (node.type) {
      case 'decorators':
        return named(node).forEach((decorator) => named(decorator).forEach((c) => this.#arguments(c, scope)));
      case 'identifier':
        return this.#use(node, scope);
      case 'type':
        return this.#type(node);
      case 'member_expression':
      case 'resource_expression':
        return this.#field(node, 'object', scope);
      case 'call_expression':
        return this.#call(node, scope);
      case 'lambda_expression':
        return this.#lambda(node, scope);
      case 'for_statement':
        return this.#loop(node, scope);
      case 'object':
        return this.#object(node, scope);
      case 'user_defined_function':
        return this.#function(node);
      case 'parameter_declaration':
      case 'output_declaration':
      case 'variable_declaration':
      case 'resource_declaration':
      case 'module_declaration':
      case 'metadata_declaration':
        return named(node)
          .slice(1)
          .forEach((c) => this.visit(c, scope));
      default:
        return named(node).forEach((c) => this.visit(c, scope));
    }
  }

  #use(node: Node, scope: Scope): void {
    this.used.add(node.text);
    if (!scope.has(node.text)) this.#report(node, `unknown name '${node.text}'`);
  }

  #type(node: Node): void {
    for (const part of named(node)) {
      if (part.type === 'identifier' && !PRIMITIVE.has(part.text) && !this.#template.types.has(part.text)) {
        this.#report(part, `unknown type '${part.text}'`);
      }
    }
  }

  #field(node: Node, field: string, scope: Scope): void {
    const child = node.childForFieldName(field);
    if (child != null) this.visit(child, scope);
  }

  #call(node: Node, scope: Scope): void {
    const callee = node.childForFieldName('function');
    if (callee?.type === 'identifier') {
      this.used.add(callee.text);
      if (!FUNCTIONS.has(callee.text) && !this.#template.functions.has(callee.text)) {
        this.#report(callee, `unknown function '${callee.text}'`);
      }
    } else if (callee != null) this.visit(callee, scope);
    this.#arguments(node, scope);
  }

  #arguments(node: Node, scope: Scope): void {
    this.#field(node, 'arguments', scope);
  }

  #lambda(node: Node, scope: Scope): void {
    const [parameters, body] = named(node);
    if (parameters === undefined || body === undefined) return;
    const names = parameters.type === 'identifier' ? [parameters.text] : named(parameters).map((c) => c.text);
    this.visit(body, within(scope, ...names));
  }

  #loop(node: Node, scope: Scope): void {
    const [variables, collection, body] = named(node);
    if (variables === undefined || collection === undefined || body === undefined) return;
    const names = variables.type === 'identifier' ? [variables.text] : named(variables).map((c) => c.text);
    this.visit(collection, scope);
    this.visit(body, within(scope, ...names));
  }

  #object(node: Node, scope: Scope): void {
    const nested = named(node)
      .flatMap((p) => named(p)[0] ?? [])
      .filter((c) => c.type === 'resource_declaration');
    const inner = within(scope, ...nested.map((c) => named(c)[0]?.text ?? ''));
    for (const entry of named(node)) {
      const [key, value] = named(entry);
      if (entry.type !== 'object_property' || key === undefined) continue;
      if (key.type === 'string' || key.type === 'resource_declaration') this.visit(key, inner);
      if (value !== undefined) this.visit(value, inner);
    }
  }

  #function(node: Node): void {
    const parameters = named(node).find((c) => c.type === 'parameters');
    const names = parameters === undefined ? [] : named(parameters).map((c) => named(c)[0]?.text ?? '');
    const body = named(node).at(-1);
    // A function sees its parameters only, not the template's names.
    if (body !== undefined) this.visit(body, new Set(names));
  }

  #report(node: Node, message: string): void {
    this.problems.push(problemAt(this.#template.file, node, message));
  }
}

export function checkNames(template: Template): Problem[] {
  const { params, variables, resources, modules } = template;
  const top = resources.filter((r) => r.parent === undefined);
  const scope = new Set([...params.keys(), ...variables.keys(), ...[...top, ...modules].map((b) => b.name)]);
  const walk = new Walk(template);
  walk.visit(template.root, scope);
  const unused = [...params.values(), ...variables.values()]
    .filter((d) => !walk.used.has(d.name))
    .map((d) => problemAt(template.file, d.node, `'${d.name}' is declared and never used`));
  return [...walk.problems, ...unused];
}

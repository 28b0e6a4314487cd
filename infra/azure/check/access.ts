/** Who may call is told twice: to the platform in front of the app, and to the app. Both must be told the same. */
import type { Node } from 'web-tree-sitter';
import { problemAt, type Problem } from './problem.ts';
import { literalText, named, properties, type Template } from './template.ts';

function found(node: Node, wanted: (node: Node) => boolean): Node[] {
  return [...(wanted(node) ? [node] : []), ...named(node).flatMap((child) => found(child, wanted))];
}

const valueIn = (body: Node | undefined, ...path: readonly string[]): Node | undefined =>
  path.reduce<Node | undefined>((at, key) => properties(at).find((entry) => entry.key === key)?.value, body);

/** `<parameter> ? { AUTH_MODE: 'entra' } : …` in one of the template's variables. */
function setsMode(template: Template, parameter: string): boolean {
  const choices = [...template.variables.values()].flatMap(({ value }) =>
    found(value, (node) => node.type === 'ternary_expression'),
  );
  return choices.some((choice) => {
    const [condition] = named(choice);
    const chosen = choice.childForFieldName('consequence');
    const mode = properties(chosen ?? undefined).find(({ key }) => key === 'AUTH_MODE')?.value;
    return condition?.text === parameter && literalText(mode) === 'entra';
  });
}

/** Where the platform is told to demand a token, the app has to be told not to demand a function key as well. */
export function checkAccess(template: Template): Problem[] {
  return template.resources.flatMap(({ body }) => {
    const demand = valueIn(body, 'properties', 'globalValidation', 'requireAuthentication');
    if (demand?.type !== 'identifier' || setsMode(template, demand.text)) return [];
    return [
      problemAt(
        template.file,
        demand,
        `'${demand.text}' makes the platform demand a token, but no setting AUTH_MODE 'entra' follows it: the app would demand a function key as well`,
      ),
    ];
  });
}

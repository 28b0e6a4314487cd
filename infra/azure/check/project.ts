/** The whole deployment folder: every template, and the files that belong with them. */
import { accessSync, constants, readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { checkAccess } from './access.ts';
import { azureYaml, permissionsFile, readParameters, signalsFile } from './contracts.ts';
import { checkDecorators } from './decorators.ts';
import { checkInterfaces, type Project } from './interfaces.ts';
import { checkNames } from './names.ts';
import { problemIn, type Problem } from './problem.ts';
import { checkResources, readCatalogue } from './resources.ts';
import { readTemplate, type Template } from './template.ts';

export interface Folders {
  /** Root of the project, with azure.yaml. */
  readonly root: string;
  /** ARM resource schemas; may be absent. */
  readonly schemas: string;
}

export interface Report {
  readonly problems: readonly Problem[];
  readonly templates: number;
  /** Resources whose shape was checked. */
  readonly checked: number;
  /** `type@version` of those whose shape could not be. */
  readonly unchecked: readonly string[];
  readonly schemasFound: boolean;
}

const HOME = 'infra/azure';

/** Problems of templates alone; what main.ts and the tests' planted faults go through. */
export async function checkTemplates(
  templates: readonly Template[],
  json: Project['json'],
  schemas: string,
): Promise<Report> {
  const catalogue = await readCatalogue(schemas);
  const project: Project = { templates: new Map(templates.map((t) => [t.file, t])), json };
  const problems: Problem[] = [];
  const unchecked = new Set<string>();
  let checked = 0;
  for (const template of templates) {
    const resources = checkResources(template, catalogue);
    checked += resources.checked;
    resources.unchecked.forEach((u) => unchecked.add(u));
    problems.push(...template.problems, ...checkNames(template), ...checkDecorators(template));
    problems.push(
      ...checkInterfaces(template, project),
      ...checkAccess(template),
      ...resources.problems,
      ...extensionProblems(template, json),
    );
  }
  return {
    problems,
    templates: templates.length,
    checked,
    unchecked: [...unchecked].toSorted(),
    schemasFound: catalogue !== undefined,
  };
}

function extensionProblems(template: Template, json: Project['json']): Problem[] {
  const configured = z
    .object({ extensions: z.record(z.string(), z.string()) })
    .safeParse(safely(() => json('bicepconfig.json')));
  const known = Object.keys(configured.data?.extensions ?? {});
  const unknown = template.extensions
    .filter((e) => !known.includes(e))
    .map((e) => `extension '${e}' is not in bicepconfig.json`);
  const orphan =
    template.extensions.length === 0 &&
    template.resources.some((r) => r.target.startsWith('Microsoft.Graph/'));
  return [...unknown, ...(orphan ? ['Microsoft.Graph resources need an extension line'] : [])].map((m) =>
    problemIn(template.file, m),
  );
}

const safely = (read: () => unknown): unknown => {
  try {
    return read();
  } catch {
    // The caller's schema reports what is missing.
    return undefined;
  }
};

function shapeProblems(file: string, schema: z.ZodType, read: () => unknown): Problem[] {
  try {
    const result = schema.safeParse(read());
    return result.success
      ? []
      : result.error.issues.map((i) =>
          problemIn(file, [i.path.join('.'), i.message].filter(Boolean).join(': ')),
        );
  } catch (error) {
    return [problemIn(file, error instanceof Error ? error.message : String(error))];
  }
}

/** main.parameters.json against main.bicep: known names, every required parameter, one variable each. */
export function parameterFileProblems(
  file: string,
  given: ReadonlyMap<string, unknown>,
  main: Template,
): Problem[] {
  const problems: Problem[] = [];
  for (const [name, value] of given) {
    if (!main.params.has(name)) problems.push(problemIn(file, `main.bicep has no parameter '${name}'`));
    if (typeof value === 'string' && value.includes('${') && !/^\$\{[A-Z][A-Z0-9_]*\}$/.test(value)) {
      problems.push(problemIn(file, `'${name}' is not one plain variable: ${value}`));
    }
  }
  for (const param of main.params.values()) {
    if (param.value === undefined && !given.has(param.name))
      problems.push(problemIn(file, `'${param.name}' is not given`));
  }
  return problems;
}

/** A hook that names a file needs it to be there and executable. */
function hookProblems(root: string, yaml: unknown): Problem[] {
  const parsed = azureYaml.safeParse(yaml);
  if (!parsed.success) return [];
  const scripts = Object.values(parsed.data.hooks)
    .map((h) => h?.run ?? '')
    .filter((run) => /^\S+\.sh$/.test(run));
  return scripts.flatMap((script) => {
    try {
      accessSync(join(root, script), constants.X_OK);
      return [];
    } catch {
      return [problemIn('azure.yaml', `${script} is missing or not executable`)];
    }
  });
}

async function bicepFiles(folder: string): Promise<string[]> {
  const files = await readdir(folder, { recursive: true });
  return files
    .filter((f) => f.endsWith('.bicep'))
    .map((f) => f.replaceAll('\\', '/'))
    .toSorted();
}

export async function checkProject({ root, schemas }: Folders): Promise<Report> {
  const home = join(root, HOME);
  const json = (path: string): unknown => JSON.parse(readFileSync(join(home, path), 'utf8'));
  const templates = await Promise.all((await bicepFiles(home)).map((f) => readTemplate(f, join(home, f))));
  const report = await checkTemplates(templates, json, schemas);
  const yaml: unknown = parseYaml(await readFile(join(root, 'azure.yaml'), 'utf8'));
  const main = templates.find((t) => t.file === 'main.bicep');
  const problems = [
    ...report.problems,
    ...shapeProblems('azure.yaml', azureYaml, () => yaml),
    ...hookProblems(root, yaml),
    ...shapeProblems('permissions.json', permissionsFile, () => json('permissions.json')),
    ...shapeProblems('signals.json', signalsFile, () => json('signals.json')),
  ];
  if (main === undefined) problems.push(problemIn('main.bicep', 'there is no such template'));
  else
    problems.push(
      ...parameterFileProblems('main.parameters.json', readParameters(json('main.parameters.json')), main),
    );
  return { ...report, problems };
}

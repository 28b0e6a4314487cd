import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

export type Env = Record<string, string | undefined>;

const localSettings = z.looseObject({
  IsEncrypted: z.boolean().optional(),
  Values: z.record(z.string(), z.string()).default({}),
});

/** The Values of local.settings.json, or nothing where the file is absent. */
export function readLocalSettings(appDir: string): Record<string, string> {
  const file = path.join(appDir, 'local.settings.json');
  if (!existsSync(file)) return {};
  const { IsEncrypted, Values } = localSettings.parse(JSON.parse(readFileSync(file, 'utf8')));
  if (IsEncrypted)
    throw new Error('local.settings.json is encrypted: run "func settings decrypt" or write it anew.');
  return Values;
}

/**
 * Sets an app's settings as environment variables: those given win, then what is set already, then the
 * file. Returns what puts the environment back.
 */
export function applySettings(env: Env, given: Readonly<Env>, file: Readonly<Env>): () => void {
  const before = new Map<string, string | undefined>();
  const set = (name: string, value: string | undefined) => {
    if (!before.has(name)) before.set(name, env[name]);
    assignOrDelete(env, name, value);
  };
  for (const [name, value] of Object.entries(given)) set(name, value);
  for (const [name, value] of Object.entries(file))
    if (env[name] === undefined && !(name in given)) set(name, value);
  if (env['FUNCTIONS_WORKER_RUNTIME'] === undefined) set('FUNCTIONS_WORKER_RUNTIME', 'node');
  return () => {
    for (const [name, value] of before) assignOrDelete(env, name, value);
  };
}

function assignOrDelete(env: Env, name: string, value: string | undefined) {
  if (value === undefined) delete env[name];
  else env[name] = value;
}

/** Replaces each %NAME% in a binding's value by that setting. */
export function expandSettings(text: string, env: Readonly<Env>): string {
  return text.replace(/%([^%]+)%/g, (_, name: string) => {
    const value = env[name];
    if (value === undefined || value === '') throw new Error(`'%${name}%' does not resolve to a value.`);
    return value;
  });
}

/** The connection string a binding's `connection` names; the prefixed setting is looked up first, as in Azure. */
export function connectionStringOf(connection: string | undefined, env: Readonly<Env>): string {
  const name = connection || 'AzureWebJobsStorage';
  const value = env[`AzureWebJobs${name}`] ?? env[name];
  if (value) return value;
  const identity = Object.keys(env).some(
    (key) => key.startsWith(`${name}__`) || key.startsWith(`AzureWebJobs${name}__`),
  );
  throw new Error(
    identity
      ? `The local host knows connection strings only, and '${name}' is configured for a managed identity.`
      : `The setting '${name}' holds no connection string.`,
  );
}

export function isDisabled(functionName: string, env: Readonly<Env>): boolean {
  const value =
    env[`AzureWebJobs.${functionName}.Disabled`] ?? env[`AzureWebJobs_${functionName}_Disabled`] ?? '';
  return /^(1|true)$/i.test(value);
}

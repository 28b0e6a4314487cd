/**
 * One Azurite for a whole test run. Vitest runs this once per project, in one process: whoever comes
 * first starts it, whoever leaves last stops it. A TEST_STORAGE that is already set is used instead.
 */
import type { TestProject } from 'vitest/node';
import { type Azurite, startAzurite } from '../infra/local/azurite.ts';

export interface TestStorage {
  readonly connectionString: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    storage: TestStorage;
  }
}

interface Shared {
  azurite?: Promise<Azurite>;
  users: number;
}

// Projects may load this file as separate modules, so what they share hangs on the process.
const holder = globalThis as { holdfastAzurite?: Shared };
const shared: Shared = (holder.holdfastAzurite ??= { users: 0 });

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  shared.users += 1;
  const connectionString = await connect();
  process.env['TEST_STORAGE'] = connectionString;
  project.provide('storage', { connectionString });
  return release;
}

async function connect(): Promise<string> {
  const given = process.env['TEST_STORAGE'];
  if (given && !shared.azurite) return given;
  shared.azurite ??= startAzurite();
  return (await shared.azurite).connectionString;
}

async function release(): Promise<void> {
  shared.users -= 1;
  if (shared.users > 0 || !shared.azurite) return;
  const azurite = await shared.azurite;
  delete shared.azurite;
  delete process.env['TEST_STORAGE'];
  await azurite.stop();
}

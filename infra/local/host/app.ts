import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { FunctionMetadata, InvocationRequest, InvocationResponse } from './core-api.ts';
import { supplyCoreModule } from './core-module.ts';
import { hookScope, runHooks } from './hooks.ts';
import { invokeThroughModel } from './invoke.ts';
import type { Log } from './log.ts';
import { createCoreModule, createRegistry, type Registry } from './registry.ts';

/** A loaded function app: the worker's half of the host. */
export interface App {
  readonly functions: readonly FunctionMetadata[];
  invoke(functionId: string, request: InvocationRequest): Promise<InvocationResponse>;
  terminate(): Promise<void>;
}

/** What the real worker announces; `RawHttpBodyBytes` makes the library hand binary bodies over unchanged. */
const CAPABILITIES = {
  RawHttpBodyBytes: 'true',
  RpcHttpBodyOnly: 'true',
  RpcHttpTriggerMetadataRemoved: 'true',
  IgnoreEmptyValuedRpcHttpHeaders: 'true',
  UseNullableValueDictionaryForHttp: 'true',
  TypedDataCollection: 'true',
};

export async function loadApp(appDir: string, log: Log): Promise<App> {
  const registry = createRegistry();
  const withdraw = supplyCoreModule(createCoreModule(registry, log));
  try {
    loadEntry(entryOf(appDir));
    const scope = hookScope();
    await runHooks(registry.hooks.appStart, scope.context({ functionAppDirectory: appDir }));
    await settleCapabilities(registry);
    registry.locked = true;
    return {
      functions: [...registry.functions.values()].map((each) => each.metadata),
      invoke: (functionId, request) => invokeThroughModel(registry, scope, functionId, request, log),
      terminate: async () => {
        await runHooks(registry.hooks.appTerminate, scope.context({}));
        withdraw();
      },
    };
  } catch (error) {
    withdraw();
    throw error;
  }
}

function entryOf(appDir: string): string {
  const manifest = JSON.parse(readFileSync(path.join(appDir, 'package.json'), 'utf8')) as { main?: string };
  if (!manifest.main) throw new Error(`package.json in ${appDir} names no "main".`);
  const entry = path.resolve(appDir, manifest.main);
  if (!existsSync(entry))
    throw new Error(`The app's entry point ${manifest.main} does not exist: run "npm run build".`);
  return entry;
}

/** Loads afresh what an earlier host of this process may have loaded: each host has its own app. */
function loadEntry(entry: string) {
  const require = createRequire(entry);
  delete require.cache[entry];
  require(entry);
}

async function settleCapabilities(registry: Registry) {
  if (registry.model === undefined || registry.functions.size === 0) {
    throw new Error(
      'The app registered no function. Is its bundle CommonJS, with @azure/functions-core left external?',
    );
  }
  const capabilities = await registry.model.getCapabilities?.({ ...CAPABILITIES });
  // With streaming the library serves HTTP itself, on a port of its own; an error then never answers.
  if (capabilities?.['HttpUri'])
    throw new Error('enableHttpStream is not supported by the local host: leave it off.');
}

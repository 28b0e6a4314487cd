import type {
  FunctionCallback,
  FunctionMetadata,
  HookCallback,
  HookName,
  LogLevel,
  ProgrammingModel,
} from './core-api.ts';
import type { Log } from './log.ts';

export interface RegisteredFunction {
  readonly metadata: FunctionMetadata;
  readonly callback: FunctionCallback;
}

/** What an app registers while it loads. */
export interface Registry {
  readonly functions: Map<string, RegisteredFunction>;
  readonly hooks: Record<HookName, HookCallback[]>;
  model: ProgrammingModel | undefined;
  /** Set once start-up is over: the real worker refuses registrations from then on. */
  locked: boolean;
}

export const createRegistry = (): Registry => ({
  functions: new Map(),
  hooks: { preInvocation: [], postInvocation: [], appStart: [], appTerminate: [] },
  model: undefined,
  locked: false,
});

class Disposable {
  readonly #onDispose: () => void;
  constructor(onDispose: () => void) {
    this.#onDispose = onDispose;
  }
  dispose() {
    this.#onDispose();
  }
}

type Registration = Omit<FunctionMetadata, 'functionId'> & { readonly functionId?: string };

/** The module an app's `require('@azure/functions-core')` receives, writing into `registry`. */
export const createCoreModule = (registry: Registry, log: Log): object => ({
  version: '3.10.1',
  hostVersion: '4.1040.0',
  Disposable,
  log: (level: LogLevel, category: string, message: string) => log({ level, category, message }),
  getProgrammingModel: () => registry.model,
  setProgrammingModel: (model: ProgrammingModel) => {
    refuseWhenLocked(registry, 'A programming model can only be set');
    registry.model = model;
  },
  registerFunction: (metadata: Registration, callback: FunctionCallback) =>
    addFunction(registry, metadata, callback),
  registerHook: (name: HookName, callback: HookCallback) => addHook(registry, name, callback),
});

function refuseWhenLocked(registry: Registry, what: string) {
  if (registry.locked) throw new Error(`${what} during app startup.`);
}

function addFunction(registry: Registry, metadata: Registration, callback: FunctionCallback): Disposable {
  refuseWhenLocked(registry, 'A function can only be registered');
  const functionId = metadata.functionId || metadata.name;
  if (registry.functions.has(functionId)) {
    throw new Error(`A function with id "${functionId}" has already been registered.`);
  }
  registry.functions.set(functionId, { metadata: { ...metadata, functionId }, callback });
  return new Disposable(() => registry.functions.delete(functionId));
}

function addHook(registry: Registry, name: HookName, callback: HookCallback): Disposable {
  const callbacks = registry.hooks[name];
  // As the real worker; log hooks it knows are not supported here, and said not to be.
  if (callbacks === undefined) throw new RangeError(`Unrecognized hook "${name}"`);
  callbacks.push(callback);
  return new Disposable(() => {
    registry.hooks[name] = registry.hooks[name].filter((each) => each !== callback);
  });
}

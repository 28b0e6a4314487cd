import type {
  CoreInvocationContext,
  InvocationModel,
  InvocationRequest,
  InvocationResponse,
} from './core-api.ts';
import { type HookScope, runHooks } from './hooks.ts';
import type { Log } from './log.ts';
import type { RegisteredFunction, Registry } from './registry.ts';

/**
 * One invocation as the real worker runs it, between its hooks; `@azure/functions` itself converts
 * inputs and outputs. https://github.com/Azure/azure-functions-nodejs-worker `InvocationHandler.ts`
 */
export async function invokeThroughModel(
  registry: Registry,
  scope: HookScope,
  functionId: string,
  request: InvocationRequest,
  log: Log,
): Promise<InvocationResponse> {
  const registered = registry.functions.get(functionId);
  if (!registered || !registry.model) throw new Error(`Function code for '${functionId}' is not loaded.`);
  const core = coreContext(registered, request, log);
  const model = await registry.model.getInvocationModel(core);
  const { context, inputs } = await model.getArguments();
  const hookData = {};
  const fixed = Object.defineProperty({}, 'invocationContext', { value: context, enumerable: true });
  const before = scope.context(
    Object.assign(fixed, { inputs, functionCallback: registered.callback }),
    hookData,
  );
  await inState(core, 'preInvocationHooks', () => runHooks(registry.hooks.preInvocation, before));
  const outcome = await inState(core, 'invocation', () => call(model, context, before));
  const after = Object.defineProperty({ inputs: before.inputs, ...outcome }, 'invocationContext', {
    value: context,
  });
  scope.context(after, hookData);
  await inState(core, 'postInvocationHooks', () => runHooks(registry.hooks.postInvocation, after));
  // A hook may have put another error there, or taken it away.
  if (after.error !== null && after.error !== undefined) throw after.error as Error;
  return model.getResponse(context, after.result);
}

interface Outcome {
  result: unknown;
  error: unknown;
}

async function call(
  model: InvocationModel,
  context: unknown,
  before: { inputs: unknown[]; functionCallback: RegisteredFunction['callback'] },
): Promise<Outcome> {
  try {
    return {
      result: await model.invokeFunction(context, before.inputs, before.functionCallback),
      error: null,
    };
  } catch (error) {
    return { result: null, error };
  }
}

async function inState<T>(
  core: CoreInvocationContext,
  state: NonNullable<CoreInvocationContext['state']>,
  work: () => Promise<T>,
): Promise<T> {
  core.state = state;
  try {
    return await work();
  } finally {
    core.state = undefined;
  }
}

const coreContext = (
  of: RegisteredFunction,
  request: InvocationRequest,
  log: Log,
): CoreInvocationContext => ({
  invocationId: request.invocationId,
  request,
  metadata: of.metadata,
  state: undefined,
  log: (level, category, message) =>
    log({ level, category, message, functionName: of.metadata.name, invocationId: request.invocationId }),
});

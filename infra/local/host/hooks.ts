import type { HookCallback } from './core-api.ts';

/** `hookData` is shared by hooks of one invocation, `appHookData` by all hooks of the app. */
export interface HookScope {
  context<T extends object>(own: T, hookData?: object): T;
}

export function hookScope(): HookScope {
  const appHookData = {};
  const appOnly = {};
  return {
    context: (own, hookData = appOnly) =>
      Object.defineProperties(own, {
        hookData: { value: hookData, enumerable: true },
        appHookData: { value: appHookData, enumerable: true },
      }),
  };
}

/** In order of registration; a hook that throws fails what it hooks into. */
export async function runHooks(hooks: readonly HookCallback[], context: object): Promise<void> {
  for (const hook of hooks) await hook(context);
}

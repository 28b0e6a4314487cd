import Module from 'node:module';

const NAME = '@azure/functions-core';

interface Requirable {
  require: (this: unknown, id: string) => unknown;
}

/**
 * Hands `core` to whoever requires `@azure/functions-core`, by the real worker's own way, a patched
 * `require`. Returns what undoes it.
 */
export function supplyCoreModule(core: object): () => void {
  const prototype = Module.prototype as unknown as Requirable;
  const original = prototype.require;
  const patched = function (this: unknown, id: string): unknown {
    return id === NAME ? core : original.call(this, id);
  };
  prototype.require = patched;
  return () => {
    if (prototype.require === patched) prototype.require = original;
  };
}

import type { FaultList } from './faults.ts';
import type { Entry, MapTree, Tree } from './yaml-positions.ts';

/**
 * The `action` of Sigma 1 in files with several documents: `global` is laid under every later document, `reset`
 * forgets it, `repeat` lays the document over the one before. Documents without an action are rules.
 */
export function mergeTrees(documents: readonly Tree[], faults: FaultList): Tree[] {
  let base: MapTree | undefined;
  let previous: MapTree | undefined;
  const rules: Tree[] = [];
  for (const document of documents) {
    const action = actionOf(document);
    if (document.kind !== 'map') rules.push(document);
    else if (action === 'global') base = lay(document, base);
    else if (action === 'reset') base = undefined;
    else if (action === undefined || action === 'correlation' || (action === 'repeat' && previous)) {
      previous = lay(document, action === 'repeat' ? previous : base);
      rules.push(previous);
    } else faults.add(document.at, `'action: ${action}' is not supported here`);
  }
  return rules;
}

function actionOf(document: Tree): string | undefined {
  const entry = document.kind === 'map' ? document.entries.get('action') : undefined;
  return entry?.value.kind === 'scalar' ? entry.value.text : undefined;
}

/** `over` wins; maps are merged key by key, everything else is replaced. The action itself is dropped. */
function lay(over: MapTree, under: MapTree | undefined): MapTree {
  const entries = new Map<string, Entry>(under?.entries);
  for (const [key, entry] of over.entries) {
    const below = entries.get(key);
    const merged =
      below?.value.kind === 'map' && entry.value.kind === 'map'
        ? { ...entry, value: lay(entry.value, below.value) }
        : entry;
    if (key !== 'action') entries.set(key, merged);
  }
  return { kind: 'map', entries, at: over.at };
}

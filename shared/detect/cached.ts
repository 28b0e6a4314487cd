/**
 * A pure function of one text, remembering its answers: addresses, user agents and the like come again and again. At most
 * `limit` answers; then it starts afresh, so that hostile texts fill no memory.
 */
export function cached<T>(work: (text: string) => T, limit = 20_000): (text: string) => T {
  let known = new Map<string, T>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined || known.has(text)) return found as T;
    if (known.size >= limit) known = new Map();
    const made = work(text);
    known.set(text, made);
    return made;
  };
}

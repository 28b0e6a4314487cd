const MAX_TEXT = 1024;

/**
 * A pure function of one text, remembering its answers: addresses, user agents and the like come again and again. At most
 * `limit` answers; then it starts afresh, so that hostile texts fill no memory.
 */
export function cached<T>(work: (text: string) => T, limit = 20_000): (text: string) => T {
  let known = new Map<string, T>();
  // Records of one person lie together, so that a text mostly comes again at once.
  let last: string | undefined;
  let answer: T;
  return (text) => {
    if (text === last) return answer;
    last = text;
    const found = known.get(text);
    if (found !== undefined || known.has(text)) return (answer = found as T);
    if (known.size >= limit) known = new Map();
    answer = work(text);
    // A text so long is no name or address that comes again: many of them would be a hundred times the memory.
    if (text.length <= MAX_TEXT) known.set(text, answer);
    return answer;
  };
}

/** One person under several keys (UPN, object id, PUID, SID): every key leads to the one shown. */
export interface Person {
  /** What the report calls the person: a UPN where one is known. */
  readonly name: string;
  readonly keys: readonly string[];
}

/** The UPN among the keys, else the key that was asked for. */
export function personOf(asked: string, keys: readonly string[]): Person {
  const upns = keys.filter((key) => key.includes('@'));
  const name = upns.includes(asked) ? asked : (upns[0] ?? asked);
  return { name, keys: [...new Set([asked, ...keys])].sort() };
}

export class People {
  readonly #names = new Map<string, string>();
  readonly all: readonly Person[];

  constructor(people: readonly Person[]) {
    this.all = people;
    for (const { name, keys } of people) for (const key of keys) this.#names.set(key, name);
  }

  /** The person's name for any of its keys; the key itself for somebody else. */
  name(key: string): string {
    return this.#names.get(key) ?? key;
  }

  has(key: string): boolean {
    return this.#names.has(key);
  }
}

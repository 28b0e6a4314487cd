/** Changes to a JSON object's text that leave every other byte as it was. */
export interface Member {
  readonly name: string;
  /** The member's whole text, `"name":value`. */
  readonly text: string;
  readonly value: string;
}

/** The top-level members of an object's text, in order. */
export function membersOf(object: string): Member[] {
  const members: Member[] = [];
  let at = skipSpace(object, object.indexOf('{') + 1);
  while (at < object.length && object[at] !== '}') {
    const nameEnd = endOfValue(object, at);
    const colon = object.indexOf(':', nameEnd);
    const valueStart = skipSpace(object, colon + 1);
    const end = endOfValue(object, valueStart);
    members.push({
      name: JSON.parse(object.slice(at, nameEnd)) as string,
      text: object.slice(at, end),
      value: object.slice(valueStart, end),
    });
    at = skipSpace(object, end);
    if (object[at] === ',') at = skipSpace(object, at + 1);
  }
  return members;
}

export const objectOf = (members: readonly Member[]): string =>
  `{${members.map(({ text }) => text).join(',')}}`;

export const onlyMembers = (object: string, wanted: (name: string) => boolean): string =>
  objectOf(membersOf(object).filter(({ name }) => wanted(name)));

/** The object with members set to new values, in place; new names come last. */
export function withMembers(object: string, values: Readonly<Record<string, unknown>>): string {
  const members = membersOf(object).map((member) =>
    Object.hasOwn(values, member.name) ? memberFrom(member.name, values[member.name]) : member,
  );
  const present = new Set(members.map(({ name }) => name));
  const added = Object.entries(values).filter(([name]) => !present.has(name));
  return objectOf([...members, ...added.map(([name, value]) => memberFrom(name, value))]);
}

/** The same object with its top-level members in another order. */
export const reordered = (object: string): string => objectOf(membersOf(object).reverse());

/** The record with an unescaped quote inside its first string value: no parser takes it. */
export function broken(object: string): string {
  const at = object.search(/:\s*"/);
  const quote = object.indexOf('"', at);
  return at < 0 ? `${object.slice(0, -1)},,}` : `${object.slice(0, quote + 1)}"${object.slice(quote + 1)}`;
}

function memberFrom(name: string, value: unknown): Member {
  const text = JSON.stringify(value);
  return { name, text: `${JSON.stringify(name)}:${text}`, value: text };
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (text.charCodeAt(at) <= 32) at++;
  return at;
}

function endOfValue(text: string, from: number): number {
  const first = text[from];
  if (first === '"') return endOfString(text, from);
  if (first !== '{' && first !== '[') return endOfScalar(text, from);
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const char = text[at];
    if (char === '"') at = endOfString(text, at) - 1;
    else if (char === '{' || char === '[') depth++;
    else if ((char === '}' || char === ']') && --depth === 0) return at + 1;
  }
  throw new SyntaxError('the object does not end');
}

function endOfString(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') return at + 1;
  }
  throw new SyntaxError('a string does not end');
}

function endOfScalar(text: string, from: number): number {
  let at = from;
  while (at < text.length && !/[,}\]\s]/.test(text[at]!)) at++;
  return at;
}

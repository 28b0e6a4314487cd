/** Inline route constraints of ASP.NET Core, as the real host applies them. */
export type Constraint = (value: string) => boolean;

const decimal = (value: string) => /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value);

function wholeWithin(value: string, bits: number): boolean {
  if (!/^[+-]?\d{1,20}$/.test(value)) return false;
  const limit = 1n << BigInt(bits - 1);
  const number = BigInt(value.replace(/^\+/, ''));
  return number >= -limit && number < limit;
}

const numbers = (argument: string): number[] => argument.split(',').map(Number);

const within = (value: string, low: number, high: number): boolean =>
  wholeWithin(value, 64) && Number(value) >= low && Number(value) <= high;

const TABLE: Readonly<Record<string, (argument: string) => Constraint>> = {
  alpha: () => (value) => /^[a-z]*$/i.test(value),
  bool: () => (value) => /^(true|false)$/i.test(value),
  datetime: () => (value) => !Number.isNaN(Date.parse(value)),
  decimal: () => decimal,
  double: () => decimal,
  float: () => decimal,
  guid: () => (value) => /^\{?[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}\}?$/i.test(value),
  int: () => (value) => wholeWithin(value, 32),
  long: () => (value) => wholeWithin(value, 64),
  length: (argument) => {
    const [low = 0, high = low] = numbers(argument);
    return (value) => value.length >= low && value.length <= high;
  },
  minlength: (argument) => (value) => value.length >= Number(argument),
  maxlength: (argument) => (value) => value.length <= Number(argument),
  min: (argument) => (value) => within(value, Number(argument), Infinity),
  max: (argument) => (value) => within(value, -Infinity, Number(argument)),
  range: (argument) => {
    const [low = -Infinity, high = Infinity] = numbers(argument);
    return (value) => within(value, low, high);
  },
  regex: (argument) => {
    const pattern = new RegExp(argument, 'i');
    return (value) => pattern.test(value);
  },
  required: () => (value) => value !== '',
};

/** `name` or `name(argument)`. */
export function constraintOf(text: string): Constraint {
  const match = /^(\w+)(?:\((.*)\))?$/.exec(text);
  const make = match && TABLE[match[1]!.toLowerCase()];
  if (!make) throw new Error(`Unknown route constraint '${text}'.`);
  return make(match[2] ?? '');
}

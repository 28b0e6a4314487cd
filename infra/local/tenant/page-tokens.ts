import { ApiError } from './answers.ts';
import { checksum } from './seeded.ts';
import type { Place } from './store.ts';

/**
 * Opaque page tokens that punish every way of mangling them: they hold `$`, `!`, `=`, a percent-encoded plus and a
 * plus that stands for a space, and a check over the whole decoded text.
 */
export function tokenOf(place: Place): string {
  const middle = Buffer.from(JSON.stringify([place.ms, place.number])).toString('base64');
  const decoded = `RDpx$a+!${middle}=! ${checksum(middle).toString(16)}$1`;
  return decoded.replaceAll('+', '%2B').replaceAll('/', '%2F').replaceAll(' ', '+');
}

const TOKEN = /^RDpx\$a\+!([A-Za-z0-9+/=]+)=! ([0-9a-f]+)\$1$/;

/** The place a (form-decoded) token stands for. */
export function placeOf(token: string): Place {
  const match = TOKEN.exec(token);
  if (!match || checksum(match[1]!).toString(16) !== match[2])
    throw new ApiError(400, 'BadRequest', 'Invalid Skip Token, skip token is null');
  const [ms, number] = JSON.parse(Buffer.from(match[1]!, 'base64').toString()) as [number, number];
  return { ms, number };
}

/** The request's own URL with its `$skiptoken` replaced: every other byte of the query stays. */
export function nextLink(origin: string, path: string, rawQuery: string, token: string): string {
  const kept = rawQuery.split('&').filter((part) => part !== '' && !/^(?:\$|%24)skiptoken=/i.test(part));
  return `${origin}${path}?${[...kept, `$skiptoken=${token}`].join('&')}`;
}

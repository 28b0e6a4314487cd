import type { IncomingMessage } from 'node:http';
import type { HttpData, NullableString } from './core-api.ts';

/** FUNCTIONS_REQUEST_BODY_SIZE_LIMIT of the real host, bytes. */
export const BODY_LIMIT = 104_857_600;

export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge';
}

/**
 * The body's bytes, or undefined. The real host hands a body over only where Content-Length says there
 * is one: a chunked body is dropped. https://github.com/Azure/azure-functions-host `ToRpcHttp`
 */
export async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > BODY_LIMIT) throw new BodyTooLarge(`${announced} bytes exceed ${BODY_LIMIT}`);
  if (!(announced > 0)) {
    request.resume();
    return undefined;
  }
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

export function toHttpData(
  request: IncomingMessage,
  url: URL,
  params: Readonly<Record<string, string>>,
  body: Buffer | undefined,
): HttpData {
  return {
    url: url.href,
    method: request.method ?? 'GET',
    nullableHeaders: nullable(joinedHeaders(request)),
    nullableQuery: nullable(joinedQuery(url.searchParams)),
    nullableParams: nullable(Object.entries(params)),
    headers: {},
    query: {},
    params: {},
    ...(body ? { body: { bytes: body } } : {}),
  };
}

const nullable = (entries: Iterable<readonly [string, string]>): Record<string, NullableString> =>
  Object.fromEntries([...entries].map(([name, value]) => [name, { value }]));

function joinedHeaders(request: IncomingMessage): [string, string][] {
  return Object.entries(request.headersDistinct).map(([name, values]) => [
    name.toLowerCase(),
    (values ?? []).join(name === 'cookie' ? '; ' : ','),
  ]);
}

/** `?a=1&A=2` arrives as `a` = `1,2`: .NET's query collection ignores case and joins what repeats. */
export function joinedQuery(query: URLSearchParams): Map<string, string> {
  const spelling = new Map<string, string>();
  const joined = new Map<string, string>();
  for (const [name, value] of query) {
    const key = spelling.get(name.toLowerCase()) ?? name;
    spelling.set(name.toLowerCase(), key);
    joined.set(key, joined.has(key) ? `${joined.get(key)},${value}` : value);
  }
  return joined;
}

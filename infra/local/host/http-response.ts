import type { ServerResponse } from 'node:http';
import type { HttpCookie, InvocationResponse, TypedData } from './core-api.ts';

/** Set by the server itself, or meaningless past one connection. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'content-length',
  'trailer',
  'te',
]);

export function writeResponse(response: ServerResponse, outcome: InvocationResponse): void {
  const http = outcome.returnValue?.http;
  if (!http) {
    // The real host answers 204 where a function returns nothing.
    response.writeHead(204).end();
    return;
  }
  for (const [name, value] of Object.entries(http.headers ?? {})) {
    if (!HOP_BY_HOP.has(name.toLowerCase())) response.setHeader(name, value);
  }
  const cookies = (http.cookies ?? []).map(setCookie);
  if (cookies.length > 0) response.setHeader('set-cookie', cookies);
  const status = Number(http.statusCode) || 200;
  const body = bodyBytes(http.body);
  if (status !== 204 && status !== 304) response.setHeader('content-length', body.length);
  response.writeHead(status).end(response.req.method === 'HEAD' ? undefined : body);
}

function bodyBytes(body: TypedData | null | undefined): Buffer {
  return body?.bytes ? Buffer.from(body.bytes) : Buffer.from(body?.string ?? body?.json ?? '');
}

const SAME_SITE = {
  none: '',
  lax: '; samesite=lax',
  strict: '; samesite=strict',
  explicitNone: '; samesite=none',
};

export function setCookie(cookie: HttpCookie): string {
  const expires = cookie.expires?.value?.seconds;
  const maxAge = cookie.maxAge?.value;
  return [
    `${cookie.name}=${encodeURIComponent(cookie.value)}`,
    expires === undefined ? '' : `; expires=${new Date(expires * 1000).toUTCString()}`,
    maxAge === undefined ? '' : `; max-age=${Math.floor(maxAge)}`,
    cookie.domain ? `; domain=${cookie.domain.value}` : '',
    `; path=${cookie.path?.value ?? '/'}`,
    cookie.secure?.value ? '; secure' : '',
    SAME_SITE[cookie.sameSite ?? 'none'],
    cookie.httpOnly?.value ? '; httponly' : '',
  ].join('');
}

export function writeJson(response: ServerResponse, status: number, value: unknown): void {
  const type = status >= 400 ? 'application/problem+json' : 'application/json';
  response.writeHead(status, { 'content-type': type }).end(JSON.stringify(value));
}

import { gzipSync } from 'node:zlib';
import type { Random } from './random.ts';
import { ROUTES } from '../../../shared/http/routes/index.ts';

/** Requests that mean no good, from a seed: the same seed, the same requests. */
export interface Hostile {
  readonly kind: string;
  readonly method: string;
  /** As it goes onto the wire. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** Bytes that are not HTTP at all, instead of the above. */
  readonly raw?: Buffer;
  /** Sends the half, then nothing for so long, then hangs up. */
  readonly stallMs?: number;
}

const NASTY: readonly string[] = [
  "' or '1'='1",
  "x' or PartitionKey ne '",
  '../../../../etc/passwd',
  '..%2f..%2f..%2fseals',
  '%00',
  '%ff%fe',
  '%e2%80%ae',
  '%0d%0aset-cookie:%20a=b',
  '<script>alert(1)</script>',
  '${7*7}{{7*7}}',
  '9'.repeat(400),
  '-1',
  'NaN',
  '1e309',
  '0x10',
  'true',
  'null',
  '[object Object]',
  '__proto__',
  'constructor',
  '2026-13-45T99:99:99Z',
  '0001-01-01',
  '9999-12-31T23:59:60Z',
  '(a+)+$'.repeat(20),
  'a'.repeat(5000),
  ','.repeat(3000),
  '::ffff:0:0',
  'fe80::1%25eth0',
  'user@'.repeat(200),
  encodeURIComponent('𝔘ñï\u0000\ud83d\ude00'),
];
const NAMES = [
  'user',
  'session',
  'ip',
  'app',
  'from',
  'to',
  'tenant',
  'limit',
  'prefix',
  'code',
  'format',
  'blob',
  'rule',
  'level',
  'state',
  '__proto__',
  'toString',
];
const BODIES: readonly string[] = [
  '',
  '{',
  'null',
  '[]',
  '"text"',
  '{"__proto__":{"admin":true}}',
  `${'['.repeat(20_000)}${']'.repeat(20_000)}`,
  `{"from":"2026-11-01","to":"2026-11-02","users":[${'"a@b.example",'.repeat(5000)}"x"]}`,
  '{"from":{"$gt":""},"to":[]}',
  '{"sigma":"title: x\\nlogsource: {}\\ndetection:\\n  s:\\n    a|re: (a+)+$\\n  condition: s"}',
  '{"sigma":"a: &a [*a,*a]"}',
  '\u0000\u0001\uffff',
];

/** What may be sent as a file to import. */
const FILES: readonly Buffer[] = [
  gzipSync(Buffer.alloc(8 * 1024 * 1024, '[')),
  gzipSync(Buffer.alloc(8 * 1024 * 1024, '{"a":\n')),
  gzipSync('{"Id":1}\n').subarray(0, 20),
  Buffer.from('PK\u0003\u0004' + '\u00ff'.repeat(60), 'latin1'),
  Buffer.from('PK\u0005\u0006' + '\u00ff'.repeat(18), 'latin1'),
  Buffer.from('\ufeff{"Operation":', 'utf16le').subarray(0, 21),
  Buffer.from(`{"Id":"1","CreationTime":"9999-99-99T99:99:99","Operation":{"a":1},"RecordType":[]}\n`),
  Buffer.from('AuditData,__proto__\n"{""__proto__"":{""x"":1}}",1\n'),
  Buffer.from('a,b\n"' + '""'.repeat(300_000)),
  Buffer.from(`[${'{"value":['.repeat(300)}`),
  Buffer.from(`sep=\n\u0000,\u0000\n1,2,3`),
  Buffer.alloc(300_000, ','),
];

const pick = <T>(r: Random, from: readonly T[]): T => from[Math.floor(r() * from.length)]!;
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE'];

const query = (r: Random): string =>
  Array.from({ length: Math.floor(r() * 5) }, () => `${pick(r, NAMES)}=${escaped(pick(r, NASTY))}`).join('&');
/** What may not stand in a request line is escaped; the rest goes as it is. */
const escaped = (text: string): string => text.replace(/[^\x21-\x7e]/g, (c) => encodeURIComponent(c));

function realPath(r: Random): string {
  const route = pick(r, ROUTES);
  return `/api${route.path.replace(/\{[^}]+\}/g, () => escaped(pick(r, [...NASTY, 'user', 'session', 'ip'])))}`;
}

const forged = Buffer.from('{"claims":[{"typ":"roles","val":"Admin"},{"typ":"oid","val":"x"}]}').toString(
  'base64',
);

type Make = (r: Random) => Omit<Hostile, 'kind'>;
const plain = (method: string, target: string, more: Partial<Hostile> = {}): Omit<Hostile, 'kind'> => ({
  method,
  target,
  headers: {},
  ...more,
});

/** Weight, and how one is made. */
const KINDS: Readonly<Record<string, readonly [number, Make]>> = {
  path: [
    20,
    (r) =>
      plain(
        pick(r, METHODS),
        `/${escaped(pick(r, ['api/', '', 'admin/', 'api//', '/api/', 'API/'])) + escaped(pick(r, NASTY))}`,
      ),
  ],
  query: [30, (r) => plain('GET', `${realPath(r)}?${query(r)}`)],
  body: [
    15,
    (r) => {
      const body = Buffer.from(pick(r, BODIES));
      return plain(pick(r, ['POST', 'PATCH', 'PUT']), realPath(r), {
        headers: {
          'content-type': pick(r, ['application/json', 'text/plain', 'multipart/form-data']),
          'content-length': String(body.length),
        },
        body,
      });
    },
  ],
  file: [
    4,
    (r) => {
      const body = pick(r, FILES);
      return plain('POST', `/api/import?name=${escaped(pick(r, NASTY))}`, {
        headers: { 'content-type': 'application/octet-stream', 'content-length': String(body.length) },
        body,
      });
    },
  ],
  headers: [
    10,
    (r) =>
      plain('GET', realPath(r), {
        headers: {
          authorization: pick(r, ['Bearer x.y.z', 'Bearer ', `Bearer ${'a'.repeat(3000)}`, 'Basic Og==']),
          'x-ms-client-principal': pick(r, [forged, 'AAAA', '!!!', 'a'.repeat(4000)]),
          'x-functions-key': 'x',
          cookie: 'a'.repeat(1000),
        },
      }),
  ],
  oversized: [
    4,
    (r) =>
      pick(r, [
        plain('GET', `/api/coverage?tenant=${'x'.repeat(30_000)}`),
        plain('GET', '/api/coverage', { headers: { 'x-big': 'y'.repeat(40_000) } }),
        plain('POST', '/api/incidents', {
          headers: { 'content-length': '300000000' },
          body: Buffer.from('{'),
        }),
        plain('POST', '/api/incidents', {
          headers: { 'content-length': '2000000' },
          body: Buffer.alloc(2_000_000, 'x'),
        }),
      ]),
  ],
  raw: [
    6,
    (r) =>
      plain('GET', '/', {
        raw: pick(r, [
          Buffer.from('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'latin1'),
          Buffer.from('GET /api/health HTTP/9.9\r\n\r\n'),
          Buffer.from(
            'GET /api/health HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n',
          ),
          Buffer.from('POST /api/incidents HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nZZZ\r\n'),
          Buffer.from('GET /api/health HTTP/1.1\r\nhost: ]:[\r\nconnection: close\r\n\r\n'),
          Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
          Buffer.from(Array.from({ length: 200 }, () => Math.floor(r() * 256))),
        ]),
      }),
  ],
  slow: [
    3,
    (r) =>
      plain('POST', pick(r, ['/api/incidents', '/api/import', '/api/coverage']), {
        headers: { 'content-length': '5000' },
        body: Buffer.from('{"from":'),
        stallMs: 200 + Math.floor(r() * 1500),
      }),
  ],
  honest: [
    12,
    (r) =>
      plain(
        'GET',
        pick(r, [
          '/api/openapi.json',
          '/api/openapi.json',
          '/api/openapi.json',
          '/api/coverage?from=2026-11-20',
          '/api/entities/user?prefix=a&limit=5',
        ]),
      ),
  ],
};

const TOTAL = Object.values(KINDS).reduce((sum, [weight]) => sum + weight, 0);

export function hostile(r: Random): Hostile {
  let at = r() * TOTAL;
  for (const [kind, [weight, make]] of Object.entries(KINDS)) {
    at -= weight;
    if (at < 0) return { kind, ...make(r) };
  }
  throw new Error('unreachable: weights sum to TOTAL');
}

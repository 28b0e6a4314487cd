import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HostProcess } from '../../../infra/local/host/process.ts';
import { builtCalls, plain } from './built.ts';
import { fill, someUser, startSmallArchive, TENANT_A, type SmallArchive } from './archive.ts';

/** The OpenAPI document against what is really served. */

interface Operation {
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<
    Record<
      string,
      { readonly content?: Record<string, { readonly schema?: object }>; readonly headers?: object }
    >
  >;
}
interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: object;
}

const KEYS = { master: 'master-key-of-this-test', default: 'default-key-of-this-test' };
let archive: SmallArchive;
let host: HostProcess;
let document: Document;
let user: string;

beforeAll(async () => {
  archive = await startSmallArchive();
  await fill(archive);
  host = await archive.host({ LIMIT_SPAN_DAYS: 'Reader=400,Investigator=400,Admin=400' }, KEYS);
  user = await someUser(host.url, { 'x-functions-key': KEYS.default });
  document = (await (await get('/api/openapi.json')).json()) as Document;
});
afterAll(async () => {
  await host.stop();
  await archive.stop();
});

const get = (path: string): Promise<Response> =>
  fetch(host.url + path, {
    redirect: 'manual',
    headers: { 'x-functions-key': KEYS.default },
  });

const operations = (): (readonly [string, Operation])[] =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => [`${method} ${path}`, operation] as const),
  );

function validator(operation: Operation, status: number, type: string): ValidateFunction | undefined {
  const schema = operation.responses[status]?.content?.[type]?.schema;
  if (!schema) return undefined;
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  return ajv.compile({ ...schema, components: document.components });
}

it('is OpenAPI 3.1, with a unique name for each operation, and parameters for all braces', () => {
  expect(document.openapi).toMatch(/^3\.1\./);
  const names = operations().map(([, o]) => (o as unknown as { operationId: string }).operationId);
  expect(new Set(names).size).toBe(names.length);
  for (const [call, operation] of operations()) {
    const inPath = operation.parameters.filter((p) => p.in === 'path').map((p) => `{${p.name}}`);
    expect(inPath.sort()).toEqual((call.match(/\{[^}]+\}/g) ?? []).sort());
  }
});

it('describes every HTTP function', () => {
  const described = operations().map(([call]) => plain(call));
  expect(builtCalls.filter((call) => !described.includes(call))).toEqual([]);
});

it('describes nothing that is not there', () => {
  const described = operations()
    .map(([call]) => plain(call))
    .sort();
  expect(described.filter((call) => !builtCalls.includes(call))).toEqual([]);
});

describe('real answers', () => {
  it.each([
    ['get /coverage', '/api/coverage', 200],
    ['get /coverage', '/api/coverage?from=yesterday', 400],
    ['get /coverage', '/api/coverage?from=2020-01-01&to=2024-01-01', 400],
    ['get /coverage', '/api/coverage?tenant=x', 400],
    ['get /health', '/api/health', 200],
    ['get /entities/{kind}', '/api/entities/user?prefix=j', 200],
    ['get /entities/{kind}', '/api/entities/user?limit=x', 400],
    ['get /entities/{kind}/{key}', '/api/entities/user/{user}', 200],
    ['get /entities/{kind}/{key}', '/api/entities/user/nobody@nowhere.example', 404],
    ['get /bundle', '/api/bundle?user={user}', 200],
    ['get /bundle', '/api/bundle', 400],
    ['get /openapi.json', '/api/openapi.json', 200],
    ['get /openapi.json', '/api/openapi.json?pretty=1', 400],
  ])('of %s to %s are as described', async (call, path, status) => {
    const response = await get(path.replace('{user}', user));
    expect(response.status).toBe(status);
    const operation = operations().find(([name]) => name === call)![1];
    const type = response.headers.get('content-type')!.split(';')[0]!;
    expect(Object.keys(operation.responses[status]?.content ?? {})).toContain(type);
    if (type === 'application/zip') return;
    const validate = validator(operation, status, type)!;
    validate(await response.json());
    expect(validate.errors).toBeNull();
  });

  it('know exactly the parameters that are described', async () => {
    for (const [call, operation] of operations().filter(
      ([c]) => c.startsWith('get ') && builtCalls.includes(plain(c)),
    )) {
      const path = call
        .slice(4)
        .replace('{kind}', 'user')
        .replace('{key}', 'a@b.example')
        .replace('{id}', TENANT_A);
      const response = await get(`/api${path}?no-such-parameter=1`);
      const { remedy = '' } = (await response.json()) as { remedy?: string };
      const known = /^Known parameters: (.*)\.$/.exec(remedy)?.[1]?.split(', ').filter(Boolean).sort();
      const described = operation.parameters.filter((p) => p.in === 'query').map((p) => p.name);
      expect([call, response.status, known]).toEqual([call, 400, described.sort()]);
    }
  });
});

describe('function keys', () => {
  it.each([
    ['none', {}, 401],
    ['a wrong one', { 'x-functions-key': 'wrong' }, 401],
    ['the default key', { 'x-functions-key': KEYS.default }, 200],
  ])('%s', async (_name, headers, status) => {
    expect((await fetch(`${host.url}/api/coverage`, { headers })).status).toBe(status);
  });
});

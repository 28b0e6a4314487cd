import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { HttpFunction } from '../../../infra/local/host/functions.ts';
import { parseRouteTemplate } from '../../../infra/local/host/route-template.ts';
import { findRoute, routesOf, shadowedRoutes } from '../../../infra/local/host/routes.ts';

const match = (template: string, path: string) =>
  parseRouteTemplate(template).match(path.split('/').filter(Boolean));

const httpFunction = (name: string, route: string, methods: string[] = ['GET']): HttpFunction => ({
  type: 'http',
  name,
  route,
  methods,
  authLevel: 'anonymous',
  triggerName: 'trigger',
  disabled: false,
  metadata: { name, functionId: name, bindings: {} },
});

describe('a route template', () => {
  test.each([
    ['items', 'items', {}],
    ['items', 'ITEMS', {}],
    ['items', 'item', undefined],
    ['items', 'items/1', undefined],
    ['items/{id}', 'items/1', { id: '1' }],
    ['items/{id}', 'items', undefined],
    ['items/{id?}', 'items', {}],
    ['items/{id?}', 'items/1', { id: '1' }],
    ['items/{id=9}', 'items', { id: '9' }],
    ['items/{id=9}/{part?}', 'items/1/2', { id: '1', part: '2' }],
    ['{*path}', '', {}],
    ['{*path}', 'a/b/c', { path: 'a/b/c' }],
    ['files/{**path}', 'files/a/b', { path: 'a/b' }],
    ['{name}.{ext}', 'a.b.c', { name: 'a.b', ext: 'c' }],
    ['v{major}-x/{id}', 'v2-x/7', { major: '2', id: '7' }],
    ['a+b(c)/{id}', 'a+b(c)/1', { id: '1' }],
    ['{a}/{b}', '1/2', { a: '1', b: '2' }],
    ['{id:regex(^\\d{{3}}$)}', '123', { id: '123' }],
    ['{id:regex(^\\d{{3}}$)}', '12', undefined],
    ['{id:int:range(1,9)?}', '', {}],
    ['{id:int:range(1,9)?}', '5', { id: '5' }],
    ['{id:int:range(1,9)?}', '10', undefined],
  ])('%s against %s', (template, path, params) => {
    expect(match(template, path)).toEqual(params);
  });

  test.each([
    ['int', ['0', '-5', '2147483647'], ['2147483648', '1.5', 'x', '99999999999999999999999']],
    ['long', ['9223372036854775807'], ['9223372036854775808']],
    ['bool', ['true', 'False'], ['yes']],
    ['guid', ['123e4567-e89b-12d3-a456-426614174000', '123e4567e89b12d3a456426614174000'], ['123e4567']],
    ['alpha', ['abcXYZ'], ['ab1']],
    ['decimal', ['1', '-1.5', '.5'], ['1,5', 'x']],
    ['datetime', ['2026-01-02', '2026-01-02T03:04:05Z'], ['tomorrow']],
    ['length(3)', ['abc'], ['ab', 'abcd']],
    ['length(2,3)', ['ab', 'abc'], ['a', 'abcd']],
    ['minlength(2)', ['ab'], ['a']],
    ['maxlength(2)', ['ab'], ['abc']],
    ['min(3)', ['3'], ['2', 'x']],
    ['max(3)', ['3'], ['4']],
    ['required', ['a'], []],
  ])('constraint %s', (constraint, good, bad) => {
    const accepted = [...good, ...bad].filter((value) => match(`{v:${constraint}}`, value));
    expect(accepted).toEqual(good);
  });

  test.each(['{id', '{}', '{id:unknown}', '{a:int(}'])('%s is refused', (template) => {
    expect(() => parseRouteTemplate(template)).toThrow(/Route|constraint/);
  });

  test('gives back whatever segment a parameter stood for', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 4 }), (segments) => {
        const template = parseRouteTemplate(segments.map((_, index) => `{p${index}}`).join('/'));
        expect(Object.values(template.match(segments) ?? {})).toEqual(segments);
      }),
    );
  });
});

describe('routes', () => {
  test('are tried by name, and by method', () => {
    const routes = routesOf(
      [httpFunction('b', 'x/{id}'), httpFunction('A', 'x/one'), httpFunction('c', 'x/{id}', ['PUT'])],
      'api',
    );
    const found = (method: string, path: string) => findRoute(routes, method, path)?.route.function.name;
    expect(found('GET', '/api/x/one')).toBe('A');
    expect(found('GET', '/api/x/two')).toBe('b');
    expect(found('PUT', '/api/x/one')).toBe('c');
    expect(found('DELETE', '/api/x/one')).toBeUndefined();
    expect(found('GET', '/x/one')).toBeUndefined();
  });

  test("must not be the host's own", () => {
    expect(() => routesOf([httpFunction('f', 'admin/x')], '')).toThrow(/'admin\/x' of 'f' conflicts/);
    expect(routesOf([httpFunction('f', 'admin/x')], 'api')).toHaveLength(1);
  });

  test('without methods accept any', () => {
    const routes = routesOf([httpFunction('any', 'x', [])], '');
    expect(findRoute(routes, 'PATCH', '/x')?.route.path).toBe('/x');
  });

  test('decode a path once, and leave an encoded slash', () => {
    const routes = routesOf([httpFunction('f', '{id}')], 'api');
    const id = (path: string) => findRoute(routes, 'GET', path)?.params['id'];
    expect(id('/api/a%20b')).toBe('a b');
    expect(id('/api/a%2Fb')).toBe('a%2Fb');
    expect(id('/api/a%2520b')).toBe('a%20b');
    expect(id('/api/%E0%A4%A')).toBe('%E0%A4%A');
  });

  test('that an earlier one takes paths from are told', () => {
    const shadowed = (...functions: HttpFunction[]) =>
      shadowedRoutes(routesOf(functions, 'api')).map(
        ({ route, by }) => `${route.function.name} by ${by.function.name}`,
      );
    expect(shadowed(httpFunction('get', 'x/{id}'), httpFunction('recent', 'x/recent'))).toEqual([
      'recent by get',
    ]);
    expect(shadowed(httpFunction('all', '{*path}'), httpFunction('one', 'one'))).toEqual(['one by all']);
    expect(shadowed(httpFunction('get', 'x/{id}'), httpFunction('put', 'x/recent', ['PUT']))).toEqual([]);
    expect(shadowed(httpFunction('get', 'x/{id:int}'), httpFunction('recent', 'x/recent'))).toEqual([]);
    expect(shadowed(httpFunction('aRecent', 'x/recent'), httpFunction('get', 'x/{id}'))).toEqual([]);
  });
});

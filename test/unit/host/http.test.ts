import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { joinedQuery } from '../../../infra/local/host/http-request.ts';
import { setCookie } from '../../../infra/local/host/http-response.ts';
import { mayInvoke } from '../../../infra/local/host/keys.ts';
import type { HttpFunction } from '../../../infra/local/host/functions.ts';
import { decodeMessage, encodeMessages } from '../../../infra/local/host/queue-message.ts';

test('repeated query keys are joined, under the first spelling', () => {
  const query = new URLSearchParams('a=1&B=x&A=2&b=&c');
  expect(Object.fromEntries(joinedQuery(query))).toEqual({ a: '1,2', B: 'x,', c: '' });
});

test('a cookie cannot break out of its header', () => {
  expect(setCookie({ name: 'a', value: 'x; path=/evil\r\nset-cookie: b=1' })).toBe(
    'a=x%3B%20path%3D%2Fevil%0D%0Aset-cookie%3A%20b%3D1; path=/',
  );
});

test('without keys every level is open', () => {
  const guarded = { authLevel: 'admin', name: 'f' } as HttpFunction;
  expect(mayInvoke(undefined, guarded, undefined)).toBe(true);
  expect(mayInvoke({ master: 'm' }, guarded, undefined)).toBe(false);
  expect(mayInvoke({ master: '' }, guarded, '')).toBe(false);
});

describe('queue messages', () => {
  test.each(['base64', 'none'] as const)('survive %s encoding', (encoding) => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (text) => {
        const [message] = encodeMessages({ string: text }, encoding);
        expect(decodeMessage(message!, encoding)).toEqual({ string: text });
      }),
    );
  });

  test('are made of values of every kind', () => {
    expect(encodeMessages({ json: '[{"a":1},"b",2]' }, 'none')).toEqual(['{"a":1}', 'b', '2']);
    expect(encodeMessages({ json: '{"a":1}' }, 'none')).toEqual(['{"a":1}']);
    expect(encodeMessages({ int: 7 }, 'none')).toEqual(['7']);
    expect(encodeMessages({ bytes: Buffer.from([1, 2]) }, 'base64')).toEqual(['AQI=']);
  });

  test('that are not base64 are told from those that are', () => {
    expect(decodeMessage('{"a":1}', 'base64')).toBeUndefined();
    expect(decodeMessage('YWI', 'base64')).toBeUndefined();
    expect(decodeMessage('/w==', 'base64')).toEqual({ bytes: Buffer.from([0xff]) });
  });
});

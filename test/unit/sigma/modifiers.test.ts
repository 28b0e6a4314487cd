import { describe, expect, it, test } from 'vitest';
import { MODIFIERS } from '../../../shared/detect/sigma/modifiers/table.ts';
import { lineMatches } from './support.ts';

const base64 = (text: string, encoding: BufferEncoding = 'utf8') =>
  Buffer.from(text, encoding).toString('base64');
const wide = (text: string) => Buffer.from(text, 'utf16le');

type Case = [line: string, event: unknown, expected: boolean];

const CASES: Record<string, Case[]> = {
  contains: [
    ['f|contains: bar', { f: 'fooBARbaz' }, true],
    ['f|contains: bar', { f: 'ba r' }, false],
    ['f|contains: [x, bar]', { f: 'bar' }, true],
    ['f|contains: 12', { f: 4123 }, true],
    ["f|contains: 'a*c'", { f: '-abbc-' }, true],
    ['f|contains: b', { f: ['a', 'abc'] }, true],
    ['f|contains: \'"k":"v\'', { f: { k: 'value' } }, true],
    ['f|contains: \'"Name":"ForwardTo"\'', { f: [{ Name: 'ForwardTo', Value: 'x' }] }, true],
  ],
  startswith: [
    ['f|startswith: adm', { f: 'Administrator' }, true],
    ['f|startswith: adm', { f: 'xadm' }, false],
  ],
  endswith: [
    ["f|endswith: '\\cmd.exe'", { f: 'C:\\Windows\\CMD.exe' }, true],
    ["f|endswith: '\\cmd.exe'", { f: 'C:\\cmd.exe.bak' }, false],
  ],
  all: [
    ['f|contains|all: [a, b]', { f: 'b-a' }, true],
    ['f|contains|all: [a, b]', { f: 'a' }, false],
    ['f|contains|all: [a, b]', { f: ['a', 'b'] }, true],
    ['f|all: [a*, "*b"]', { f: 'a-b' }, true],
  ],
  cased: [
    ['f|cased: Abc', { f: 'Abc' }, true],
    ['f|cased: Abc', { f: 'abc' }, false],
    ['f|contains|cased: Bc', { f: 'ABcd' }, true],
    ['f|cased|contains: Bc', { f: 'abcd' }, false],
    ["f|cased: 'A?c'", { f: 'Axc' }, true],
  ],
  neq: [
    ['f|neq: a', { f: 'b' }, true],
    ['f|neq: a', { f: 'A' }, false],
    ['f|neq: [a, b]', { f: 'b' }, false],
    ['f|neq: 5', { f: 6 }, true],
    ['f|neq: 5', { f: '5' }, false],
    ['f|neq: a', {}, true],
    ['f|contains|neq: a', { f: 'bab' }, false],
    ['f|fieldref|neq: g', { f: 'x', g: 'y' }, true],
    ['f|fieldref|neq: g', { f: 'x', g: 'X' }, false],
  ],
  exists: [
    ['f|exists: true', { f: 'x' }, true],
    ['f|exists: true', { f: '' }, true],
    ['f|exists: true', { f: null }, true],
    ['f|exists: true', { g: 1 }, false],
    ['f|exists: false', { g: 1 }, true],
    ['f|exists: false', { f: null }, false],
    ['f.g|exists: true', { f: { g: [] } }, true],
  ],
  windash: [
    ["f|windash|contains: ' -param '", { f: 'a /param b' }, true],
    ["f|contains|windash: ' -param '", { f: 'a \u2013param b' }, true],
    ["f|contains|windash: ' /param '", { f: 'a \u2014param b' }, true],
    ["f|contains|windash: ' -param '", { f: 'a \u2015param b' }, true],
    ["f|contains|windash: ' -param '", { f: 'a -param b' }, true],
    ["f|contains|windash: ' -param '", { f: 'a +param b' }, false],
    ["f|windash|contains|all: [' -a', ' -b']", { f: 'x /a \u2013b' }, true],
    ["f|contains|windash: 'foo-bar'", { f: 'foo/bar' }, false],
    ["f|windash: '-a -b'", { f: '/a -b' }, true],
  ],
  re: [
    ["f|re: 'a.c'", { f: 'xxabcxx' }, true],
    ["f|re: '^a.c$'", { f: 'xabc' }, false],
    ["f|re: 'ABC'", { f: 'abc' }, false],
    ["f|re: '(?i)ABC'", { f: 'abc' }, true],
    ["f|re: '[0-9]{3}'", { f: 'a123' }, true],
    ["f|re: ['x+', 'y+']", { f: 'y' }, true],
    ["f|re|all: ['x', 'y']", { f: 'y' }, false],
    ["f|re: '^\\d+$'", { f: 42 }, true],
    ['f|re: \'"k":1\'', { f: { k: 1 } }, true],
  ],
  i: [["f|re|i: 'ABC'", { f: 'abc' }, true]],
  m: [
    ["f|re|m: '^b$'", { f: 'a\nb\nc' }, true],
    ["f|re: '^b$'", { f: 'a\nb\nc' }, false],
    ["f|re|i|m: '^B$'", { f: 'a\nb\nc' }, true],
  ],
  s: [
    ["f|re|s: 'a.b'", { f: 'a\nb' }, true],
    ["f|re: 'a.b'", { f: 'a\nb' }, false],
  ],
  cidr: [
    ['f|cidr: 10.0.0.0/8', { f: '10.200.3.4' }, true],
    ['f|cidr: 10.0.0.0/8', { f: '11.0.0.1' }, false],
    ['f|cidr: 192.0.2.0/24', { f: '192.0.2.7:51234' }, true],
    ['f|cidr: 192.0.2.0/24', { f: '::ffff:192.0.2.7' }, true],
    ['f|cidr: [10.0.0.0/8, "2001:db8::/32"]', { f: '2001:db8::1' }, true],
    ['f|cidr: "2001:db8::/32"', { f: '[2001:db8::1]:443' }, true],
    ['f|cidr: "2001:db8::/32"', { f: '2001:db9::1' }, false],
    ['f|cidr: 0.0.0.0/0', { f: 'host.example:443' }, false],
    ['f|cidr: 0.0.0.0/0', { f: '' }, false],
    ['f|cidr: 127.0.0.1/32', { f: '127.0.0.1' }, true],
  ],
  base64: [
    ['f|base64: secret', { f: base64('secret') }, true],
    ['f|base64|contains: /bin/bash', { f: `x ${base64('/bin/bash')} y` }, true],
    ['f|base64: secret', { f: 'secret' }, false],
  ],
  base64offset: [
    ['f|base64offset|contains: /bin/bash', { f: base64('/bin/bash -i') }, true],
    ['f|base64offset|contains: /bin/bash', { f: base64('x/bin/bash -i') }, true],
    ['f|base64offset|contains: /bin/bash', { f: base64('xy/bin/bash -i') }, true],
    ['f|base64offset|contains: /bin/bash', { f: base64('xyz/bin/bash') }, true],
    ['f|base64offset|contains: /bin/bash', { f: base64('/bin/zsh -i') }, false],
  ],
  // "Transforms value to UTF16-LE encoding, e.g. cmd > 63 00 6d 00 64 00"
  utf16le: [
    ['f|utf16le|base64: cmd', { f: Buffer.from('63006d006400', 'hex').toString('base64') }, true],
    ['f|utf16le: cmd', { f: 'c\0m\0d\0' }, true],
    [
      'f|utf16le|base64offset|contains: cmd',
      { f: Buffer.concat([Buffer.from('x'), wide('cmd.exe')]).toString('base64') },
      true,
    ],
  ],
  // "cmd > 00 63 00 6d 00 64"
  utf16be: [['f|utf16be|base64: cmd', { f: Buffer.from('0063006d0064', 'hex').toString('base64') }, true]],
  // "Prepends a byte order mark and encodes UTF16, e.g. cmd > FF FE 63 00 6d 00 64 00"
  utf16: [['f|utf16|base64: cmd', { f: Buffer.from('fffe63006d006400', 'hex').toString('base64') }, true]],
  wide: [
    ['f|wide|base64: cmd', { f: Buffer.from('63006d006400', 'hex').toString('base64') }, true],
    ['f|wide|base64offset|contains: [cmd, ping]', { f: wide('x ping y').toString('base64') }, true],
  ],
  expand: [
    ["f|expand: '%servers%'", { f: 'srv-17' }, true],
    ["f|expand: '%servers%'", { f: 'pc-17' }, false],
    ["f|expand: 'x-%admins%'", { f: 'x-root' }, true],
    ["f|contains|expand: '%admins%'", { f: 'user root logged in' }, true],
    ["f|expand|contains: '%admins%'", { f: 'user root logged in' }, true],
    ["f|expand: '\\%plain%admins%'", { f: '%plainroot' }, true],
    ["f: '%admins%'", { f: '%admins%' }, true],
    ["f: '%admins%'", { f: 'root' }, false],
    ["f|expand: '%nobody%'", { f: '' }, false],
    ["f|expand: ['%nobody%', fixed]", { f: 'fixed' }, true],
    ["f|contains|all|expand: ['%admins%', x]", { f: 'x root' }, false],
  ],
  fieldref: [
    ['f|fieldref: g', { f: 'Same', g: 'same' }, true],
    ['f|fieldref: g', { f: 'a', g: 'b' }, false],
    ['f|fieldref: g', { f: 'a' }, false],
    ['f|fieldref: g', {}, false],
    ['f|fieldref|startswith: g', { f: 'abc', g: 'ab' }, true],
    ['f|fieldref|endswith: g', { f: 'abc', g: 'bc' }, true],
    ['f|fieldref|contains: g', { f: 'abc', g: 'B' }, true],
    ['f|contains|fieldref: g', { f: 'abc', g: 'x' }, false],
    ['f|fieldref|cased: g', { f: 'A', g: 'a' }, false],
    ['f|fieldref: [g, h]', { f: '1', g: 0, h: 1 }, true],
    ['f|fieldref: g.h', { f: '1', g: { h: 1 } }, true],
  ],
  gt: [
    ['f|gt: 5', { f: 6 }, true],
    ['f|gt: 5', { f: 5 }, false],
    ['f|gt: 5', { f: '6.5' }, true],
    ['f|gt: 5', { f: 'six' }, false],
    ['f|gt: 5', {}, false],
  ],
  gte: [
    ['f|gte: 5', { f: 5 }, true],
    ['f|gte: 5', { f: 4.9 }, false],
  ],
  lt: [
    ['f|lt: -1', { f: '-2' }, true],
    ['f|lt: 5', { f: '' }, false],
  ],
  lte: [
    ['f|lte: 5', { f: 5 }, true],
    ['f|lte: 5', { f: 6 }, false],
  ],
  minute: [['f|minute: 5', { f: '2026-01-02T03:05:59Z' }, true]],
  hour: [
    ['f|hour: 3', { f: '2026-01-02T03:05:59.1234567Z' }, true],
    ['f|hour: [22, 23]', { f: '2026-01-02T03:05:59' }, false],
    ['f|hour|gte: 20', { f: '2026-01-02T22:05:59' }, true],
    ['f|hour|lt: 6', { f: '2026-01-02T22:05:59' }, false],
    ['f|hour|neq: 3', { f: '2026-01-02T03:05:59' }, false],
    ['f|hour: 3', { f: 'no date' }, false],
    // UTC: "not designed to handle timezone ... conversions".
    ['f|hour: 1', { f: '2026-01-02T03:05:59+02:00' }, true],
  ],
  day: [['f|day: 2', { f: '2026-01-02T03:05:59Z' }, true]],
  week: [
    ['f|week: 1', { f: '2026-01-02T03:05:59Z' }, true],
    ['f|week: 53', { f: '2021-01-03T00:00:00Z' }, true],
    ['f|week: 1', { f: '2024-12-30T00:00:00Z' }, true],
  ],
  month: [['f|month: 12', { f: '2026-12-02T03:05:59Z' }, true]],
  year: [
    ['f|year: 2026', { f: '2026-12-02T03:05:59Z' }, true],
    ['f|year: 2025', { f: '2026-12-02T03:05:59Z' }, false],
  ],
};

const LISTS = { Servers: ['srv*'], admins: ['root', 'adm'], nobody: [] };

describe('modifiers (specification v2.1, appendix)', () => {
  it('has cases for every modifier', () => {
    expect(Object.keys(CASES).sort()).toEqual(Object.keys(MODIFIERS).sort());
  });

  for (const [modifier, cases] of Object.entries(CASES))
    describe(`modifier ${modifier}`, () => {
      test.each(cases)('%s on %j: %s', (line, event, expected) => {
        expect(lineMatches(line, event, LISTS)).toBe(expected);
      });
    });
});

import { describe, expect, it, test } from 'vitest';
import { lineMatches, matches } from './support.ts';

describe('strings, wildcards and escapes (specification: "String Wildcard", "Escape Character")', () => {
  // [value in the rule (single-quoted YAML), text in the record, does it match?]
  const cases: [string, string, boolean][] = [
    ['whoami.exe', 'WHOAMI.EXE', true],
    ['whoami.exe', 'whoami.exe ', false],
    ['prog?.exe', 'progA.exe', true],
    ['prog?.exe', 'prog.exe', false],
    ['prog?.exe', 'progAB.exe', false],
    ['antivirus_V*.exe', 'antivirus_V1.exe', true],
    ['antivirus_V*.exe', 'antivirus_V21.2.1.exe', true],
    ['antivirus_V*.exe', 'antivirus.exe', false],
    ['*', '', true],
    ['**', 'x', true],
    ['a*b*c', 'a--b--b--c', true],
    ['a*b*c', 'a--c--b', false],
    ['*ab?d*', 'xxabacabcdyy', true],
    ['?*', '', false],
    ['?*', 'x', true],
    ['*aab', 'aaab', true],
    ['a*a', 'a', false],
    // "Plain backslash not followed by a wildcard can be expressed as single \ or double backslash \\."
    ['C:\\Windows', 'C:\\Windows', true],
    ['C:\\\\Windows', 'C:\\Windows', true],
    // "A wildcard has to be escaped to be handled as a plain character."
    ['what\\?', 'what?', true],
    ['what\\?', 'whatx', false],
    ['5\\*5', '5*5', true],
    ['5\\*5', '5x5', false],
    // "The backslash before a wildcard has to be escaped to handle the value as a backslash followed by a wildcard."
    ['C:\\\\*', 'C:\\anything', true],
    ['C:\\\\*', 'C:*', false],
    // "Three backslashes are necessary to escape both, the backslash and the wildcard."
    ['C:\\\\\\*', 'C:\\*', true],
    ['C:\\\\\\*', 'C:\\x', false],
    // "Three or four backslashes are handled as double backslash."
    ['\\\\\\\\server', '\\\\server', true],
    ['\\\\\\server', '\\\\server', true],
    ['İstanbul', 'i̇stanbul', true],
    ['Straße', 'STRASSE', false],
  ];
  test.each(cases)('%s against %s: %s', (pattern, text, expected) => {
    expect(lineMatches(`f: '${pattern}'`, { f: text })).toBe(expected);
  });
});

describe('types of values', () => {
  const cases: [string, unknown, boolean][] = [
    ['f: 4688', { f: 4688 }, true],
    ['f: 4688', { f: '4688' }, true],
    ["f: '4688'", { f: 4688 }, true],
    ['f: 0', { f: '0' }, true],
    ['f: 0', { f: '' }, false],
    ['f: 0', {}, false],
    ['f: 1.5', { f: '1.50' }, true],
    ['f: -1', { f: -1 }, true],
    ['f: 0x17', { f: 23 }, true],
    ['f: 0x17', { f: '0x17' }, true],
    ['f: 12345678901234567890', { f: '12345678901234567890' }, true],
    ['f: 12345678901234567890', { f: '12345678901234567891' }, false],
    ['f: true', { f: true }, true],
    ['f: true', { f: 'True' }, true],
    ["f: 'false'", { f: false }, true],
    ['f: false', {}, false],
    ["f: ''", { f: '' }, true],
    ["f: ''", { f: ' ' }, false],
    ["f: ''", { f: null }, false],
    ["f: ''", {}, false],
    ['f: null', {}, true],
    ['f: null', { f: null }, true],
    ['f: null', { f: '' }, false],
    ['f: null', { f: 0 }, false],
    ['f:', { f: null }, true],
    ['f: [a, b]', { f: 'B' }, true],
    ['f: [a, b]', { f: 'c' }, false],
    ["f: ['', x]", { f: '' }, true],
    ["f: '*'", { f: null }, false],
    ["f: '*'", {}, false],
    ["f: '*'", { f: '' }, true],
  ];
  test.each(cases)('%s on %j: %s', (line, event, expected) => {
    expect(lineMatches(line, event)).toBe(expected);
  });
});

describe('lists, maps and keywords', () => {
  it('joins the fields of a map by and', () => {
    const detection = 'selection:\n  EventLog: Security\n  EventID: [517, 1102]\ncondition: selection';
    expect(matches(detection, { EventLog: 'security', EventID: 1102 })).toBe(true);
    expect(matches(detection, { EventLog: 'security', EventID: 4 })).toBe(false);
  });

  it('joins the maps of a list by or', () => {
    const detection =
      "s:\n  - Image|endswith: '\\example.exe'\n  - Description|contains: 'Test executable'\ncondition: s";
    expect(matches(detection, { Image: 'C:\\example.exe' })).toBe(true);
    expect(matches(detection, { Description: 'a test executable!' })).toBe(true);
    expect(matches(detection, { Image: 'C:\\other.exe', Description: 'no' })).toBe(false);
  });

  const keywords: [string, unknown, boolean][] = [
    ["k: ['EVILSERVICE', 'svchost.exe -n evil']", { a: { b: ['run SVCHOST.exe -n EVIL now'] } }, true],
    ["k: ['EVILSERVICE', 'svchost.exe -n evil']", { a: 'svchost.exe' }, false],
    [
      "k: { '|all': [OabVirtualDirectory, ' -ExternalUrl '] }",
      { x: 'Set-OabVirtualDirectory', y: 'a -ExternalUrl b' },
      true,
    ],
    ["k: { '|all': [OabVirtualDirectory, ' -ExternalUrl '] }", { x: 'Set-OabVirtualDirectory' }, false],
    ["k: { '|re': 'a{3}' }", { x: [{ y: 'caaat' }] }, true],
    ['k: [4688]', { id: 4688 }, true],
    ["k: ['a*z']", { x: '--abcz--' }, true],
    ['k: lonely', { x: 'a lonely word' }, true],
    ['k: [keyname]', { keyname: 'value' }, false],
    ['k: [word, { f: 1 }]', { f: 1 }, true],
    ['k: [word, { f: 1 }]', { g: 'a word' }, true],
  ];
  test.each(keywords)('%s on %j: %s', (selection, event, expected) => {
    expect(matches(`${selection}\ncondition: k`, event)).toBe(expected);
  });
});

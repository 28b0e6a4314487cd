import { describe, expect, test } from 'vitest';
import { lineMatches } from './support.ts';

const NAMED = {
  Parameters: [
    { Name: 'Identity', Value: 'a@b' },
    { Name: 'ForwardTo', Value: 'evil@x' },
    { Name: 'Included Updated Properties', Value: 'z' },
  ],
  ModifiedProperties: [
    { Name: 'AppAddress', OldValue: 'old', NewValue: 'new' },
    { Name: 'ConsentContext.IsAdminConsent', OldValue: '', NewValue: 'True' },
  ],
  additionalDetails: [{ key: 'User-Agent', value: 'curl' }],
  targetResources: [
    { displayName: 'first', modifiedProperties: [] },
    {
      displayName: 'second',
      modifiedProperties: [{ displayName: 'Flag', oldValue: null, newValue: '"False"' }],
    },
  ],
  ExtendedProperties: [{ Name: 'additionalDetails', Value: '{"User-Agent":"wget","n":{"deep":[1,2]}}' }],
};

describe('field paths', () => {
  const cases: [line: string, event: unknown, expected: boolean][] = [
    ['a.b.c: 1', { a: { b: { c: 1 } } }, true],
    ['A.B.c: 1', { a: { b: { C: 1 } } }, true],
    ['ab: 1', { AB: 2, ab: 1 }, true],
    ['a.b: 1', { 'a.b': 1 }, true],
    ['a.b.c: 1', { a: { 'b.c': 1 } }, true],
    ['a.b: 2', { a: [{ b: 1 }, { b: 2 }] }, true],
    ['a.b: 3', { a: [{ b: 1 }, { b: [2, 3] }] }, true],
    ['a: 2', { a: [1, [2]] }, true],
    ['a.b: 1', { a: null }, false],
    ['a.b: 1', { a: 'text' }, false],
    ['ThreatName: x', { 'Threat Name': 'x' }, true],
    ['constructor: null', {}, true],
    ['a.toString: null', { a: {} }, true],
    ['a|exists: false', [], true],
    ['Parameters.ForwardTo: evil@x', NAMED, true],
    ['parameters.forwardto: evil@x', NAMED, true],
    ['Parameters.Name: Identity', NAMED, true],
    ['Parameters.IncludedUpdatedProperties: z', NAMED, true],
    ['Parameters.RedirectTo|exists: true', NAMED, false],
    ['ModifiedProperties.AppAddress: new', NAMED, true],
    ['ModifiedProperties.AppAddress: old', NAMED, false],
    ['ModifiedProperties.AppAddress.OldValue: old', NAMED, true],
    ['ModifiedProperties.ConsentContext.IsAdminConsent: true', NAMED, true],
    ['additionalDetails.User-Agent: curl', NAMED, true],
    ['targetResources.displayName: second', NAMED, true],
    ["targetResources.modifiedProperties.Flag: 'false'", NAMED, true],
    ['targetResources.modifiedProperties.newValue: "\\"False\\""', NAMED, true],
    ['ExtendedProperties.additionalDetails.User-Agent: wget', NAMED, true],
    ['ExtendedProperties.additionalDetails.n.deep: 2', NAMED, true],
    ['Parameters|contains: \'"Name":"ForwardTo","Value":"evil\'', NAMED, true],
    ["a: '[]'", { a: [] }, true],
    ['a: \'{"b":1}\'', { a: { b: 1 } }, true],
  ];
  test.each(cases)('%s (%#): %s', (line, event, expected) => {
    expect(lineMatches(line, event)).toBe(expected);
  });

  test('deep nesting is followed within bounds and never throws', () => {
    let nested: unknown = 'leaf';
    for (let i = 0; i < 5000; i++) nested = i % 2 ? [nested] : { a: nested };
    const event = { top: nested };
    expect(lineMatches('top.a.a.a: leaf', event)).toBe(false);
    expect(lineMatches(`'|contains': leaf`, event)).toBe(true);
  });
});

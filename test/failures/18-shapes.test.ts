import { describe, expect, it } from 'vitest';
import { audit, HOUR, inWorld, signIn, START, ual } from '../support/collector-world.ts';

const withText = (record: ReturnType<typeof audit>, change: (text: string) => string) => ({
  ...record,
  text: change(record.text),
});
const status = (value: string) => (text: string) => text.replace('{"errorCode":0}', value);

// Defence: DESIGN §5.6: text is archived verbatim, facts are read without trust (readFacts never throws), rows are
// per entity and typed by us.
describe('18: a property that changes its type', () => {
  const records = [
    withText(signIn('object', START - HOUR), (t) => t),
    withText(signIn('string', START - HOUR), status('"success"')),
    withText(signIn('number', START - HOUR), status('50126')),
    withText(signIn('null', START - HOUR), status('null')),
    withText(signIn('array', START - HOUR), status('[{"errorCode":0}]')),
    withText(signIn('user', START - HOUR), (t) =>
      t.replace(/"userPrincipalName":"[^"]*"/, '"userPrincipalName":{"upn":1}'),
    ),
    withText(signIn('deep', START - HOUR), status(`${'['.repeat(400)}${']'.repeat(400)}`)),
    withText(signIn('big', START - HOUR), status('{"errorCode":12345678901234567890123}')),
    ual('ids', START - HOUR, START - HOUR, 'ual-general', { UserId: ['a', 'b'], ClientIP: 7, Operation: {} }),
    ual('proto', START - HOUR, START - HOUR, 'ual-general', { ['__proto__']: { x: 1 }, constructor: 'c' }),
  ];

  it(
    'drops no record and indexes the rest',
    inWorld({ sources: ['signins-interactive', 'ual-general'], records }, async (world) => {
      await world.run();
      expect(world.archived().sort()).toEqual(records.map((r) => r.text).sort());
      expect(world.queues.poison).toEqual([]);
      const { tables, rebuilt } = await world.tablesAndRebuild();
      expect(tables).toEqual(rebuilt);
      expect(tables.length).toBeGreaterThan(5);
    }),
  );
});

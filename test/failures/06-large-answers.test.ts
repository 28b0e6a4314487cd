import { describe, expect, it } from 'vitest';
import { measureCollector } from './large-answer.ts';

const MB = 1024 * 1024;

// Defence: ArrayCutter and Spool.flushIfFull: records go to the archive while the body still arrives. The collector
// runs in a process of its own against the tenant in this one; VmHWM is its peak resident memory.
describe('6: large answers', () => {
  it.each([
    ['a 100 MB page of a Graph report', { source: 'directory-audits', bytes: 100 * MB, records: 25_000 }],
    ['a 70 MB content blob of the feed', { source: 'ual-exchange', bytes: 70 * MB, records: 20_000 }],
    ['a 100 MB page of a few huge records', { source: 'directory-audits', bytes: 100 * MB, records: 25 }],
  ] as const)('%s streams through in less than 300 MB', async (_name, big) => {
    const { peakBytes, archived, plainBytes } = await measureCollector(big);
    expect(archived).toBe(big.records + 1);
    expect(plainBytes).toBeGreaterThan(big.bytes);
    expect(peakBytes).toBeLessThan(300 * MB);
  });
});

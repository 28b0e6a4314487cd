import { describe, expect, it } from 'vitest';
import { measureCollector } from './large-answer.ts';

const MB = 1024 * 1024;

// Defence: DESIGN §5.9, ArrayCutter, Spool.flushIfFull, and nothing that outlives a chunk may hold it (body.ts: a race
// against one long-lived promise kept them all). Elastic's input needs 204 MB and 12 times the blob's size; ours must
// not depend on it. (#6 holds the absolute bounds.)
describe('17: memory and the size of a blob', () => {
  it('does not grow with it: 200 MB take at most 50 MB more than 30 MB', async () => {
    const blob = (bytes: number) =>
      measureCollector({ source: 'ual-exchange', bytes, records: Math.floor(bytes / 4096) });
    const small = await blob(30 * MB);
    const large = await blob(200 * MB);
    expect(large.plainBytes - small.plainBytes).toBeGreaterThan(170 * MB);
    expect(large.peakBytes - small.peakBytes).toBeLessThan(50 * MB);
  });
});

import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ahead } from '../../shared/parallel.ts';

async function* later<T>(items: readonly T[]): AsyncIterable<T> {
  for (const item of items) yield await setImmediate(item);
}

describe('work that is begun ahead', () => {
  it.each([1, 2, 3, 16])('gives results in order, never more than %i under way', async (width) => {
    let [under, most] = [0, 0];
    const task = async (n: number): Promise<number> => {
      most = Math.max(most, ++under);
      for (let i = 0; i < (n * 7) % 5; i++) await setImmediate();
      under--;
      return n * 2;
    };
    const items = Array.from({ length: 50 }, (_, n) => n);
    for (const source of [items, later(items)]) {
      const found: number[] = [];
      for await (const result of ahead<number, number>(source, width, task)) found.push(result);
      expect(found).toEqual(items.map((n) => n * 2));
    }
    expect(most).toBeLessThanOrEqual(width);
    expect(most).toBeGreaterThan(width / 2);
  });

  it('keeps the next under way while one is looked at', async () => {
    const begun: number[] = [];
    const task = (n: number): Promise<number> => Promise.resolve(begun.push(n));
    for await (const count of ahead([1, 2, 3, 4], 2, task)) expect(begun.length).toBe(Math.min(4, count + 1));
  });

  it('ends with the first fault in order, and begins nothing after it', async () => {
    const begun: number[] = [];
    const task = (n: number): Promise<number> => {
      begun.push(n);
      return n >= 3 ? Promise.reject(new Error(`no ${n}`)) : Promise.resolve(n);
    };
    const found: number[] = [];
    const all = async (): Promise<void> => {
      for await (const n of ahead(later([1, 2, 3, 4, 5, 6, 7, 8]), 4, task)) found.push(n);
    };
    await expect(all()).rejects.toThrow('no 3');
    expect(found).toEqual([1, 2]);
    expect(begun.length).toBeLessThan(8);
  });

  it('lets its source go when nobody asks on', async () => {
    let closed = false;
    async function* source(): AsyncIterable<number> {
      try {
        yield* later([1, 2, 3, 4]);
      } finally {
        closed = true;
      }
    }
    for await (const n of ahead(source(), 2, (n) => Promise.resolve(n))) if (n === 1) break;
    expect(closed).toBe(true);
  });
});

import type { QueueClient } from '@azure/storage-queue';
import type { Activity } from './activity.ts';
import { messageCount } from './queues.ts';

const FIRST_LOOK_MS = 20;
const LONGEST_LOOK_MS = 250;

/**
 * Resolves when nothing runs and no trigger queue holds a message, visible or not. Messages in poison
 * queues are nobody's work. Rejects when that takes longer than `limitMs`.
 */
export async function untilIdle(
  activity: Activity,
  queues: readonly QueueClient[],
  limitMs: number,
): Promise<void> {
  const end = Date.now() + limitMs;
  let waitMs = FIRST_LOOK_MS;
  while (!(await isIdle(activity, queues))) {
    if (Date.now() > end) throw new Error(`Not idle after ${limitMs} ms: ${await account(activity, queues)}`);
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    waitMs = Math.min(waitMs * 1.5, LONGEST_LOOK_MS);
  }
}

async function isIdle(activity: Activity, queues: readonly QueueClient[]): Promise<boolean> {
  const { begun } = activity;
  if (activity.running > 0) return false;
  const counts = await Promise.all(queues.map(messageCount));
  // Work that began between two counts may have sent to a queue already counted.
  return counts.every((count) => count === 0) && activity.running === 0 && activity.begun === begun;
}

async function account(activity: Activity, queues: readonly QueueClient[]): Promise<string> {
  const counts = await Promise.all(queues.map(async (queue) => `${queue.name} ${await messageCount(queue)}`));
  return `${activity.running} running; messages: ${counts.join(', ') || 'no queues'}`;
}

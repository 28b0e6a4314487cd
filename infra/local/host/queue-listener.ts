import type { DequeuedMessageItem, QueueClient, QueueServiceClient } from '@azure/storage-queue';
import type { Activity } from './activity.ts';
import type { TypedData } from './core-api.ts';
import type { QueueFunction } from './functions.ts';
import type { QueueSettings } from './host-json.ts';
import type { Invoker } from './invocations.ts';
import { describe, type Log } from './log.ts';
import { pause, Sleeper } from './pause.ts';
import { QueueLease } from './queue-lease.ts';
import { decodeMessage } from './queue-message.ts';
import { accountOf, isGone } from './queues.ts';

const SHORTEST_POLL_MS = 100;
const WAKE_SPACING_MS = 50;

export interface QueueListenerParts {
  readonly of: QueueFunction;
  readonly service: QueueServiceClient;
  readonly settings: QueueSettings;
  readonly invoker: Invoker;
  readonly activity: Activity;
  readonly log: Log;
  readonly stopping: AbortSignal;
  readonly leaseMs: number;
  /** Longest pause between two looks at an empty queue, milliseconds. */
  readonly longestPollMs: number;
}

/** A queue trigger: https://github.com/Azure/azure-webjobs-sdk `QueueListener`, in short. */
export class QueueListener {
  readonly queue: QueueClient;
  readonly #parts: QueueListenerParts;
  readonly #poison: QueueClient;
  readonly #processing = new Set<Promise<void>>();
  readonly #leases = new Set<QueueLease>();
  readonly #sleeper = new Sleeper();
  #loop: Promise<void> | undefined;
  #fault: string | undefined;

  constructor(parts: QueueListenerParts) {
    this.#parts = parts;
    this.queue = parts.service.getQueueClient(parts.of.queueName);
    this.#poison = parts.service.getQueueClient(`${parts.of.queueName}-poison`);
  }

  start(): void {
    // Whatever ran may have sent a message here; looking at once saves the back-off's wait.
    const unsubscribe = this.#parts.activity.onEnd(() => this.#sleeper.wake());
    this.#parts.stopping.addEventListener('abort', () => this.#sleeper.wake(), { once: true });
    this.#loop = this.#poll().finally(unsubscribe);
  }

  /** Resolves when no more is fetched; what runs is waited for by whoever stops the host. */
  async stopped(): Promise<void> {
    await this.#loop;
  }

  /** Renews no lease any more: what still runs is given up, and its message shows again in time. */
  abandon(): void {
    for (const lease of this.#leases) lease.abandon();
  }

  async #poll(): Promise<void> {
    const { stopping, settings, longestPollMs } = this.#parts;
    let waitMs = Math.min(SHORTEST_POLL_MS, longestPollMs);
    while (!stopping.aborted) {
      // The end of one's own messages wakes, too.
      if (this.#processing.size > settings.newBatchThreshold) await this.#sleeper.sleep(longestPollMs);
      else if ((await this.#fetch()) > 0) waitMs = SHORTEST_POLL_MS;
      else waitMs = await this.#rest(waitMs);
    }
  }

  /** Waits after an empty fetch; the length of the next such wait. */
  async #rest(waitMs: number): Promise<number> {
    if ((await this.#sleeper.sleep(waitMs)) === 'slept')
      return Math.min(waitMs * 2, this.#parts.longestPollMs);
    // Many small jobs ending elsewhere must not become as many looks into this queue.
    await pause(WAKE_SPACING_MS, this.#parts.stopping);
    return SHORTEST_POLL_MS;
  }

  /** Fetches a batch and begins it; the number of messages. */
  async #fetch(): Promise<number> {
    const { settings, stopping } = this.#parts;
    const messages = await this.#receive(settings.batchSize);
    for (const message of messages) {
      const lease = new QueueLease(this.queue, message, this.#leaseSeconds);
      // Stopped while the batch was on its way: hand it straight back.
      if (stopping.aborted) await lease.release(0);
      else this.#begin(message, lease);
    }
    return messages.length;
  }

  async #receive(numberOfMessages: number): Promise<DequeuedMessageItem[]> {
    try {
      const answer = await this.queue.receiveMessages({
        numberOfMessages,
        visibilityTimeout: this.#leaseSeconds,
      });
      this.#fault = undefined;
      return answer.receivedMessageItems;
    } catch (error) {
      // The real trigger does not create its queue: it waits until somebody does.
      if (!isGone(error)) await this.#bear(error);
      return [];
    }
  }

  /** A fault that lasts is told once, and not hammered at. */
  async #bear(error: unknown): Promise<void> {
    const fault = `Queue '${this.queue.name}' cannot be read: ${accountOf(error)}`;
    if (fault !== this.#fault) this.#warn(`${fault}. Trying again; repeats are not told.`);
    this.#fault = fault;
    await pause(this.#parts.longestPollMs, this.#parts.stopping);
  }

  get #leaseSeconds(): number {
    return Math.max(1, Math.ceil(this.#parts.leaseMs / 1000));
  }

  #begin(message: DequeuedMessageItem, lease: QueueLease) {
    const work = this.#parts.activity
      .track(() => this.#process(message, lease))
      .catch((error: unknown) =>
        this.#warn(`Message ${message.messageId} could not be settled: ${describe(error)}`),
      )
      .finally(() => {
        this.#processing.delete(work);
        this.#leases.delete(lease);
        this.#sleeper.wake();
      });
    this.#processing.add(work);
    this.#leases.add(lease);
  }

  async #process(message: DequeuedMessageItem, lease: QueueLease): Promise<void> {
    const { settings } = this.#parts;
    const data = decodeMessage(message.messageText, settings.messageEncoding);
    if (message.dequeueCount > settings.maxDequeueCount || data === undefined)
      return this.#discard(message, lease);
    if (await this.#succeeds(message, data)) return lease.delete();
    if (message.dequeueCount >= settings.maxDequeueCount) return this.#discard(message, lease);
    return lease.release(Math.round(settings.visibilityTimeoutMs / 1000));
  }

  async #succeeds(message: DequeuedMessageItem, data: TypedData): Promise<boolean> {
    try {
      await this.#parts.invoker.run(this.#parts.of, { data, metadata: metadataOf(message, data) });
      return true;
    } catch {
      // The invoker has logged it; the message's fate is decided by its count.
      return false;
    }
  }

  async #discard(message: DequeuedMessageItem, lease: QueueLease): Promise<void> {
    await this.#poison.createIfNotExists();
    await this.#poison.sendMessage(message.messageText);
    await lease.delete();
    const { maxDequeueCount } = this.#parts.settings;
    this.#warn(
      `Message ${message.messageId} failed ${message.dequeueCount} of ${maxDequeueCount} times or cannot be decoded: moved to '${this.#poison.name}'.`,
    );
  }

  #warn(message: string) {
    this.#parts.log({ level: 'warning', category: 'host', message, functionName: this.#parts.of.name });
  }
}

const metadataOf = (message: DequeuedMessageItem, data: TypedData): Record<string, TypedData> => ({
  QueueTrigger: data,
  Id: { string: message.messageId },
  PopReceipt: { string: message.popReceipt },
  DequeueCount: { json: String(message.dequeueCount) },
  InsertionTime: { json: JSON.stringify(message.insertedOn) },
  ExpirationTime: { json: JSON.stringify(message.expiresOn) },
  NextVisibleTime: { json: JSON.stringify(message.nextVisibleOn) },
});

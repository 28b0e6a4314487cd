import type { DequeuedMessageItem, QueueClient } from '@azure/storage-queue';
import { isGone } from './queues.ts';

/**
 * Keeps a received message invisible to others while it is worked on, by renewing at half-time. A host
 * that dies lets the lease run out, and the message shows again.
 */
export class QueueLease {
  readonly #queue: QueueClient;
  readonly #message: DequeuedMessageItem;
  readonly #seconds: number;
  #popReceipt: string;
  #timer: NodeJS.Timeout | undefined;
  #renewal: Promise<void> = Promise.resolve();
  #ended = false;

  constructor(queue: QueueClient, message: DequeuedMessageItem, seconds: number) {
    this.#queue = queue;
    this.#message = message;
    this.#seconds = seconds;
    this.#popReceipt = message.popReceipt;
    this.#schedule();
  }

  async delete(): Promise<void> {
    await this.#end();
    await unlessGone(this.#queue.deleteMessage(this.#message.messageId, this.#popReceipt));
  }

  /** Shows the message again after `seconds`. */
  async release(seconds: number): Promise<void> {
    await this.#end();
    await unlessGone(
      this.#queue.updateMessage(this.#message.messageId, this.#popReceipt, undefined, seconds),
    );
  }

  /** Renews no more; the lease runs out by itself. */
  abandon(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
  }

  async #end() {
    this.abandon();
    await this.#renewal;
  }

  #schedule() {
    if (this.#ended) return;
    this.#timer = setTimeout(() => {
      this.#renewal = this.#renew();
    }, this.#seconds * 500);
  }

  async #renew(): Promise<void> {
    try {
      const { messageId } = this.#message;
      const answer = await this.#queue.updateMessage(messageId, this.#popReceipt, undefined, this.#seconds);
      this.#popReceipt = answer.popReceipt ?? this.#popReceipt;
      this.#schedule();
    } catch (error) {
      // Lost to another worker: nothing left to renew. Anything else is tried again before it is too late.
      if (!isGone(error)) this.#schedule();
    }
  }
}

async function unlessGone(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

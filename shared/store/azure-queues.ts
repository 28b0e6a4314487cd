import type { QueueClient } from '@azure/storage-queue';
import type { QueueStore } from './stores.ts';

/** Queues through the Azure SDK; base64 text as the Functions host expects by default. */
export class AzureQueues implements QueueStore {
  readonly #client: (queue: string) => QueueClient;

  constructor(client: (queue: string) => QueueClient) {
    this.#client = client;
  }

  async send(queue: string, messages: readonly unknown[], options: { delayMs?: number } = {}): Promise<void> {
    const client = this.#client(queue);
    const visibilityTimeout = Math.ceil((options.delayMs ?? 0) / 1000);
    const texts = messages.map((m) => Buffer.from(JSON.stringify(m)).toString('base64'));
    for (let at = 0; at < texts.length; at += 16) {
      await Promise.all(
        texts.slice(at, at + 16).map((text) =>
          client.sendMessage(text, {
            messageTimeToLive: -1,
            ...(visibilityTimeout > 0 && { visibilityTimeout }),
          }),
        ),
      );
    }
  }
}

import { type QueueClient, QueueServiceClient, RestError } from '@azure/storage-queue';
import { connectionStringOf, type Env, expandSettings } from './settings.ts';

/** Queue clients by the setting that names their connection. */
export class Queues {
  readonly #env: Readonly<Env>;
  readonly #services = new Map<string, QueueServiceClient>();

  constructor(env: Readonly<Env>) {
    this.#env = env;
  }

  service(connection: string | undefined): QueueServiceClient {
    const text = connectionStringOf(connection, this.#env);
    const known =
      this.#services.get(text) ??
      QueueServiceClient.fromConnectionString(text, { retryOptions: { maxTries: 3 } });
    this.#services.set(text, known);
    return known;
  }

  expand(text: string): string {
    return expandSettings(text, this.#env);
  }
}

/** Messages visible and invisible; a queue nobody made yet holds none. */
export async function messageCount(queue: QueueClient): Promise<number> {
  try {
    return (await queue.getProperties()).approximateMessagesCount ?? 0;
  } catch (error) {
    if (isGone(error)) return 0;
    throw error;
  }
}

/** The queue or the message is not there, or another worker holds the message by now. */
export const isGone = (error: unknown): boolean =>
  error instanceof RestError && (error.statusCode === 404 || error.code === 'PopReceiptMismatch');

/** Storage's own code says more than the SDK's message does. */
export const accountOf = (error: unknown): string =>
  error instanceof RestError
    ? `${error.code ?? error.name} (${error.statusCode ?? 'no answer'})`
    : String(error);

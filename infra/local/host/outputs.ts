import type { QueueServiceClient } from '@azure/storage-queue';
import type { BindingInfo, InvocationResponse, TypedData } from './core-api.ts';
import type { HostedFunction } from './functions.ts';
import { encodeMessages } from './queue-message.ts';
import type { Queues } from './queues.ts';

/** Writes output bindings: queues only. HTTP's own output is the response, written elsewhere. */
export class Outputs {
  readonly #queues: Queues;
  readonly #encoding: 'base64' | 'none';

  constructor(queues: Queues, encoding: 'base64' | 'none') {
    this.#queues = queues;
    this.#encoding = encoding;
  }

  async send(of: HostedFunction, response: InvocationResponse): Promise<void> {
    for (const { name, data } of response.outputData ?? []) await this.#write(of, name, data);
    await this.#write(of, '$return', response.returnValue);
  }

  /** What the host does not know is a fault at start: nothing must be dropped in silence. */
  check(of: HostedFunction): void {
    for (const binding of Object.values(of.metadata.bindings)) {
      const known = binding.direction === 'in' || isHttp(binding) || isQueue(binding);
      if (!known)
        throw new Error(`The local host knows no output binding '${binding.type}'; '${of.name}' has one.`);
      if (isQueue(binding) && binding.direction === 'out') this.#service(binding);
    }
  }

  async #write(of: HostedFunction, name: string, data: TypedData | null | undefined): Promise<void> {
    const binding = of.metadata.bindings[name];
    if (!binding || !isQueue(binding) || !data) return;
    const queue = this.#service(binding).getQueueClient(this.#queues.expand(String(binding['queueName'])));
    // The real binding creates the queue; a trigger does not.
    await queue.createIfNotExists();
    for (const message of encodeMessages(data, this.#encoding)) await queue.sendMessage(message);
  }

  #service(binding: BindingInfo): QueueServiceClient {
    return this.#queues.service(binding['connection'] as string | undefined);
  }
}

const isHttp = (binding: BindingInfo): boolean => binding.type.toLowerCase() === 'http';
const isQueue = (binding: BindingInfo): boolean => binding.type.toLowerCase() === 'queue';

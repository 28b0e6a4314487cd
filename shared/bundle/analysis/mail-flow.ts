import { textAt } from '../../indexing/fields.ts';
import type { Event } from '../../detect/pivot/session/event.ts';
import { isSending, messageIdOf } from '../../detect/pivot/session/signals.ts';

/** What mail protection recorded of a mail that was sent from a suspicious session. */
export interface Delivery {
  readonly subject: string;
  readonly recipients: readonly string[];
  readonly action: string;
  readonly messageId: string;
  readonly number: number;
}

const MAX = 5000;

export const recipientsOf = (e: Event): string[] => {
  const list = e.value['Recipients'];
  return Array.isArray(list) ? list.filter((r): r is string => typeof r === 'string') : [];
};

export const isMailFlow = (e: Event): boolean => e.operation === 'TIMailData';

export class MailFlow {
  readonly #sent = new Set<string>();
  readonly #seen: Delivery[] = [];

  add(e: Event, suspicious: boolean): void {
    if (suspicious && isSending(e) && this.#sent.size < MAX) this.#sent.add(messageIdOf(e));
    if (!isMailFlow(e) || this.#seen.length >= MAX) return;
    this.#seen.push({
      subject: textAt(e.value, 'Subject') ?? '',
      recipients: recipientsOf(e),
      action: textAt(e.value, 'DeliveryAction') ?? '',
      messageId: textAt(e.value, 'InternetMessageId') ?? '',
      number: e.number,
    });
  }

  build(): Delivery[] {
    return this.#seen.filter(({ messageId }) => this.#sent.has(messageId));
  }
}

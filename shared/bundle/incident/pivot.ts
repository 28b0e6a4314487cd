import { appKey } from '../../indexing/entities/app.ts';
import { Attributor } from '../analysis/attribution.ts';
import type { Event } from '../../detect/pivot/session/event.ts';
import { draftOf } from '../analysis/facts.ts';
import {
  isApplicationChange,
  isConsent,
  isSending,
  messageIdOf,
  subjectOf,
} from '../../detect/pivot/session/signals.ts';
import type { JudgedSession } from '../../detect/pivot/session/verdict.ts';
import type { Cited } from './cited.ts';
import type { Included } from './included.ts';

const MAX_KEYS = 200;
const MAX_SENT = 20_000;

/** What the suspicious sessions of one round lead to: addresses, applications, subjects of mails. */
export class Pivot {
  readonly #suspicious: readonly JudgedSession[];
  readonly #attributor: Attributor;
  readonly #round: number;
  readonly #apps = new Map<string, string>();
  readonly #subjects = new Set<string>();
  readonly sent: { messageId: string; ms: number }[] = [];

  constructor(judged: readonly JudgedSession[], round: number) {
    this.#suspicious = judged.filter((s) => s.verdict === 'suspicious');
    this.#attributor = new Attributor(judged);
    this.#round = round;
  }

  addresses(): readonly string[] {
    return this.#attributor.addresses;
  }

  add(e: Event, actor: string, cited: Cited): void {
    if (!this.#attributor.of(e, actor)) return;
    if (e.session) cited.add('session', e.session, e);
    if (e.ip) cited.add('ip', e.ip, e);
    if (isApplicationChange(e) || isConsent(e)) this.#application(e, cited);
    if (!isSending(e)) return;
    const subject = subjectOf(e);
    if (subject && this.#subjects.size < MAX_KEYS) this.#subjects.add(subject);
    cited.add('subject', subject, e);
    if (this.sent.length < MAX_SENT) this.sent.push({ messageId: messageIdOf(e), ms: e.ms });
  }

  /** Applications acted upon: neither the client that was used for it, nor the resource of a consent. */
  #application(e: Event, cited: Cited): void {
    const draft = draftOf(e);
    const ids = [draft?.targetId, draft?.fields.find((f) => f.name === 'AppId')?.value].map(appKey);
    for (const key of ids) {
      if (key === undefined || this.#apps.size >= MAX_KEYS) continue;
      if (!this.#apps.has(key)) this.#apps.set(key, e.operation);
      cited.add('app', key, e);
    }
  }

  entities(cited: Cited): Included[] {
    const found: Included[] = [];
    const add = (kind: Included['kind'], key: string, why: string): void => {
      found.push({
        kind,
        key,
        depth: this.#round,
        why,
        records: cited.of(kind, key),
        bundled: kind !== 'subject',
      });
    };
    for (const s of this.#suspicious)
      add(
        'session',
        s.draft.key,
        `Suspicious session of ${s.user}: ${s.score} points (${s.reasons.map((r) => r.signal).join(', ')}).`,
      );
    for (const ip of this.addresses())
      add('ip', ip, 'Address of a suspicious session, not used by the user before.');
    for (const [key, operation] of this.#apps) add('app', key, `"${operation}" in a suspicious session.`);
    for (const subject of this.#subjects)
      add('subject', subject, 'Subject of mail sent from a suspicious session.');
    return found;
  }
}

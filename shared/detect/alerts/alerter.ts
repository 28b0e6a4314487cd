import { isTaken, postWebhook, webhookBody, webhookKind } from '../../alerts.ts';
import { describeError } from '../../errors.ts';
import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { TableStore } from '../../store/stores.ts';
import { isoOf, type Finding } from '../findings/finding.ts';
import { FindingsTable } from '../findings/findings-table.ts';
import { alertPartition, TABLE } from '../keys.ts';
import type { Level } from '../sigma/index.ts';
import { groupFindings, messageOf, type AlertGroup } from './messages.ts';

export interface AlerterOptions {
  readonly url: string | undefined;
  readonly levels: readonly Level[];
  readonly tables: TableStore;
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  readonly log: Log;
}

const ATTEMPTS = 3;

/**
 * Tells of new findings by webhook, one message a session. *Never twice*: a finding is claimed by a row before it is
 * sent, and whoever finds the row leaves it alone. A message that was surely not taken (the connection was refused, or an
 * error was answered) gives its claims back, and the next run of the timer tries again. A message whose fate is unknown
 * (no answer in time, or a crash while sending) keeps them: told once or not at all, and the row says `sending`.
 */
export class Alerter {
  readonly #o: AlerterOptions;

  constructor(options: AlerterOptions) {
    this.#o = options;
  }

  /** Notes what is to be told of, then tells it. */
  async alert(tenant: string, fresh: readonly Finding[]): Promise<void> {
    if (this.#o.url === undefined) return;
    const due = fresh.filter(({ state, level }) => state === 'open' && this.#o.levels.includes(level));
    await this.#o.tables.upsert(
      TABLE,
      alertPartition(tenant),
      due.map(({ id }) => ({ row: `due|${id}`, cells: {} })),
    );
    if (due.length > 0) await this.flush(tenant);
  }

  /** Tells everything that is due: also what an earlier run could not. */
  async flush(tenant: string): Promise<void> {
    if (this.#o.url === undefined) return;
    const table = new FindingsTable(this.#o.tables);
    const due: Finding[] = [];
    for await (const { row } of this.#o.tables.query(TABLE, alertPartition(tenant), {
      from: 'due|',
      to: 'due|~',
    })) {
      const found = await table.get(tenant, row.slice(4));
      if (found) due.push(found.finding);
    }
    for (const group of groupFindings(due)) await this.#tell(tenant, group);
  }

  async #tell(tenant: string, group: AlertGroup): Promise<void> {
    const mine: Finding[] = [];
    for (const finding of group.findings) if (await this.#claim(tenant, finding.id)) mine.push(finding);
    const outcome = mine.length === 0 ? 'taken' : await this.#send({ ...group, findings: mine });
    for (const { id } of mine) await this.#settle(tenant, id, outcome);
    const settled = outcome === 'refused' ? [] : group.findings;
    if (settled.length > 0)
      await this.#o.tables.remove(
        TABLE,
        alertPartition(tenant),
        settled.map(({ id }) => `due|${id}`),
      );
    if (mine.length > 0)
      this.#o.log.info('alert.sent', { findings: mine.length, level: group.level, outcome });
  }

  async #claim(tenant: string, id: string): Promise<boolean> {
    const cells = { state: 'sending', at: isoOf(this.#o.clock.now()) };
    return (
      (await this.#o.tables.insert(TABLE, alertPartition(tenant), { row: `told|${id}`, cells })) === 'created'
    );
  }

  async #settle(tenant: string, id: string, outcome: Outcome): Promise<void> {
    const row = `told|${id}`;
    if (outcome === 'refused') return this.#o.tables.remove(TABLE, alertPartition(tenant), [row]);
    const state = outcome === 'taken' ? 'sent' : 'unknown';
    await this.#o.tables.upsert(TABLE, alertPartition(tenant), [
      { row, cells: { state, at: isoOf(this.#o.clock.now()) } },
    ]);
  }

  async #send(group: AlertGroup): Promise<Outcome> {
    const body = JSON.stringify(webhookBody(webhookKind(this.#o.url!), messageOf(group)));
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#post(body);
      if (outcome !== 'refused' || attempt === ATTEMPTS) return outcome;
      await this.#o.clock.sleep(500 * 4 ** (attempt - 1));
    }
  }

  async #post(body: string): Promise<Outcome> {
    try {
      const status = await postWebhook(this.#o.url!, body, this.#o.fetch);
      if (isTaken(status)) return 'taken';
      // A gateway that gave up waiting does not say whether the receiver got the message.
      if (status === 502 || status === 504) return 'unknown';
      this.#o.log.warn('alert.refused', { status });
      return 'refused';
    } catch (error) {
      this.#o.log.warn('alert.failed', { error: describeError(error) });
      return wasRefused(error) ? 'refused' : 'unknown';
    }
  }
}

type Outcome = 'taken' | 'refused' | 'unknown';

/** Nobody can have read the message: no connection came about. */
function wasRefused(error: unknown): boolean {
  const cause = error instanceof Error ? (error.cause as { code?: string } | undefined) : undefined;
  return ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'].includes(
    cause?.code ?? '',
  );
}

import { classicRecordOf } from '../audit-record.ts';
import { entityKeys, type EntityKeys } from '../indexing/entities/index.ts';
import { textAt } from '../indexing/fields.ts';
import { aliasesOf } from '../indexing/query.ts';
import { ENTITY_KINDS, type EntityKind } from '../layout.ts';
import type { Ticks } from '../instant.ts';
import type { TableStore } from '../store/stores.ts';
import { spanTicks, type Scope } from './scope.ts';

export type WantedKeys = Readonly<Record<EntityKind, ReadonlySet<string>>>;

/** The keys to look for: those asked for, and all other keys of the same persons. */
export async function wantedKeys(scope: Scope, tables: TableStore): Promise<WantedKeys> {
  const users = new Set<string>();
  for (const key of scope.entities.user)
    for (const alias of await aliasesOf(tables, scope.tenant, key)) users.add(alias);
  return {
    user: users,
    session: new Set(scope.entities.session),
    ip: new Set(scope.entities.ip),
    app: new Set(scope.entities.app),
  };
}

export interface MatchedBy {
  readonly kind: EntityKind | 'message';
  readonly key: string;
}

/** Why a record belongs to the scope, or undefined when it does not: a chunk holds other records as well. */
export function matchRecord(
  value: unknown,
  ticks: Ticks | undefined,
  wanted: WantedKeys,
  scope: Scope,
): { by: MatchedBy; keys: EntityKeys } | undefined {
  if (!inSpan(ticks, scope)) return undefined;
  const keys = entityKeys(value);
  for (const kind of ENTITY_KINDS) {
    for (const key of keys[kind]) if (wanted[kind].has(key)) return { by: { kind, key }, keys };
  }
  return undefined;
}

/** Mail protection's records name sender and recipients, but nobody acts in them: their message id ties them. */
export const MAIL_FLOW = 'TIMailData';

export function matchMail(
  value: unknown,
  messages: ReadonlySet<string>,
): { by: MatchedBy; keys: EntityKeys } | undefined {
  if (messages.size === 0) return undefined;
  const record = classicRecordOf(value);
  if (textAt(record, 'Operation') !== MAIL_FLOW) return undefined;
  const key = textAt(record, 'InternetMessageId') ?? '';
  return messages.has(key) ? { by: { kind: 'message', key }, keys: entityKeys(value) } : undefined;
}

/** A record without a readable time is kept: leaving it out would hide it. */
function inSpan(ticks: Ticks | undefined, scope: Scope): boolean {
  if (ticks === undefined) return true;
  const { from, to } = spanTicks(scope);
  return ticks >= from && ticks < to;
}

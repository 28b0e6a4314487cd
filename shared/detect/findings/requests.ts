import { z } from 'zod';
import { HoldfastError } from '../../errors.ts';
import { LEVELS } from '../sigma/index.ts';
import { isoOf, type Finding, type FindingState } from './finding.ts';
import { levelsFrom, type FindingQuery } from './findings-table.ts';

/** Requests on findings, parsed. */

const STATES: readonly FindingState[] = ['open', 'closed', 'suppressed'];
type Get = (name: string) => string | undefined;

export function findingQuery(
  tenant: string,
  span: { readonly fromMs: number; readonly toMs: number },
  get: Get,
): { ask: FindingQuery; limit: number; after?: string } {
  const [user, rule, session, after] = ['user', 'rule', 'session', 'after'].map(get);
  const levels = listOf('level', get('level'), LEVELS);
  const from = listOf('minLevel', get('minLevel'), LEVELS)?.[0];
  const states = listOf('state', get('state'), STATES);
  return {
    ask: {
      tenant,
      ...span,
      ...(user ? { user } : {}),
      ...(rule ? { rule } : {}),
      ...(session ? { session: session.toLowerCase() } : {}),
      ...(levels ? { levels } : from ? { levels: levelsFrom(from) } : {}),
      ...(states ? { states } : {}),
    },
    limit: limitOf(get('limit')),
    ...(after ? { after: cursorOf(after) } : {}),
  };
}

/** One value or several, separated by commas. */
function listOf<T extends string>(
  field: string,
  text: string | undefined,
  allowed: readonly T[],
): T[] | undefined {
  if (text === undefined || text === '') return undefined;
  return text.split(',').map((part) => {
    const found = allowed.find((value) => value === part.trim().toLowerCase());
    if (found) return found;
    throw bad(
      field,
      `"${field}" is none of ${allowed.join(', ')}: ${part.slice(0, 40)}`,
      `Use: ${allowed.join(', ')}.`,
    );
  });
}

function limitOf(text: string | undefined): number {
  const limit = Number(text ?? 100);
  if (Number.isInteger(limit) && limit >= 1 && limit <= 500) return limit;
  throw bad('limit', '"limit" must be a whole number from 1 to 500.', 'Leave it out for 100.');
}

function cursorOf(text: string): string {
  const cursor = Buffer.from(text, 'base64url').toString('utf8');
  if (/^\d{4}-\d{2}\|\d{8}T\d{9}\|/.test(cursor)) return cursor;
  throw bad('after', '"after" is no place in a list.', 'Take it from nextLink.');
}

const patch = z.strictObject({
  state: z.enum(['open', 'closed', 'suppressed']),
  reason: z.string().max(2000).optional(),
});

/** What a PATCH does to a finding. */
export function changeOf(body: unknown, by: string, nowMs: number): (finding: Finding) => Finding {
  const parsed = patch.safeParse(body);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const field = issue.path.join('.') || 'body';
    throw bad(
      field,
      `The change is wrong at "${field}": ${issue.message}.`,
      'Send {"state": "open" | "closed" | "suppressed", "reason"?: text}.',
    );
  }
  const { state, reason } = parsed.data;
  return ({ reason: _old, ...finding }) => ({
    ...finding,
    state,
    ...(reason === undefined ? {} : { reason }),
    changedBy: by,
    changedAt: isoOf(nowMs),
    revision: finding.revision + 1,
  });
}

const bad = (field: string, message: string, remedy: string): HoldfastError =>
  new HoldfastError('invalid-request', message, { field, remedy });

import { z } from 'zod';
import { ENTITIES } from '../../indexing/entities/index.ts';
import { HoldfastError } from '../../errors.ts';
import { msFromTicks, parseInstant } from '../../instant.ts';
import { makeRuleBook, type RuleBook } from '../rule-book.ts';
import { formatFault } from '../sigma/index.ts';
import { checkRules } from './run-step.ts';
import type { RunRequest } from './runs.ts';

const texts = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (Array.isArray(value) ? value : [value]));

const runRequest = z.strictObject({
  tenant: z.string().optional(),
  from: z.string(),
  to: z.string(),
  rules: z.array(z.string().max(200)).min(1).max(1000).optional(),
  sigma: texts.optional(),
  users: texts.optional(),
});

const MAX_SIGMA = 200_000;

/** The body of `POST /api/detections/runs`. Rules that are wrong are refused here, with line and reason. */
export function parseRunRequest(body: unknown, nowMs: number, book: RuleBook): Omit<RunRequest, 'tenant'> {
  const parsed = runRequest.safeParse(body);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw bad(
      issue.path.join('.') || 'body',
      `The request is wrong at "${issue.path.join('.')}": ${issue.message}.`,
      FORM,
    );
  }
  const { from, to, rules, sigma, users } = parsed.data;
  if (rules && sigma) throw bad('sigma', 'Both "rules" and "sigma" are given.', 'Give one of them.');
  if (rules) checkRules(book, rules);
  const fromMs = timeOf('from', from);
  const toMs = Math.min(timeOf('to', to), nowMs + 86_400_000);
  if (fromMs >= toMs) throw bad('from', '"from" must be before "to".', 'Swap them, or widen the span.');
  return {
    fromMs,
    toMs,
    ...(rules ? { rules } : {}),
    ...(sigma ? { sigma: checkSigma(sigma.join('\n---\n')) } : {}),
    ...(users ? { users: users.map(userOf) } : {}),
  };
}

const FORM = 'Send {"from", "to", "rules"?: [keys], "sigma"?: YAML, "users"?: [names]}.';

function timeOf(field: string, text: string): number {
  const day = /^\d{4}-\d{2}-\d{2}$/.test(text.trim());
  const ticks = parseInstant(day ? `${text.trim()}T00:00:00Z` : text);
  if (ticks === undefined)
    throw bad(
      field,
      `"${field}" is not a time: ${text.slice(0, 60)}`,
      'Give ISO 8601, e.g. 2026-11-24T13:50:17Z.',
    );
  return msFromTicks(ticks) + (day && field === 'to' ? 86_400_000 : 0);
}

function userOf(text: string): string {
  const key = ENTITIES.user.normalise(text);
  if (key === undefined)
    throw bad(
      'users',
      `"users" holds what is not ${ENTITIES.user.expected}.`,
      `Give ${ENTITIES.user.expected}.`,
    );
  return key;
}

function checkSigma(text: string): string {
  if (text.length > MAX_SIGMA)
    throw bad('sigma', `"sigma" is longer than ${MAX_SIGMA} characters.`, 'Send fewer rules.');
  const { faults, infos } = makeRuleBook({ supplied: [{ file: 'supplied/rules.yml', text }] });
  if (faults.length > 0)
    throw bad(
      'sigma',
      `The rules are refused: ${faults
        .slice(0, 5)
        .map((fault) => formatFault(fault))
        .join('; ')}`,
      'Mend the rules at the lines named.',
    );
  const idle = [...infos.values()].filter(({ status }) => status === 'cannot-fire');
  if (idle.length > 0)
    throw bad(
      'sigma',
      `A rule cannot fire: ${idle[0]!.title}: ${idle[0]!.reasons.join('; ')}`.slice(0, 1000),
      'See the reasons.',
    );
  return text;
}

const bad = (field: string, message: string, remedy: string): HoldfastError =>
  new HoldfastError('invalid-request', message, { field, remedy });

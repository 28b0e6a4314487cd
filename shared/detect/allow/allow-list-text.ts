import { HoldfastError } from '../../errors.ts';
import { allowListSchema, type AllowList } from './allow-list.ts';

/** Reads an allow list that an operator wrote. Throws `invalid-request` with the place that is wrong. */
export function parseAllowList(text: string): AllowList {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refused('body', 'The allow list is not JSON.');
  }
  const parsed = allowListSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw refused(
    issue.path.join('.') || 'body',
    `The allow list is wrong at "${issue.path.join('.')}": ${issue.message}.`,
  );
}

const refused = (field: string, message: string): HoldfastError =>
  new HoldfastError('invalid-request', message, {
    field,
    remedy:
      'Send {"version": 1, "entries": [{"kind": "network", "value": "198.51.100.0/24", "reason": "office"}]}.',
  });

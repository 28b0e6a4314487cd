import { Cron } from 'croner';
import { parseTimeSpan } from './timespan.ts';

/** When a timer is due. */
export interface Schedule {
  /** The first instant after `from`; null where none is left. */
  next(from: Date): Date | null;
}

/**
 * NCRONTAB (five or six fields, UTC) or an interval `hh:mm:ss`.
 * https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer#ncrontab-expressions
 */
export function parseSchedule(text: string): Schedule {
  const intervalMs = parseTimeSpan(text);
  if (intervalMs !== undefined) {
    if (intervalMs === 0) throw new Error(`'${text}' is no interval to run at.`);
    return { next: (from) => new Date(from.getTime() + intervalMs) };
  }
  const cron = parseCron(text);
  return { next: (from) => cron.nextRun(from) };
}

function parseCron(text: string): Cron {
  // croner knows more than NCRONTAB does: nicknames, years, L, W, # and ?.
  const fields = text.trim().split(/\s+/);
  if ((fields.length !== 5 && fields.length !== 6) || fields.some(isForeign)) throw new Error(invalid(text));
  try {
    // In NCRONTAB a day must fit both its day-of-month and its day-of-week field.
    return new Cron(text, { paused: true, timezone: 'Etc/UTC', mode: '5-or-6-parts', domAndDow: true });
  } catch (error) {
    throw new Error(invalid(text), { cause: error });
  }
}

const NAMES = /^(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat)[a-z]*$/i;

const isForeign = (field: string): boolean =>
  field.split(/[-,/]/).some((part) => !/^(?:\*|\d+)$/.test(part) && !NAMES.test(part));

const invalid = (text: string): string => `'${text}' is not a valid NCRONTAB expression.`;

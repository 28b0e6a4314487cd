import type { Facts, Log } from '../shared/log.ts';

/** One JSON line an event; the Functions host forwards it to Application Insights. */
const line = (event: string, facts: Facts | undefined): string => JSON.stringify({ event, ...facts });

export const consoleLog: Log = {
  // oxlint-disable-next-line no-console -- the host reads the console
  info: (event, facts) => console.log(line(event, facts)),
  // oxlint-disable-next-line no-console -- the host reads the console
  warn: (event, facts) => console.warn(line(event, facts)),
};

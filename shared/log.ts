/** Structured log lines; the adapter decides where they go. Values must be safe to print: no secrets, no record text. */
export interface Log {
  info(event: string, facts?: Facts): void;
  warn(event: string, facts?: Facts): void;
}
export type Facts = Readonly<Record<string, string | number | boolean | undefined>>;

export const silentLog: Log = { info: () => undefined, warn: () => undefined };

import type { LogLevel } from './core-api.ts';

export interface LogRecord {
  readonly level: LogLevel;
  /** `host` is the stand-in itself; `user` what the app logs; `system` the programming model. */
  readonly category: string;
  readonly message: string;
  readonly functionName?: string;
  readonly invocationId?: string;
}

export type Log = (record: LogRecord) => void;

export const silent: Log = () => {};

export const describe = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? `${error.name}: ${error.message}`) : String(error);

export const oneLine = (record: LogRecord): string => {
  const who =
    record.functionName === undefined ? record.category : `${record.functionName} (${record.category})`;
  return `[${new Date().toISOString()}] ${record.level.padEnd(11)} ${who}: ${record.message}`;
};

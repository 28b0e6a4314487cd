import type { HostKeys } from './keys.ts';
import type { Log } from './log.ts';
import type { Env } from './settings.ts';

export interface HostOptions {
  /** Holds package.json, whose `main` names the compiled app, and host.json. */
  readonly appDir: string;
  /** 0: any free one. PORT, else 7071, by default. */
  readonly port?: number;
  /** App settings; they win over the environment, which wins over local.settings.json. */
  readonly env?: Readonly<Env>;
  readonly keys?: HostKeys;
  readonly log?: Log;
  /** False: timers run only when asked to. */
  readonly timers?: boolean;
  /** Time an HTTP answer may take; 230 s by default, as Azure's load balancer gives. */
  readonly httpLimitMs?: number;
  /** Longest pause between looks at an empty queue; host.json's maxPollingInterval caps it. 1 s by default. */
  readonly pollMs?: number;
  /**
   * How long a message stays invisible when its host dies; 30 s by default, where Azure takes 10 minutes.
   * Renewed while the function runs.
   */
  readonly queueLeaseMs?: number;
  /** How long `stop` waits for running invocations; 10 s by default. */
  readonly stopGraceMs?: number;
}

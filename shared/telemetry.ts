import { metrics as api, type Attributes, type Meter, type MeterProvider } from '@opentelemetry/api';
import type { Facts, Log } from './log.ts';

/**
 * Metrics as OpenTelemetry instruments, and signals: the log lines that alert rules read (infra/azure/signals.json).
 * Instruments do nothing until a provider is registered, which `functions/metrics.ts` does where an endpoint is set.
 */
const instrument = <T>(make: (meter: Meter) => T): (() => T) => {
  let [made, of]: [T | undefined, MeterProvider | undefined] = [undefined, undefined];
  return () => {
    // Instruments of the API before 1.10 stay silent when their provider comes later: made anew then.
    const provider = api.getMeterProvider();
    if (made === undefined || of !== provider) [made, of] = [make(provider.getMeter('holdfast')), provider];
    return made;
  };
};

const counter = (name: string, description: string, unit = '1') => {
  const get = instrument((meter) => meter.createCounter(`holdfast.${name}`, { description, unit }));
  return { add: (value: number, attributes?: Attributes): void => get().add(value, attributes) };
};

const gauge = (name: string, description: string, unit = '1') => {
  const get = instrument((meter) => meter.createGauge(`holdfast.${name}`, { description, unit }));
  return { record: (value: number, attributes?: Attributes): void => get().record(value, attributes) };
};

export const metrics = {
  records: counter('records', 'Records newly archived', '{record}'),
  bytes: counter('archive.bytes', 'Bytes written to the archive', 'By'),
  passes: counter('passes', 'Passes over windows', '{pass}'),
  failures: counter('failures', 'Passes that failed', '{pass}'),
  requests: counter('vendor.requests', 'Requests to Microsoft', '{request}'),
  throttled: counter('vendor.throttled', 'Answers 429', '{request}'),
  refusedHosts: counter(
    'outbound.refused',
    'Requests to hosts that are not allowed, refused before they left',
  ),
  gaps: gauge('gaps', 'Intervals lost within the last hours', '{interval}'),
  lag: gauge('lag', 'Age of the newest collected instant', 's'),
  waiting: gauge('waiting', 'Windows not collected yet', '{window}'),
  calls: counter('http.calls', 'HTTP calls, by function and status'),
};

/** What a log event counts as. The product logs; it does not know of meters. */
const COUNTED: Readonly<Record<string, (facts: Facts) => void>> = {
  'collect.pass': (f) => {
    metrics.passes.add(1, sourceOf(f));
    metrics.records.add(Number(f['added'] ?? 0) + Number(f['versions'] ?? 0), sourceOf(f));
  },
  'collect.failed': (f) => metrics.failures.add(1, { ...sourceOf(f), code: String(f['code']) }),
};

const sourceOf = (facts: Facts): Attributes => ({ source: String(facts['source'] ?? '') });

/** A log whose events are counted as well. */
export const counted = (log: Log): Log => ({
  info: (event, facts) => {
    COUNTED[event]?.(facts ?? {});
    log.info(event, facts);
  },
  warn: (event, facts) => {
    COUNTED[event]?.(facts ?? {});
    log.warn(event, facts);
  },
});

/** One line of state for the alert rules; names and fields are those of signals.json. */
export interface Signal {
  readonly signal:
    | 'health'
    | 'coverage.gap'
    | 'coverage.expiring'
    | 'collect.lag'
    | 'source.unavailable'
    | 'seal.written'
    | 'verify.failed';
  readonly tenant: string;
  readonly source?: string;
  readonly from?: string;
  readonly to?: string;
  readonly date?: string;
  readonly blob?: string;
  readonly value?: number;
  readonly reason?: string;
}

/** The event under which a signal passes through a `Log`: the adapter writes its facts alone, as the rules expect. */
export const SIGNAL_EVENT = 'signal';

const REASON_LENGTH = 300;

export function emit(log: Log, { signal, ...fields }: Signal): void {
  const facts = {
    signal,
    ...fields,
    ...(fields.reason && { reason: fields.reason.slice(0, REASON_LENGTH) }),
  };
  log.info(SIGNAL_EVENT, facts);
}

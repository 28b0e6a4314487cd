import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { timeSpan } from './timespan.ts';

/** https://learn.microsoft.com/azure/azure-functions/functions-host-json */
const schema = z.looseObject({
  version: z.literal('2.0').default('2.0'),
  // Half an hour is what Flex Consumption gives; -1 stands for no limit.
  functionTimeout: z.string().default('00:30:00'),
  extensions: z
    .looseObject({
      http: z.looseObject({ routePrefix: z.string().default('api') }).prefault({}),
      queues: z
        .looseObject({
          batchSize: z.coerce.number().int().min(1).max(32).default(16),
          newBatchThreshold: z.coerce.number().int().min(0).optional(),
          maxDequeueCount: z.coerce.number().int().min(1).default(5),
          visibilityTimeout: z.string().default('00:00:00'),
          maxPollingInterval: z.string().default('00:01:00'),
          messageEncoding: z.enum(['base64', 'none']).default('base64'),
        })
        .prefault({}),
    })
    .prefault({}),
});

export interface QueueSettings {
  /** Messages fetched at once. */
  readonly batchSize: number;
  /** Fetch again once no more than this many are being worked on. */
  readonly newBatchThreshold: number;
  readonly maxDequeueCount: number;
  /** Delay before a failed message is tried again, milliseconds. */
  readonly visibilityTimeoutMs: number;
  readonly maxPollingIntervalMs: number;
  readonly messageEncoding: 'base64' | 'none';
}

export interface HostSettings {
  readonly functionTimeoutMs: number;
  readonly routePrefix: string;
  readonly queues: QueueSettings;
}

type Env = Readonly<Record<string, string | undefined>>;

export function readHostSettings(appDir: string, env: Env): HostSettings {
  const file = path.join(appDir, 'host.json');
  const written: unknown = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  return parseHostSettings(withOverrides(written, env));
}

export function parseHostSettings(written: unknown): HostSettings {
  const parsed = schema.safeParse(written);
  if (!parsed.success) throw new Error(`host.json: ${z.prettifyError(parsed.error)}`);
  const { functionTimeout, extensions } = parsed.data;
  const queues = extensions.queues;
  return {
    functionTimeoutMs: functionTimeout === '-1' ? Infinity : timeSpan(functionTimeout, 'functionTimeout'),
    routePrefix: extensions.http.routePrefix.replace(/^\/+|\/+$/g, ''),
    queues: {
      batchSize: queues.batchSize,
      newBatchThreshold: queues.newBatchThreshold ?? Math.floor(queues.batchSize / 2),
      maxDequeueCount: queues.maxDequeueCount,
      visibilityTimeoutMs: timeSpan(queues.visibilityTimeout, 'queues.visibilityTimeout'),
      maxPollingIntervalMs: timeSpan(queues.maxPollingInterval, 'queues.maxPollingInterval'),
      messageEncoding: queues.messageEncoding,
    },
  };
}

const OVERRIDE = 'AzureFunctionsJobHost__';

/**
 * Settings named AzureFunctionsJobHost__a__b replace host.json's a.b.
 * https://learn.microsoft.com/azure/azure-functions/functions-host-json#override-hostjson-values
 */
function withOverrides(written: unknown, env: Env): unknown {
  const settings = structuredClone(written) as Record<string, unknown>;
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith(OVERRIDE) || value === undefined) continue;
    assign(settings, name.slice(OVERRIDE.length).split('__'), value);
  }
  return settings;
}

function assign(into: Record<string, unknown>, keys: readonly string[], value: string) {
  const [key, ...rest] = keys;
  if (key === undefined || key === '__proto__') return;
  if (rest.length === 0) {
    into[key] = value;
    return;
  }
  const inner = (into[key] ?? {}) as Record<string, unknown>;
  into[key] = inner;
  assign(inner, rest, value);
}

import { z } from 'zod';
import { SOURCE_IDS } from '../../../shared/sources.ts';
import { FAULT_KINDS, ENDPOINTS } from './faults.ts';
import type { FaultSpec } from './faults.ts';
import { CONTENT_TYPES, PUBLISHED_SOURCES } from './records.ts';
import type { ContentType } from './records.ts';
import type { Tenant } from './tenant.ts';

const source = z.enum(PUBLISHED_SOURCES);
const contentType = z.enum(Object.keys(CONTENT_TYPES) as [ContentType, ...ContentType[]]);
const values = z.record(z.string(), z.unknown());

const record = z.object({
  source: z.enum(SOURCE_IDS),
  text: z.string(),
  eventMs: z.number(),
  availableMs: z.number(),
  goneMs: z.number().optional(),
});

const fault = z.looseObject({ kind: z.enum(FAULT_KINDS), endpoint: z.enum(ENDPOINTS).optional() });

const quota = z.union([z.literal(false), z.object({ requests: z.number(), perMs: z.number() })]);

const command = z.discriminatedUnion('do', [
  z.object({ do: z.literal('fault'), fault }),
  z.object({ do: z.literal('clearFaults'), id: z.number().optional() }),
  z.object({ do: z.literal('publish'), records: z.array(record) }),
  z.object({
    do: z.literal('redeliver'),
    source,
    count: z.number().optional(),
    afterMs: z.number(),
    reorderKeys: z.boolean().optional(),
  }),
  z.object({ do: z.literal('revise'), source, id: z.string(), set: values, atMs: z.number().optional() }),
  z.object({ do: z.literal('advance'), ms: z.number() }),
  z.object({ do: z.literal('now') }),
  z.object({ do: z.literal('set'), switches: values }),
  z.object({
    do: z.literal('limit'),
    name: z.enum(['graphReports', 'identityProtection', 'feed', 'auditSubmissions']),
    quota,
  }),
  z.object({ do: z.literal('state'), state: values }),
  z.object({ do: z.literal('subscribe'), types: z.array(contentType).optional() }),
  z.object({ do: z.literal('disableSubscription'), type: contentType }),
  z.object({ do: z.literal('settings') }),
  // Of the tenant's process: what a benchmark must not count as the collector's.
  z.object({ do: z.literal('memory') }),
  z.object({ do: z.literal('report'), unfetched: z.number().optional() }),
]);

export type ControlCommand = z.input<typeof command>;

/** Carries out one command of `POST /_control` for a test in another process. */
export async function answerControl(tenant: Tenant, body: string): Promise<unknown> {
  const order = command.parse(JSON.parse(body));
  switch (order.do) {
    case 'fault':
      return { id: tenant.fault(order.fault as FaultSpec) };
    case 'clearFaults':
      tenant.clearFaults(order.id);
      return null;
    case 'publish':
      return { published: tenant.publish(order.records.map(withoutUndefined)) };
    case 'redeliver':
      return { published: tenant.redeliver(withoutUndefined(order)) };
    case 'revise':
      tenant.revise(withoutUndefined(order));
      return null;
    case 'advance':
      tenant.advance(order.ms);
      return { nowMs: tenant.now() };
    case 'now':
      return { nowMs: tenant.now() };
    case 'set':
      tenant.set(order.switches);
      return null;
    case 'limit':
      tenant.limits.set(order.name, order.quota);
      return null;
    case 'state':
      tenant.lay(order.state);
      return null;
    case 'subscribe':
      tenant.subscribe(order.types);
      return null;
    case 'disableSubscription':
      tenant.disableSubscription(order.type);
      return null;
    case 'settings':
      return tenant.settings();
    case 'memory':
      return process.memoryUsage();
    default:
      return tenant.report(withoutUndefined({ unfetched: order.unfetched }));
  }
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

function withoutUndefined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, own]) => own !== undefined)) as Defined<T>;
}

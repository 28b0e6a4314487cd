import { z } from 'zod';
import { HoldfastError } from './errors.ts';
import { SOURCE_IDS } from './sources.ts';

/** What travels in the queues. Every message may come twice, late, or both at once. */

const source = z.enum(SOURCE_IDS);
const date = z.string().regex(/^\d{4}-\d{2}-\d{2}$/);

export const collectMessage = z.object({
  tenant: z.string(),
  source,
  fromMs: z.number(),
  toMs: z.number(),
  pass: z.number(),
});
export type CollectMessage = z.infer<typeof collectMessage>;

export const indexMessage = z.object({
  tenant: z.string(),
  source,
  date,
  segment: z.string().regex(/^\d{6}$/),
});
export type IndexMessage = z.infer<typeof indexMessage>;

export const bundleMessage = z.object({ tenant: z.string(), id: z.guid() });
export type BundleMessage = z.infer<typeof bundleMessage>;

export const importMessage = z.object({ tenant: z.string(), id: z.guid() });

export const QUEUE = {
  collect: 'collect-window',
  index: 'index-segment',
  bundle: 'build-bundle',
  detection: 'run-detection',
  import: 'import-file',
} as const;

export function parseMessage<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(typeof value === 'string' ? JSON.parse(value) : value);
  if (parsed.success) return parsed.data;
  throw new HoldfastError(
    'internal',
    `A queue message is not as it should be: ${parsed.error.issues[0]?.path.join('.')} ${parsed.error.issues[0]?.message}`,
  );
}

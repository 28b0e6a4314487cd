import { z } from 'zod';
import { SOURCE_IDS } from '../sources.ts';

/** Parameters and answers that several routes share. One schema validates, and is what the OpenAPI document shows. */

export const tenant = z
  .guid('must be a tenant id (a GUID)')
  .describe('Tenant id. May be left out when the caller reaches one tenant only.');
export const time = z
  .string()
  .min(1, 'is empty')
  .max(60, 'is longer than a time')
  .describe('ISO 8601, e.g. 2026-11-24T13:50:17Z or 2026-11-24; UTC where no zone is given.');
/** All values of one repeated parameter together: they arrive as one text, joined by commas. */
export const entities = (what: string) =>
  z.string().max(32_000, 'is too long').describe(`${what}; repeated, or several separated by commas.`);
export const limit = z.coerce
  .number({ error: 'must be a whole number' })
  .int('must be a whole number')
  .min(1, 'must be at least 1')
  .max(500, 'must be at most 500')
  .describe('Longest answer; 50 when left out.');
export const id = z.string().max(200);
export const span = { from: time.optional(), to: time.optional() };

const text = z.string();
const records = z.number().int().min(0);

export const problem = z.looseObject({
  type: z.url(),
  title: text,
  status: z.number().int(),
  detail: text,
  instance: text.optional().describe('urn:uuid of the invocation, as in the log.'),
  field: text.optional().describe('The parameter or property that is wrong.'),
  line: z.number().int().optional().describe('The line of an uploaded file that is wrong, from 1.'),
  remedy: text.optional(),
});

export const STATES = ['complete', 'partial', 'pending', 'gap', 'unavailable'] as const;
const state = z.enum(STATES);

export const coverage = z.object({
  from: text,
  to: text,
  sources: z.array(
    z.looseObject({
      source: z.enum(SOURCE_IDS),
      state,
      intervals: z.array(
        z.object({
          from: text,
          to: text,
          state,
          reason: text.optional(),
          records,
          vendorDeletesAt: text.optional(),
        }),
      ),
    }),
  ),
});

export const health = z.looseObject({
  healthy: z.boolean(),
  problems: z.array(text),
  sources: z.array(
    z.looseObject({
      source: z.enum(SOURCE_IDS),
      lagSeconds: z.number().nullable(),
      waiting: z.number().int(),
      firstDeletion: text.optional(),
      unavailable: text.optional(),
    }),
  ),
});

export const entity = z.looseObject({
  kind: text,
  key: text,
  keys: z.array(text),
  records,
  firstTime: text.optional(),
  lastTime: text.optional(),
  summary: z.looseObject({ operations: z.record(text, z.number()) }),
  slices: z.array(z.looseObject({ segment: text, source: text, date: text, records })),
});

export const users = z.object({ users: z.array(z.looseObject({ user: text })) });

export const finding = z.looseObject({
  id: text,
  rule: text,
  level: text,
  state: z.enum(['open', 'closed', 'suppressed']),
});
/** Anything that a colleague's room describes better; what is promised here is an object. */
export const object = z.looseObject({});

/** What an import answers once it is done. */
export const imported = z.looseObject({
  tenant,
  source: z.literal('import'),
  file: z.object({ name: text, sha256: text, bytes: records }),
  from: text,
  to: text,
  counts: z.object({
    records,
    added: records,
    versions: records,
    duplicates: records,
    collected: records.describe('Held already as collected; not stored a second time.'),
    untimed: records,
  }),
  kinds: z.record(text, records),
  segments: z.array(z.object({ date: text, segment: text, path: text })),
  receipt: text,
  notes: z.array(text),
});

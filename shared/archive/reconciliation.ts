import { z } from 'zod';
import { HoldfastError } from '../errors.ts';
import { FORMAT_VERSION, reconciliationPath } from '../layout.ts';
import type { BlobStore } from '../store/stores.ts';
import { SOFTWARE } from './manifest.ts';

/**
 * What the audit search held of one event date and the feed's archive did not. Written once, when the date is
 * settled on both sides: evidence of completeness as a receipt is, sealed like one.
 */
const groupSchema = z.object({
  /** Number as in `auditData.RecordType`; −1 where there is none. */
  recordType: z.number(),
  /** `YYYY-MM-DDTHH`, UTC. */
  hour: z.string(),
  /** Records that the feed brought, by distinct id. */
  feed: z.number(),
  search: z.number(),
  /** Ids that the search has and the feed has not: archived from the search. */
  onlySearch: z.number(),
  /** Ids that the feed has and the search has not. */
  onlyFeed: z.number(),
  /** A few of the ids, to look at. */
  examples: z.array(z.string()),
});
export type ReconciliationGroup = z.infer<typeof groupSchema>;

const signInSchema = z.object({
  hour: z.string(),
  /** UserLoggedIn and UserLoginFailed records of the unified log. */
  logins: z.number(),
  /** Of these, those whose sign-in the Graph reports do not have. */
  unmatched: z.number(),
});

export const reconciliationSchema = z.object({
  format: z.literal(FORMAT_VERSION),
  tenant: z.string(),
  date: z.string(),
  madeAt: z.string(),
  feed: z.number(),
  search: z.number(),
  onlySearch: z.number(),
  onlyFeed: z.number(),
  /** Groups in which the two differ; agreeing ones are counted above only. */
  differences: z.array(groupSchema),
  /** Groups that differ beyond those listed. */
  more: z.number(),
  /** Windows of the date whose comparison was lost with the tables: their records are archived, their counts are not here. */
  uncompared: z.number(),
  /** The unified log's logins against sources `signins-*`. */
  signIns: z.object({
    logins: z.number(),
    unmatched: z.number(),
    /** Sign-ins archived of the same time; with none, nothing could be compared. */
    signIns: z.number(),
    /** Hours with more unmatched logins than is usual. */
    beyondExpected: z.array(signInSchema),
  }),
  software: z.string(),
});
export type Reconciliation = z.infer<typeof reconciliationSchema>;

export type ReconciliationBody = Omit<Reconciliation, 'format' | 'software'>;

export function writeReconciliation(
  blobs: BlobStore,
  body: ReconciliationBody,
): Promise<'created' | 'exists'> {
  const whole: Reconciliation = { format: FORMAT_VERSION, ...body, software: SOFTWARE };
  return blobs.putNew(reconciliationPath(body.tenant, body.date), Buffer.from(JSON.stringify(whole)), {
    contentType: 'application/json',
    metadata: { feed: String(body.feed), search: String(body.search), onlysearch: String(body.onlySearch) },
  });
}

export function parseReconciliation(path: string, body: Buffer): Reconciliation {
  try {
    const value = reconciliationSchema.parse(JSON.parse(body.toString('utf8')));
    if (reconciliationPath(value.tenant, value.date) === path) return value;
  } catch (cause) {
    throw new HoldfastError('archive-corrupt', `Reconciliation ${path} cannot be read.`, {
      cause,
      ids: { blob: path },
    });
  }
  throw new HoldfastError('archive-corrupt', `Reconciliation ${path} is of another date.`, {
    ids: { blob: path },
  });
}

export async function readReconciliation(
  blobs: BlobStore,
  tenant: string,
  date: string,
): Promise<Reconciliation | undefined> {
  const path = reconciliationPath(tenant, date);
  const body = await blobs.get(path);
  return body && parseReconciliation(path, body);
}

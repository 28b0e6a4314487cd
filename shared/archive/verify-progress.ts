import { z } from 'zod';

/** How far a verification has come: enough to go on in another process, and its result once `phase` is `done`. */
export const progressSchema = z.object({
  startedAt: z.string(),
  finishedAt: z.string().optional(),
  phase: z.enum(['seals', 'sweep', 'done']),
  /** Within `seals`: the seal's date, and how many of its entries are verified. */
  seal: z.string(),
  entry: z.number(),
  /** Within `sweep`: the last blob of the last folder that is through. */
  blob: z.string(),
  seals: z.number(),
  /** Date and hash of the newest seal. */
  head: z.object({ date: z.string(), sha256: z.string() }).nullable(),
  manifests: z.number(),
  receipts: z.number(),
  records: z.number(),
  bytes: z.number(),
  /** Manifests and receipts that no seal lists yet: they wait for the next one. */
  unsealed: z.number(),
  /** The first ones, by name; `problemCount` counts all. */
  problems: z.array(
    z.object({
      kind: z.enum(['missing', 'changed', 'truncated', 'surplus', 'inconsistent', 'chain']),
      blob: z.string(),
      reason: z.string(),
    }),
  ),
  problemCount: z.number(),
});
export type VerifyProgress = z.infer<typeof progressSchema>;

export const newProgress = (nowMs: number): VerifyProgress => ({
  startedAt: new Date(nowMs).toISOString(),
  phase: 'seals',
  seal: '',
  entry: 0,
  blob: '',
  seals: 0,
  head: null,
  manifests: 0,
  receipts: 0,
  records: 0,
  bytes: 0,
  unsealed: 0,
  problems: [],
  problemCount: 0,
});

/** Whether nothing was found wrong. Says nothing of a run that is not done. */
export const isSound = (p: VerifyProgress): boolean => p.phase === 'done' && p.problemCount === 0;

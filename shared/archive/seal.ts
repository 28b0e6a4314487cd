import { hash } from 'node:crypto';
import { z } from 'zod';
import { HoldfastError } from '../errors.ts';
import { sealPath } from '../layout.ts';
import { SOFTWARE } from './manifest.ts';
import { merkleRoot } from './merkle.ts';

/**
 * A seal says: on this day these blobs existed with these bytes. It lists manifests (each holds the SHA-256 of its
 * segment), receipts, reconciliations, access entries and snapshots, and names the seal before it by hash, so that none can be changed, taken
 * out or put in later without the whole chain after it being written anew.
 *
 * What the chain cannot prove by itself is its own newest end. The hash of each seal therefore goes to the log
 * (`seal.head`), outside the storage account, and `verify` takes a hash noted earlier (`--head`). A signature
 * would be detached, over the bytes of the seal, in a blob of its own beside it (`<date>.json.sig`), and a signature
 * of the newest seal would cover all before it.
 */
export const SEAL_FORMAT = 1;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const entrySchema = z.strictObject({ path: z.string(), sha256 });
export type SealEntry = z.infer<typeof entrySchema>;

const linkSchema = z.strictObject({ date: z.string(), sha256 });
export type SealLink = z.infer<typeof linkSchema>;

const fields = {
  format: z.literal(SEAL_FORMAT),
  tenant: z.string(),
  /** The day on which it was made, UTC: also the name of its blob. */
  date: z.string().regex(/^\d{4}-\d{2}-\d{2}$/),
  sealedAt: z.string(),
  /** 1 for the first of the chain. */
  sequence: z.number().int().positive(),
  /** The seal before, by date and SHA-256 of its bytes; null for the first. */
  previous: linkSchema.nullable(),
  /** Sorted by path (code units), each path once in the whole chain. */
  entries: z.array(entrySchema),
  /** RFC 6962 root over `leafOf` of each entry. */
  root: sha256,
  software: z.string(),
};
const bodySchema = z.strictObject(fields);
type SealBody = z.infer<typeof bodySchema>;

/** `self`: SHA-256 of the same JSON without `self`; finds damage in a seal that no later one names yet. */
const sealSchema = z.strictObject({ ...fields, self: sha256 });
export type Seal = z.infer<typeof sealSchema>;

/** Bounds the size of one seal (about 20 MB); what is left over goes into the next day's. */
export const MAX_ENTRIES = 100_000;

const leafOf = (entry: SealEntry): string => `${entry.path}\n${entry.sha256}`;
export const rootOf = (entries: readonly SealEntry[]): string => merkleRoot(entries.map(leafOf));
export const sealHash = (body: Buffer): string => hash('sha256', body, 'hex');

export interface SealFacts {
  readonly tenant: string;
  readonly date: string;
  readonly sealedAt: string;
  readonly sequence: number;
  readonly previous: SealLink | null;
  readonly entries: readonly SealEntry[];
}

/** The bytes of a seal. Pure: the same facts make the same bytes. */
export function writeSeal(facts: SealFacts): Buffer {
  const body: SealBody = {
    format: SEAL_FORMAT,
    tenant: facts.tenant,
    date: facts.date,
    sealedAt: facts.sealedAt,
    sequence: facts.sequence,
    previous: facts.previous,
    entries: [...facts.entries],
    root: rootOf(facts.entries),
    software: SOFTWARE,
  };
  return Buffer.from(JSON.stringify({ ...body, self: hash('sha256', JSON.stringify(body), 'hex') }));
}

/** Reads a seal and checks all that it says of itself. Throws `archive-corrupt` with the reason. */
export function parseSeal(path: string, body: Buffer): Seal {
  const seal = parseShape(path, body);
  const fault = faultOf(path, body, seal);
  if (fault) throw corrupt(path, fault);
  return seal;
}

function parseShape(path: string, body: Buffer): Seal {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    throw corrupt(path, 'it is not JSON');
  }
  const parsed = sealSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw corrupt(path, `it is wrong at "${issue?.path.join('.')}": ${issue?.message}`);
}

function faultOf(path: string, body: Buffer, seal: Seal): string | undefined {
  const { self, ...rest } = seal;
  // Byte for byte as it was written: no second spelling of a seal is one.
  if (!body.equals(Buffer.from(JSON.stringify(seal)))) return 'its bytes are not as it was written';
  if (hash('sha256', JSON.stringify(rest), 'hex') !== self) return 'its own hash does not match';
  if (sealPath(seal.tenant, seal.date) !== path)
    return `it is the seal of tenant ${seal.tenant} for ${seal.date}`;
  if (rootOf(seal.entries) !== seal.root) return 'its Merkle root does not match its entries';
  const unsorted = seal.entries.find((entry, i) => i > 0 && seal.entries[i - 1]!.path >= entry.path);
  return unsorted && `its entries are out of order at ${unsorted.path}`;
}

const corrupt = (path: string, reason: string): HoldfastError =>
  new HoldfastError('archive-corrupt', `Seal ${path} is damaged: ${reason}.`, {
    ids: { blob: path, reason },
  });

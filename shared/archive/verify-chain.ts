import { isHoldfastError } from '../errors.ts';
import { parseSealPath, sealPath, sealPrefix } from '../layout.ts';
import type { BlobStore } from '../store/stores.ts';
import { parseSeal, sealHash, type Seal } from './seal.ts';
import { SealedSet } from './sealed-set.ts';
import { problem, type Problem } from './verify-problem.ts';

/** One seal of the chain, without its entries. */
export interface ChainLink {
  readonly path: string;
  readonly date: string;
  readonly sha256: string;
  readonly entries: number;
}

export interface Chain {
  readonly links: readonly ChainLink[];
  /** Every path that a readable seal lists. */
  readonly sealed: SealedSet;
  readonly problems: readonly Problem[];
}

/** Reads all seals in order and checks each by itself and against the one before. Holds one seal at a time. */
export async function readChain(blobs: BlobStore, tenant: string): Promise<Chain> {
  const links: ChainLink[] = [];
  const problems: Problem[] = [];
  const sealed = new SealedSet();
  for await (const { name } of blobs.list(sealPrefix(tenant))) {
    const at = parseSealPath(name);
    const body = at && (await blobs.get(name));
    if (!body) continue;
    const seal = readSeal(name, body, problems);
    if (seal) {
      problems.push(...linkFaults(name, seal, links.at(-1)));
      for (const { path } of seal.entries)
        if (!sealed.add(path)) problems.push(problem('chain', name, `it seals ${path} a second time`));
    }
    links.push({ path: name, date: at.date, sha256: sealHash(body), entries: seal?.entries.length ?? 0 });
  }
  return { links, sealed, problems };
}

function readSeal(path: string, body: Buffer, problems: Problem[]): Seal | undefined {
  try {
    return parseSeal(path, body);
  } catch (error) {
    if (!isHoldfastError(error, 'archive-corrupt')) throw error;
    problems.push(problem('changed', path, String(error.ids['reason'] ?? error.message)));
    return undefined;
  }
}

/** What is wrong between a seal and the one before it. Pure. */
export function linkFaults(
  path: string,
  { previous, sequence }: Seal,
  before: Pick<ChainLink, 'date' | 'sha256'> | undefined,
): Problem[] {
  const wrong = (reason: string): Problem[] => [problem('chain', path, reason)];
  // Later than all that is there before: it was there, and is gone.
  if (previous && previous.date > (before?.date ?? ''))
    return [problem('missing', sealPath(tenantOf(path), previous.date), `the seal ${path} follows it`)];
  if (!before) return sequence === 1 ? [] : wrong(`the chain begins with number ${sequence}`);
  if (!previous) return wrong(`it names no seal before it, though ${before.date} is there`);
  if (previous.date !== before.date)
    return wrong(`it follows the seal of ${previous.date}, not of ${before.date}`);
  if (previous.sha256 !== before.sha256)
    return wrong(`the seal of ${before.date} has another hash than it states`);
  return [];
}

const tenantOf = (path: string): string => parseSealPath(path)?.tenant ?? '';

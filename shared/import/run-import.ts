import type { Archive } from '../archive/archive.ts';
import type { Clock } from '../clock.ts';
import { checkFile } from './check-file.ts';
import { finishImport, type FinishDeps } from './finish.ts';
import { resultOf, type ImportResult } from './show.ts';
import type { SourceFile } from './source-file.ts';
import { nothingStored, storeFile, type ImportAsk } from './store-file.ts';
import { MoreThanLimit, UNPACK_LIMITS } from './unpack.ts';

export interface ImportDeps extends FinishDeps {
  readonly archive: Archive;
  readonly clock: Clock;
}

/** Text that is imported while the caller waits; more is a job's work. */
export const QUICK_BYTES = 32 * 1024 * 1024;
export const QUICK_RECORDS = 100_000;

/**
 * Imports a file while its caller waits.
 * @returns undefined, with nothing stored, when the file unpacks to more than `QUICK_BYTES`, or has more than `QUICK_RECORDS`
 */
export async function importQuickly(
  file: SourceFile,
  ask: ImportAsk,
  deps: ImportDeps,
  most = QUICK_BYTES,
): Promise<ImportResult | undefined> {
  try {
    const facts = await checkFile(file, ask.format, {
      ...UNPACK_LIMITS,
      plainBytes: most,
      records: QUICK_RECORDS,
    });
    const stored = await storeFile(file, ask, facts, nothingStored(), { archive: deps.archive });
    return resultOf(ask, facts, stored, await finishImport(ask, facts, stored, deps.clock.now(), deps));
  } catch (error) {
    if (error instanceof MoreThanLimit) return undefined;
    throw error;
  }
}

import { dateOf, formatSeconds } from '../instant.ts';
import { parseArchivePath, sourcePrefix } from '../layout.ts';
import type { BlobStore } from '../store/stores.ts';
import type { CoverageInterval, SourceCoverage } from './coverage.ts';

/**
 * Coverage of source `import`, from the archive alone: on which days imported records lie. A file proves what is in it,
 * so nothing here is ever complete; a day without imported records is unavailable, since nobody could collect it.
 */
export const IMPORTED = 'records of imported files; what those files lack is not known';
export const NOT_IMPORTED = 'no imported file has records of this time';

const DAY = 86_400_000;

/** Undefined when no imported record lies in the span: then there is nothing to say of imports. */
export async function importCoverage(
  blobs: BlobStore,
  tenant: string,
  span: { readonly fromMs: number; readonly toMs: number },
): Promise<SourceCoverage | undefined> {
  const [first, last] = [dateOf(span.fromMs), dateOf(span.toMs - 1)];
  const days = new Map<string, number>();
  for await (const { name, metadata } of blobs.list(sourcePrefix(tenant, 'import'))) {
    const path = parseArchivePath(name);
    if (path?.kind !== 'manifest' || path.date < first || path.date > last) continue;
    days.set(path.date, (days.get(path.date) ?? 0) + Number(metadata['records'] ?? 0));
  }
  if (days.size === 0) return undefined;
  return { source: 'import', state: worst(days, span), intervals: intervalsOf(days, span) };
}

function intervalsOf(
  days: ReadonlyMap<string, number>,
  span: { fromMs: number; toMs: number },
): CoverageInterval[] {
  const found: CoverageInterval[] = [];
  let atMs = span.fromMs;
  const put = (toMs: number, records: number | undefined): void => {
    if (toMs <= atMs) return;
    const state = records === undefined ? ('unavailable' as const) : ('partial' as const);
    const reason = records === undefined ? NOT_IMPORTED : IMPORTED;
    const before = found.at(-1);
    if (before?.state === state)
      found[found.length - 1] = {
        ...before,
        to: formatSeconds(toMs),
        records: before.records + (records ?? 0),
      };
    else
      found.push({
        from: formatSeconds(atMs),
        to: formatSeconds(toMs),
        state,
        reason,
        records: records ?? 0,
      });
    atMs = toMs;
  };
  for (const [date, records] of [...days].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const dayMs = Date.parse(`${date}T00:00:00Z`);
    put(Math.min(dayMs, span.toMs), undefined);
    put(Math.min(dayMs + DAY, span.toMs), records);
  }
  put(span.toMs, undefined);
  return found;
}

const worst = (
  days: ReadonlyMap<string, number>,
  span: { fromMs: number; toMs: number },
): SourceCoverage['state'] =>
  intervalsOf(days, span).some((i) => i.state === 'unavailable') ? 'unavailable' : 'partial';

import { HoldfastError } from '../errors.ts';
import { makeRuleBook, type RuleBook } from './rule-book.ts';
import type { RuleFile } from './rule-files.ts';
import type { RuleInfo } from './rule-info.ts';
import { formatFault } from './sigma/index.ts';

export interface RuleList {
  /** Of everything that decides what is found. */
  readonly version: string;
  readonly counts: Readonly<Record<RuleInfo['status'], number>>;
  readonly rules: readonly RuleInfo[];
  /** Rules that were refused, with file, line and reason. */
  readonly refused: readonly string[];
}

/** The answer of `GET /api/rules`. */
export function listRules(book: RuleBook): RuleList {
  const rules = [...book.infos.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  const counts = { native: 0, mapped: 0, 'cannot-fire': 0 };
  for (const { status } of rules) counts[status]++;
  return { version: book.version, counts, rules, refused: book.faults.map((fault) => formatFault(fault)) };
}

/** The rules of a file to be loaded. Throws `invalid-request` with line and reason when any of it is wrong. */
export function checkLoaded(
  file: RuleFile,
  others: readonly RuleFile[],
): { readonly rules: readonly RuleInfo[] } {
  const before = new Set(makeRuleBook({ loaded: others }).infos.keys());
  const book = makeRuleBook({ loaded: [...others, file] });
  const faults = book.faults.filter((fault) => fault.file === file.file);
  if (faults.length > 0)
    throw new HoldfastError(
      'invalid-request',
      `The rules are refused: ${faults
        .slice(0, 5)
        .map((fault) => formatFault(fault))
        .join('; ')}`,
      {
        field: 'body',
        remedy: 'Mend the rules at the lines named.',
      },
    );
  return { rules: [...book.infos.values()].filter(({ key }) => !before.has(key)) };
}

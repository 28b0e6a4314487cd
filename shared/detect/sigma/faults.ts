import { HoldfastError } from '../../errors.ts';

/** A place in a rule file, both counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Why a document was refused, and where. A refused rule is never run in part. */
export interface RuleFault extends Position {
  readonly file: string;
  readonly reason: string;
}

/** Thrown inside the parsers; caught where a fault can be given its file. */
export class Flaw extends Error {
  override readonly name = 'Flaw';
  readonly at: Position;
  constructor(at: Position, reason: string) {
    super(reason);
    this.at = at;
  }
}

/** Collects the faults of one file. */
export class FaultList {
  readonly file: string;
  readonly faults: RuleFault[] = [];

  constructor(file: string) {
    this.file = file;
  }

  add(at: Position, reason: string): void {
    this.faults.push({ file: this.file, line: at.line, column: at.column, reason });
  }

  /** Runs `work`; a Flaw it throws becomes a fault and `undefined` is returned. */
  attempt<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof Flaw)) throw error;
      this.add(error.at, error.message);
      return undefined;
    }
  }
}

/** `file:line:column: reason` */
export const formatFault = (fault: RuleFault): string =>
  `${fault.file}:${fault.line}:${fault.column}: ${fault.reason}`;

const SHOWN = 20;

/** Throws `invalid-request` naming every fault (the first 20 in full), when there is one. */
export function refuseFaults(faults: readonly RuleFault[], field = 'sigma'): void {
  if (faults.length === 0) return;
  const more = faults.length > SHOWN ? `; and ${faults.length - SHOWN} more` : '';
  throw new HoldfastError('invalid-request', faults.slice(0, SHOWN).map(formatFault).join('; ') + more, {
    field,
    remedy: 'Correct the rule at the given line and column; nothing of it was run.',
  });
}

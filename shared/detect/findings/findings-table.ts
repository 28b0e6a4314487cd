import { HoldfastError } from '../../errors.ts';
import type { StoredRow, TableStore } from '../../store/stores.ts';
import { joinText, splitText } from '../../store/long-text.ts';
import { findingPartition, findingRow, monthOfId, monthsOf, TABLE } from '../keys.ts';
import { LEVELS, type Level } from '../sigma/index.ts';
import { summarise } from './explain.ts';
import type { Finding, FindingState } from './finding.ts';

export interface FindingQuery {
  readonly tenant: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** Name or directory id, any case. */
  readonly user?: string;
  readonly rule?: string;
  readonly session?: string;
  readonly levels?: readonly Level[];
  readonly states?: readonly FindingState[];
}

export interface FindingPage {
  readonly findings: readonly Finding[];
  /** Where to go on; undefined at the end. */
  readonly next?: string;
}

/** Rows looked at for one page at most: a page may be short, or empty, and yet have a next one. */
const MAX_SCANNED = 5000;

/** Table `findings` (DESIGN §6). Ids are decided by rule and records alone, so storing twice changes nothing. */
export class FindingsTable {
  readonly #tables: TableStore;

  constructor(tables: TableStore) {
    this.#tables = tables;
  }

  /**
   * Stores findings that are not there yet; answers those. What people decided about a known one (its state) stays;
   * a correlation that meanwhile counts more is updated.
   */
  async add(tenant: string, findings: Iterable<Finding>): Promise<Finding[]> {
    const fresh: Finding[] = [];
    for (const finding of new Map([...findings].map((f) => [f.id, f])).values()) {
      const done = await this.#tables.insert(TABLE, partitionOf(tenant, finding.id), write(finding));
      if (done === 'created') fresh.push(finding);
      else if (finding.explanation.kind === 'correlation') await this.#refresh(tenant, finding);
    }
    return fresh;
  }

  async get(tenant: string, id: string): Promise<{ finding: Finding; etag: string } | undefined> {
    const row = await this.#row(tenant, id);
    return row && { finding: read(row), etag: row.etag };
  }

  async require(tenant: string, id: string): Promise<{ finding: Finding; etag: string }> {
    const found = await this.get(tenant, id);
    if (!found) throw noFinding(id);
    return found;
  }

  /** Changes a finding; `etag` guards against changes by others. Decides again while others change it, without one. */
  async change(
    tenant: string,
    id: string,
    change: (finding: Finding) => Finding,
    etag?: string,
  ): Promise<Finding> {
    for (let attempt = 0; attempt < 5; attempt++) {
      const row = await this.#row(tenant, id);
      if (!row) throw noFinding(id);
      if (etag !== undefined && row.etag !== etag) break;
      const changed = change(read(row));
      const done = await this.#tables.replace(TABLE, row.partition, write(changed), row.etag);
      if (done === 'replaced') return changed;
    }
    throw new HoldfastError('conflict', 'The finding was changed meanwhile.', {
      retryable: true,
      remedy: 'Read it again, and send its new ETag.',
    });
  }

  /** Findings by time, oldest first. `after`: the cursor of the page before. */
  async list(query: FindingQuery, limit: number, after?: string): Promise<FindingPage> {
    const findings: Finding[] = [];
    let scanned = 0;
    for (const month of monthsOf(query.fromMs - DAY, query.toMs)) {
      if (after !== undefined && month < after.slice(0, 7)) continue;
      const from = after?.startsWith(month) ? `${after.slice(8)}~` : rowTime(query.fromMs - DAY);
      const range = { from, to: `${rowTime(query.toMs)}~` };
      for await (const row of this.#tables.query(TABLE, findingPartition(query.tenant, month), range)) {
        const finding = read(row);
        if (matches(finding, query)) findings.push(finding);
        if (findings.length >= limit || ++scanned >= MAX_SCANNED)
          return { findings, next: `${month}|${row.row}` };
      }
    }
    return { findings };
  }

  async #refresh(tenant: string, finding: Finding): Promise<void> {
    const row = await this.#row(tenant, finding.id);
    if (!row) return;
    const known = read(row);
    if (known.to >= finding.to && known.records.length >= finding.records.length) return;
    const { from, to, explanation, records } = finding;
    await this.change(tenant, finding.id, (old) => ({
      ...old,
      from,
      to,
      explanation,
      records,
      revision: old.revision + 1,
    }));
  }

  async #row(tenant: string, id: string): Promise<StoredRow | undefined> {
    const month = monthOfId(id);
    if (month === undefined) return undefined;
    const [time, hash] = id.split('-');
    for await (const row of this.#tables.query(TABLE, findingPartition(tenant, month), {
      from: `${time}|`,
      to: `${time}|~`,
    }))
      if (row.row.endsWith(`|${hash}`)) return row;
    return undefined;
  }
}

const noFinding = (id: string): HoldfastError =>
  new HoldfastError('not-found', `There is no finding "${id.slice(0, 80)}".`, {
    field: 'id',
    remedy: 'Take an id from GET /api/findings.',
  });

const DAY = 86_400_000;
const rowTime = (ms: number): string => new Date(ms).toISOString().replace(/[-:.Z]/g, '');
const partitionOf = (tenant: string, id: string): string => findingPartition(tenant, monthOfId(id)!);

/** Cells of their own for what is looked for and for readers that do not know our JSON. */
export function write(finding: Finding): { row: string; cells: Record<string, string> } {
  const { id, time, rule, title, level, user = '', session = '', ip = '', state } = finding;
  const recordIds = JSON.stringify(finding.records.map(({ recordId }) => recordId).slice(0, 100));
  return {
    row: findingRow(id, rule),
    cells: {
      id,
      time,
      rule,
      title,
      level,
      user,
      session,
      ip,
      state,
      recordIds,
      explanation: summarise(finding).slice(0, 8000),
      ...splitText('body', JSON.stringify(finding)),
    },
  };
}

export const read = (row: StoredRow): Finding => JSON.parse(joinText('body', row.cells)) as Finding;

function matches(finding: Finding, query: FindingQuery): boolean {
  const at = Date.parse(finding.time);
  const user = query.user?.toLowerCase();
  return (
    at >= query.fromMs &&
    at < query.toMs &&
    (user === undefined || finding.user === user || finding.userId?.toLowerCase() === user) &&
    (query.rule === undefined || finding.rule === query.rule) &&
    (query.session === undefined || finding.session === query.session) &&
    (query.levels === undefined || query.levels.includes(finding.level)) &&
    (query.states === undefined || query.states.includes(finding.state))
  );
}

/** A level and all above it. */
export const levelsFrom = (level: Level): readonly Level[] => LEVELS.slice(LEVELS.indexOf(level));

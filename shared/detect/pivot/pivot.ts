import { HoldfastError } from '../../errors.ts';
import { IndexHistory } from '../run/index-history.ts';
import { FindingsTable } from '../findings/findings-table.ts';
import type { Finding } from '../findings/finding.ts';
import type { NetworkLookup } from './geoip.ts';
import { sessionRecords, type PivotDeps, type SessionRecord } from './session-records.ts';
import { spreadOf, type Spread } from './spread.ts';
import { judgeSession, type ShownVerdict } from './verdict.ts';

/** What hangs together with a finding. */
export interface Pivot {
  readonly finding: string;
  readonly session: string;
  readonly user?: string;
  readonly from?: string;
  readonly to?: string;
  readonly sources: Readonly<Record<string, number>>;
  readonly operations: Readonly<Record<string, number>>;
  readonly verdict: ShownVerdict;
  readonly spread: readonly Spread[];
  readonly records: readonly SessionRecord[];
  readonly truncated: boolean;
  /** Findings that carry the session. */
  readonly findings: readonly string[];
}

const DAY = 86_400_000;

/** From a finding to its session: all its records, what it is held to be, and who else is touched. */
export async function pivotFrom(
  deps: PivotDeps,
  tenant: string,
  finding: Finding,
  lookup: NetworkLookup,
): Promise<Pivot> {
  const { session, user } = finding;
  if (session === undefined)
    throw new HoldfastError('not-found', 'No record of the finding carries a session id.', {
      field: 'id',
      remedy: 'Look at the person or address instead: GET /api/entities/user/{key}.',
    });
  const atMs = Date.parse(finding.time);
  const { records, events, truncated } = await sessionRecords(deps, {
    tenant,
    session,
    atMs,
    ...(user ? { user } : {}),
  });
  const startMs = Math.min(atMs, ...records.flatMap(({ timeMs }) => timeMs ?? []));
  const history = await new IndexHistory(deps.tables, tenant).before(user ?? '', startMs, 30);
  const query = { tenant, fromMs: startMs - DAY, toMs: atMs + 30 * DAY, session };
  const { findings } = await new FindingsTable(deps.tables).list(query, 500);
  const times = records.flatMap(({ timeMs }) => timeMs ?? []);
  return {
    finding: finding.id,
    session,
    ...(user ? { user } : {}),
    ...(times.length > 0
      ? { from: new Date(times[0]!).toISOString(), to: new Date(times.at(-1)!).toISOString() }
      : {}),
    sources: count(records.map(({ source }) => source)),
    operations: count(records.map(({ operation }) => operation)),
    verdict: judgeSession({ session, records, events, history, findings, lookup }),
    spread: await spreadOf(deps.tables, { tenant, session, atMs, records, ...(user ? { user } : {}) }),
    records,
    truncated,
    findings: findings.map(({ id }) => id),
  };
}

function count(values: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

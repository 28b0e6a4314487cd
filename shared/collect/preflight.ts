import type { Clock } from '../clock.ts';
import { inParallel } from '../parallel.ts';
import { isObject, textOf } from '../record.ts';
import type { SourceId } from '../sources.ts';
import type { TenantApis } from './collect-window.ts';
import { ask, readWhole, type Check, type CheckState, type Said } from './preflight-ask.ts';
import { grantRemedy, probes, type Probe } from './preflight-checks.ts';
import { feedChecks } from './preflight-feed.ts';
import type { FeedSpec, SourceSpec } from './spec.ts';
import type { StateApis } from './state.ts';
import type { SearchApi } from './ual-search/audit-query.ts';

export type { Check, CheckState } from './preflight-ask.ts';

export interface SourcePreflight {
  readonly source: SourceId;
  readonly state: CheckState;
  readonly permission?: CheckState;
  readonly licence?: CheckState;
  readonly audit?: CheckState;
  readonly subscription?: CheckState;
  readonly remedies: readonly string[];
}

export interface Preflight {
  readonly tenant: string;
  /** No check of a configured source is missing or unknown. */
  readonly ok: boolean;
  readonly sources: readonly SourcePreflight[];
  readonly checks: readonly Check[];
}

export interface PreflightDeps {
  readonly apis: TenantApis & StateApis & { readonly search: SearchApi };
  readonly specs: readonly SourceSpec[];
  readonly sources: readonly SourceId[];
  readonly tenant: string;
  readonly clock: Clock;
}

/** All of it within one HTTP answer's time; a licence refusal is retried for most of it before it is believed. */
const WORK_MS = 75_000;
const WIDTH = 4;

/** Tests every permission, licence, audit switch and subscription against the tenant. Reads only; throws nothing the tenant says. */
export async function preflight(d: PreflightDeps): Promise<Preflight> {
  const deadlineMs = d.clock.now() + WORK_MS;
  const user = await someUser(d, deadlineMs);
  const checks: Check[] = [];
  const wanted = probes(d.clock.now()).filter(
    (p) => p.serves.length === 0 || p.serves.some((s) => d.sources.includes(s)),
  );
  await inParallel(wanted, WIDTH, async (probe) => {
    checks.push(...(await checksOf(d, probe, user, deadlineMs)));
  });
  const specs = d.specs.filter((s): s is FeedSpec => s.api === 'feed' && d.sources.includes(s.id));
  checks.push(...(await feedChecks({ feed: d.apis.feed, specs, clock: d.clock }, deadlineMs)));
  const sources = d.sources.filter((s) => s !== 'import').map((source) => ofSource(source, checks));
  const order = new Map(sources.map((s, i) => [s.source, i]));
  const rank = (c: Check): number => order.get(c.sources.find((s) => order.has(s))!) ?? sources.length;
  return {
    tenant: d.tenant,
    ok: sources.every((s) => s.state === 'ok'),
    sources,
    checks: checks.sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1)),
  };
}

/** Whose mailbox and methods are asked for; a made-up id where users cannot be read: it is authorised all the same. */
async function someUser(d: PreflightDeps, deadlineMs: number): Promise<string> {
  const nobody = '00000000-0000-0000-0000-000000000001';
  try {
    const url = `${d.apis.graphEndpoint}/v1.0/users?$top=1&$select=id`;
    const { value } = await d.apis.directory.call({ url }, readWhole, {
      deadlineMs,
      onRequest: () => undefined,
    });
    const body = JSON.parse(value) as unknown;
    const list = isObject(body) ? body['value'] : undefined;
    const first: unknown = Array.isArray(list) ? list[0] : undefined;
    return encodeURIComponent((isObject(first) && textOf(first['id'])) || nobody);
  } catch {
    // Asked again by its own check, which says what is amiss.
    return nobody;
  }
}

async function checksOf(d: PreflightDeps, probe: Probe, user: string, deadlineMs: number): Promise<Check[]> {
  const { apis } = d;
  const api = probe.api === 'search' ? apis.search.read : apis[probe.api];
  let said: Said = { kind: 'failed', refusal: '', detail: '' };
  for (const path of probe.paths) {
    said = await ask(api, `${apis.graphEndpoint}/${path.replace('{user}', user)}`, deadlineMs);
    if (said.kind === 'answered' || said.refusal !== 'not-found') break;
  }
  return judge(probe, said);
}

/** Pure. */
export function judge(probe: Probe, said: Said): Check[] {
  const about = { sources: probe.serves, feature: probe.feature };
  const refusal = said.kind === 'answered' ? '' : said.refusal;
  const detail = said.kind === 'answered' ? {} : { detail: said.detail };
  // Whoever is told that a thing is not there was allowed to ask for it; without the path itself nothing is known.
  const passed =
    said.kind === 'answered' || (probe.feature === 'state' && ['not-found', 'request'].includes(refusal));
  const permission: CheckState = passed ? 'ok' : refusal === 'permission' ? 'missing' : 'unknown';
  const checks: Check[] = [
    {
      kind: 'permission',
      name: probe.permission,
      state: permission,
      ...about,
      ...(!passed && { ...detail, remedy: remedyOf(probe, permission, refusal) }),
    },
  ];
  if (!probe.licence) return checks;
  const licence: CheckState = passed ? 'ok' : refusal === 'licence' ? 'missing' : 'unknown';
  const needs = licence === 'missing' ? { ...detail, remedy: probe.licence.remedy } : {};
  return [...checks, { kind: 'licence', name: probe.licence.name, state: licence, ...about, ...needs }];
}

function remedyOf(probe: Probe, state: CheckState, refusal: string): string {
  if (state === 'missing') return grantRemedy(probe.permission);
  if (refusal === 'licence') return 'The licence is refused first; ask again once it is there.';
  return `Ask again; if it stays so, check ${probe.permission} and whether this cloud has the service.`;
}

/** The worst of a source's checks: missing before unknown before ok. Pure. */
function ofSource(source: SourceId, checks: readonly Check[]): SourcePreflight {
  const mine = checks.filter((c) => c.sources.includes(source));
  const worst = (of: readonly Check[]): CheckState =>
    (['missing', 'unknown'] as const).find((s) => of.some((c) => c.state === s)) ?? 'ok';
  const byKind = (kind: Check['kind']): CheckState | undefined => {
    const some = mine.filter((c) => c.kind === kind);
    return some.length > 0 ? worst(some) : undefined;
  };
  const kinds = Object.fromEntries(
    (['permission', 'licence', 'audit', 'subscription'] as const)
      .map((kind) => [kind, byKind(kind)] as const)
      .filter(([, state]) => state !== undefined),
  );
  const remedies = [...new Set(mine.flatMap((c) => (c.remedy && c.state !== 'ok' ? [c.remedy] : [])))];
  return { source, state: mine.length > 0 ? worst(mine) : 'unknown', ...kinds, remedies };
}

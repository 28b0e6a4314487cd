import type { SourceCoverage } from '../../archive/coverage.ts';
import type { EntityKind } from '../../layout.ts';
import type { Person } from '../../detect/pivot/session/people.ts';
import type { Habits } from '../../detect/pivot/session/verdict.ts';
import { sealsOver, type SealUse } from '../evidence.ts';
import { readFindings, type Finding } from '../findings.ts';
import { wantedKeys, type WantedKeys } from '../matcher.ts';
import { locate, unionSegments, type ReadDeps, type SegmentChunks } from '../read-records.ts';
import type { Scope } from '../scope.ts';
import { expandScope } from './expand.ts';
import { habitsOf, peopleOf } from './habits.ts';
import type { Expansion } from './included.ts';

/**
 * All that a bundle depends on beyond its request, fixed once: what is found where, what was covered, who is in and
 * why. The archive grows while a job runs or lies dead; from the plan on, its bytes are decided.
 */
export interface BundlePlan {
  readonly format: 1;
  readonly scope: Scope;
  /** After expansion: what the bundle holds. */
  readonly wide: Scope;
  readonly expansion: Expansion;
  readonly people: readonly Person[];
  readonly habits: Readonly<Record<string, Habits>>;
  readonly keys: Readonly<Record<EntityKind, readonly string[]>>;
  /** Mails whose flow records belong to the bundle. */
  readonly messages: readonly string[];
  readonly located: readonly SegmentChunks[];
  readonly coverage: readonly SourceCoverage[];
  readonly findings: readonly Finding[];
  readonly seals: readonly SealUse[];
}

export interface PlanDeps extends ReadDeps {
  readonly coverage: (tenant: string, fromMs: number, toMs: number) => Promise<readonly SourceCoverage[]>;
}

export async function planBundle(
  ask: { readonly scope: Scope; readonly expand: number },
  deps: PlanDeps,
): Promise<BundlePlan> {
  const expansion = await expandScope(ask.scope, ask.expand, deps);
  const wide = expansion.scope;
  const wanted = await wantedKeys(wide, deps.tables);
  const located = unionSegments([...(await locate(wide, wanted, deps.tables)), ...expansion.mailFlow]);
  const people = await peopleOf(wide, deps.tables);
  const { tenant, fromMs, toMs } = wide;
  const keys = new Set(people.flatMap((p) => p.keys));
  return {
    format: 1,
    scope: ask.scope,
    wide,
    expansion,
    people,
    habits: await habitsOf(wide, people, deps.tables),
    keys: sortedKeys(wanted),
    messages: expansion.messages,
    located,
    coverage: await deps.coverage(tenant, fromMs, toMs),
    findings: await readFindings(
      deps.tables,
      { tenant, fromMs, toMs },
      (f) => keys.has(f.user) || wanted.session.has(f.session),
    ),
    seals: await sealsOver(deps.blobs, tenant, located),
  };
}

const sortedKeys = (wanted: WantedKeys): BundlePlan['keys'] => ({
  user: [...wanted.user].sort(),
  session: [...wanted.session].sort(),
  ip: [...wanted.ip].sort(),
  app: [...wanted.app].sort(),
});

export const wantedOf = (plan: BundlePlan): WantedKeys => ({
  user: new Set(plan.keys.user),
  session: new Set(plan.keys.session),
  ip: new Set(plan.keys.ip),
  app: new Set(plan.keys.app),
});

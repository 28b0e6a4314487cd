import type { Clock } from '../clock.ts';
import { describeError, isHoldfastError } from '../errors.ts';
import { enabledSubscriptions, listContent, withPublisher, type FeedPlace } from './feed.ts';
import { ask, type Check, type CheckState } from './preflight-ask.ts';
import {
  AUDIT_REMEDY,
  DLP_PERMISSION,
  FEED_PERMISSION,
  grantRemedy,
  SUBSCRIPTION_REMEDY,
} from './preflight-checks.ts';
import type { FeedSpec } from './spec.ts';

export interface FeedPreflight {
  readonly feed: FeedPlace;
  readonly specs: readonly FeedSpec[];
  readonly clock: Clock;
}

/** The Management Activity API: permission, the audit switch, each subscription. One question tells most. */
export async function feedChecks(d: FeedPreflight, deadlineMs: number): Promise<Check[]> {
  const { specs } = d;
  if (specs.length === 0) return [];
  const sources = specs.map((s) => s.id);
  const about = { sources, feature: 'collect' } as const;
  try {
    const enabled = await enabledSubscriptions(d.feed, { deadlineMs, onRequest: () => undefined });
    return [
      { kind: 'permission', name: FEED_PERMISSION, state: 'ok', ...about },
      { kind: 'audit', name: 'unified auditing', state: 'ok', ...about },
      ...specs.map((spec) => subscription(spec, enabled.has(spec.contentType))),
      ...(await dlpChecks(d, specs, enabled, deadlineMs)),
    ];
  } catch (error) {
    if (!isHoldfastError(error)) throw error;
    const refusal = String(error.ids['refusal'] ?? '');
    const detail = describeError(error).slice(0, 300);
    const off = refusal === 'licence';
    const [permission, audit]: CheckState[] = [
      refusal === 'permission' ? 'missing' : 'unknown',
      off ? 'missing' : 'unknown',
    ];
    const check = (kind: Check['kind'], name: string, state: CheckState, remedy: string): Check => ({
      kind,
      name,
      state: state,
      ...about,
      detail,
      remedy,
    });
    return [
      check(
        'permission',
        FEED_PERMISSION,
        permission!,
        permission === 'missing'
          ? grantRemedy(FEED_PERMISSION)
          : 'Ask again once auditing is on and the service answers.',
      ),
      check(
        'audit',
        'unified auditing',
        audit!,
        off ? AUDIT_REMEDY : 'Ask again once the permission is granted and the service answers.',
      ),
    ];
  }
}

const subscription = (spec: FeedSpec, enabled: boolean): Check => ({
  kind: 'subscription',
  name: spec.contentType,
  state: enabled ? 'ok' : 'missing',
  sources: [spec.id],
  feature: 'collect',
  ...(!enabled && { remedy: SUBSCRIPTION_REMEDY }),
});

const HOUR = 3_600_000;

/** Only the reading of a DLP content blob needs its permission: without one nothing can be told. */
async function dlpChecks(
  d: FeedPreflight,
  specs: readonly FeedSpec[],
  enabled: ReadonlySet<string>,
  deadlineMs: number,
): Promise<Check[]> {
  const spec = specs.find((s) => s.id === 'ual-dlp');
  if (!spec) return [];
  const about = { kind: 'permission', name: DLP_PERMISSION, sources: [spec.id], feature: 'collect' } as const;
  const unknown = (detail: string): Check[] => [
    {
      ...about,
      state: 'unknown',
      detail,
      remedy: `Nothing to do unless ual-dlp stays without records: then ${grantRemedy(DLP_PERMISSION)}`,
    },
  ];
  if (!enabled.has(spec.contentType)) return unknown('the subscription does not run');
  const { feed } = d;
  const nowMs = d.clock.now();
  const context = { deadlineMs, onRequest: () => undefined };
  try {
    const window = { fromMs: nowMs - 23 * HOUR, toMs: nowMs };
    const [item] = (await listContent(feed, spec.contentType, window, context)).items;
    if (!item) return unknown('no DLP content in the last day to test it with');
    const said = await ask(feed.api, withPublisher(feed.api.checkLink(item.contentUri), feed), deadlineMs);
    if (said.kind === 'answered') return [{ ...about, state: 'ok' }];
    if (said.refusal !== 'permission') return unknown(said.detail);
    return [{ ...about, state: 'missing', detail: said.detail, remedy: grantRemedy(DLP_PERMISSION) }];
  } catch (error) {
    if (!isHoldfastError(error)) throw error;
    return unknown(describeError(error).slice(0, 300));
  }
}

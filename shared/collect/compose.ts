import type { Clock } from '../clock.ts';
import type { Limit } from '../limit.ts';
import type { TableStore } from '../store/stores.ts';
import { classifyFeed, classifyGraph } from './classify.ts';
import type { TenantApis } from './collect-window.ts';
import type { FeedPlace } from './feed.ts';
import { inBlocks, SharedBudget } from './shared-budget.ts';
import { graphTransport, tokenTransport, type Fetch, type TokenSource } from './transport.ts';
import { VendorApi } from './vendor-api.ts';

/** What the vendor's APIs of one tenant are made of; the composition root and the tests name the same parts. */
export interface TenantApiParts {
  readonly tenant: string;
  /** Without a trailing slash. */
  readonly endpoints: { readonly graph: string; readonly management: string };
  readonly publisherId: string;
  readonly reportBudget: Limit;
  /** Default: what the vendor allows every tenant. */
  readonly feedBudget?: Limit;
  readonly tokens: { readonly graph: TokenSource; readonly management: TokenSource };
  readonly fetch: Fetch;
  readonly tables: TableStore;
  readonly clock: Clock;
}

const IDENTITY_LIMIT: Limit = { requests: 1, periodMs: 1000 };
/** API-FACTS C: 2,000 a minute at least. */
const FEED_LIMIT: Limit = { requests: 2000, periodMs: 60_000 };

export function tenantApis(p: TenantApiParts): TenantApis {
  const { graph, management } = p.endpoints;
  const send = graphTransport(p.tokens.graph, p.fetch);
  const stored = { tables: p.tables, clock: p.clock };
  const graphApi = (name: string, limit: Limit): VendorApi =>
    new VendorApi({
      transport: send,
      budget: new SharedBudget(`${p.tenant}|${name}`, limit, stored),
      clock: p.clock,
      classify: classifyGraph,
      origin: new URL(graph).origin,
    });
  const feedLimit = p.feedBudget ?? FEED_LIMIT;
  const feedBudget = new SharedBudget(`${p.tenant}|feed`, feedLimit, stored, inBlocks(feedLimit));
  const sendFeed = tokenTransport(p.tokens.management, p.fetch);
  const feed = (lane: string): FeedPlace => ({
    api: new VendorApi({
      transport: sendFeed,
      budget: feedBudget.lane(lane),
      clock: p.clock,
      classify: classifyFeed,
      origin: new URL(management).origin,
    }),
    endpoint: management,
    tenant: p.tenant,
    publisherId: p.publisherId,
  });
  return {
    reports: graphApi('reports', p.reportBudget),
    identity: graphApi('identity', IDENTITY_LIMIT),
    graphEndpoint: graph,
    feed: feed('subscriptions'),
    feedOf: feed,
  };
}

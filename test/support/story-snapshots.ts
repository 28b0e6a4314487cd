import { classifyGraph } from '../../shared/collect/classify.ts';
import { StateReader } from '../../shared/collect/state.ts';
import { LocalBudget } from '../../shared/collect/budget.ts';
import { httpClient } from '../../shared/collect/http-client.ts';
import { tokenTransport } from '../../shared/collect/transport.ts';
import { VendorApi } from '../../shared/collect/vendor-api.ts';
import { systemClock } from '../../shared/clock.ts';
import type { Tenant } from '../../infra/local/tenant/tenant.ts';

/** The product's own state reader against a simulated tenant. */
export function stateReaderOf(tenant: Tenant): StateReader {
  const api = new VendorApi({
    transport: tokenTransport(() => Promise.resolve('simulated'), httpClient()),
    budget: new LocalBudget({ requests: 10_000, periodMs: 1000 }, systemClock),
    clock: systemClock,
    classify: classifyGraph,
    origin: tenant.origin,
  });
  return new StateReader(
    () => ({ reports: api, identity: api, directory: api, graphEndpoint: tenant.origin }),
    systemClock,
  );
}

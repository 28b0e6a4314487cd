import { app } from '@azure/functions';
import { preflight } from '../shared/collect/preflight.ts';
import { AUTH_LEVEL, http, json, query, tenantOf } from './http.ts';
import { root } from './root.ts';

app.http('preflight', {
  route: 'preflight',
  methods: ['GET'],
  authLevel: AUTH_LEVEL,
  handler: http('Admin', async (request) => {
    const tenant = tenantOf(query(request, ['tenant'])('tenant'));
    const { specs, clock, settings } = root;
    return json(
      await preflight({ apis: root.apis(tenant), specs, sources: settings.sources, tenant, clock }),
    );
  }),
});

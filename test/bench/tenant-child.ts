import { DEFAULT_TENANT_ID, generateStory } from '../../infra/local/story/index.ts';
import { createTenant } from '../../infra/local/tenant/tenant.ts';

/** A simulated tenant for a bench: prints its settings, ends with its parent. */
const story = JSON.parse(process.argv[2]!) as { records: number; days: number; nowMs: number };
const tenant = await createTenant({
  records: generateStory({ ...story, tenantId: DEFAULT_TENANT_ID }),
  tenantId: DEFAULT_TENANT_ID,
});
tenant.limits.set('graphReports', false);
tenant.limits.set('identityProtection', false);
tenant.limits.set('feed', false);
process.stdin.on('close', () => process.exit(0)).resume();
console.log(JSON.stringify(tenant.settings()));

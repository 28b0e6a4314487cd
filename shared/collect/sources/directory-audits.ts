import { formatSeconds } from '../../instant.ts';
import { reportQuery, type GraphSpec } from '../spec.ts';

/** Beta carries `initiatedBy.linkableIdentifiers` (the session id); v1.0 serves where beta does not. */
export const source: GraphSpec = {
  id: 'directory-audits',
  api: 'graph',
  budget: 'reports',
  versions: ['beta', 'v1.0'],
  windowMinutes: 30,
  backfillHours: 24,
  retentionDays: 30,
  marginMs: 0,
  remedy: {
    permission:
      'Grant the application permission AuditLog.Read.All (Microsoft Graph) and give admin consent.',
    licence: 'Directory audits need no licence; check that the tenant is not an Azure AD B2C tenant.',
  },
  query: ({ fromMs, toMs }) =>
    reportQuery(
      'auditLogs/directoryAudits',
      `activityDateTime ge ${formatSeconds(fromMs)} and activityDateTime le ${formatSeconds(toMs)}`,
      1000,
    ),
};

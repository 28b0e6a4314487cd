import { formatSeconds } from '../../instant.ts';
import { reportQuery, type GraphSpec } from '../spec.ts';

/** This report documents `gt` and `lt`, not `ge` and `le` (API-FACTS B): a second wider on both sides. */
export const source: GraphSpec = {
  id: 'provisioning',
  api: 'graph',
  budget: 'reports',
  versions: ['v1.0'],
  windowMinutes: 60,
  backfillHours: 24,
  retentionDays: 30,
  marginMs: 0,
  remedy: {
    permission:
      'Grant the application permission AuditLog.Read.All (Microsoft Graph) and give admin consent.',
    licence: 'Provisioning logs need Microsoft Entra ID P1 or P2.',
  },
  query: ({ fromMs, toMs }) =>
    reportQuery(
      'auditLogs/provisioning',
      `activityDateTime gt ${formatSeconds(fromMs - 1000)} and activityDateTime lt ${formatSeconds(toMs + 1000)}`,
      1000,
    ),
};

import { formatSeconds } from '../../instant.ts';
import type { SourceId } from '../../sources.ts';
import { reportQuery, type GraphSpec } from '../spec.ts';

/**
 * One of the four sign-in streams. Session ids and the three kinds beside the interactive one exist on `/beta`
 * only; user kinds and workload kinds cannot be asked for together (API-FACTS A).
 */
export function signInSource(id: SourceId, eventType: string): GraphSpec {
  return {
    id,
    api: 'graph',
    budget: 'reports',
    versions: ['beta'],
    windowMinutes: 30,
    backfillHours: 24,
    retentionDays: 30,
    marginMs: 0,
    remedy: {
      permission:
        'Grant the application permission AuditLog.Read.All (Microsoft Graph) and give admin consent.',
      licence: 'Sign-in logs are readable through Microsoft Graph with Microsoft Entra ID P1 or P2 only.',
    },
    query: ({ fromMs, toMs }) =>
      reportQuery(
        'auditLogs/signIns',
        `createdDateTime ge ${formatSeconds(fromMs)} and createdDateTime le ${formatSeconds(toMs)}` +
          ` and signInEventTypes/any(t: t eq '${eventType}')`,
        1000,
      ),
  };
}

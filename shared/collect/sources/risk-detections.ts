import { formatSeconds } from '../../instant.ts';
import { reportQuery, type GraphSpec } from '../spec.ts';

/**
 * Page size at most 500 (1000 is refused with 400); one request a second for the tenant, all apps together.
 * A filter older than 90 days is refused (API-FACTS A), hence the margin.
 */
export const source: GraphSpec = {
  id: 'risk-detections',
  api: 'graph',
  budget: 'identity',
  versions: ['v1.0'],
  windowMinutes: 60,
  backfillHours: 7 * 24,
  retentionDays: 90,
  marginMs: 5 * 60_000,
  remedy: {
    permission:
      'Grant the application permission IdentityRiskEvent.Read.All (Microsoft Graph) and give admin consent.',
    licence: 'Risk detections need Microsoft Entra ID P2 (P1 shows a part of them).',
  },
  query: ({ fromMs, toMs }) =>
    reportQuery(
      'identityProtection/riskDetections',
      `detectedDateTime ge ${formatSeconds(fromMs)} and detectedDateTime le ${formatSeconds(toMs)}`,
      500,
    ),
};

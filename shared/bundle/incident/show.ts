import { formatSeconds } from '../../instant.ts';
import { DAY_MS } from '../span.ts';
import { STEPS, type Incident } from './incident.ts';

/** `GET /api/incidents/{id}`: what was asked, how far it is, where the bundle is. */
export function showIncident(incident: Incident, retentionDays: number): unknown {
  const { scope, progress } = incident;
  return {
    id: incident.id,
    tenant: scope.tenant,
    ...(incident.title !== undefined && { title: incident.title }),
    state: incident.state,
    progress: { ...progress, steps: STEPS.length - 1, stepsDone: STEPS.indexOf(progress.step) },
    query: {
      from: formatSeconds(scope.fromMs),
      to: formatSeconds(scope.toMs),
      entities: scope.entities,
      expand: incident.expand,
      ...(incident.parts !== undefined && { parts: incident.parts }),
    },
    requester: incident.requester,
    requestedAt: new Date(incident.requestedMs).toISOString(),
    updatedAt: new Date(incident.updatedMs).toISOString(),
    attempts: incident.attempts,
    ...(incident.reason !== undefined && { reason: incident.reason }),
    ...(incident.result && { result: incident.result, bundle: `/api/incidents/${incident.id}/bundle` }),
    deletedAfter: new Date(incident.updatedMs + retentionDays * DAY_MS).toISOString(),
  };
}

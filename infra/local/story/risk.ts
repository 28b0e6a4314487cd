import type { Outbox } from './outbox.ts';
import type { Random } from './random.ts';
import type { SignInFacts } from './signin.ts';
import { MINUTE, ticks } from './time.ts';

export interface DetectionFacts {
  readonly facts: SignInFacts;
  readonly type: string;
  readonly random: Random;
  /** When the risk is settled, the row changes: the same id, later. */
  readonly settledAfterMs?: number;
  readonly id?: string;
  readonly step?: string;
}

/** One Identity Protection row about a sign-in; `additionalInfo` is JSON in a string. */
export function riskDetection(
  out: Outbox,
  { facts, type, random, settledAfterMs, id = random.hex(32), step }: DetectionFacts,
): void {
  const detectedMs = facts.atMs + random.whole(20, 140) * 1000;
  const row = (state: string, updatedMs: number) => detection(facts, type, id, state, detectedMs, updatedMs);
  const common = {
    source: 'risk-detections' as const,
    id,
    eventMs: detectedMs,
    about: facts.user.asActor,
    ...(step === undefined ? undefined : { step }),
  };
  if (settledAfterMs === undefined)
    return out.post({ ...common, body: row(facts.risk.state, detectedMs + 2 * MINUTE) });
  out.post({
    ...common,
    body: row('atRisk', detectedMs + 2 * MINUTE),
    changes: { body: row(facts.risk.state, detectedMs + settledAfterMs), afterMs: settledAfterMs },
  });
}

function detection(
  f: SignInFacts,
  type: string,
  id: string,
  state: string,
  detectedMs: number,
  updatedMs: number,
) {
  const { place } = f.client;
  return {
    id,
    requestId: f.id,
    correlationId: f.correlationId,
    riskType: type,
    riskEventType: type,
    riskState: state,
    riskLevel: f.risk.level,
    riskDetail: state === 'atRisk' ? 'none' : f.risk.detail,
    source: 'IdentityProtection',
    detectionTimingType: 'realtime',
    activity: 'signin',
    tokenIssuerType: 'AzureAD',
    ipAddress: f.client.ip,
    location: {
      city: place.city,
      state: place.state,
      countryOrRegion: place.country,
      geoCoordinates: { latitude: place.latitude, longitude: place.longitude },
    },
    activityDateTime: ticks(f.atMs, 0),
    detectedDateTime: ticks(detectedMs, 1331),
    lastUpdatedDateTime: ticks(updatedMs, 4470),
    userId: f.user.id,
    userDisplayName: f.user.displayName,
    userPrincipalName: f.user.upn,
    additionalInfo: JSON.stringify([
      { Key: 'userAgent', Value: f.client.userAgent },
      { Key: 'mitreTechniques', Value: type === 'unfamiliarFeatures' ? 'T1078.004' : 'T1090.003,T1557' },
    ]),
  };
}

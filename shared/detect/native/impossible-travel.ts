import { isObject } from '../../record.ts';
import { objectAt, textAt } from '../../indexing/fields.ts';
import { asnOf, succeeded } from '../sighting.ts';
import type { WindowEvent, WindowHit, WindowRule } from './native-rule.ts';
import { MICROSOFT_ASN } from './networks.ts';

const HOUR = 3_600_000;
const MIN_KM = 500;
const MAX_KM_PER_HOUR = 800;

/** Two interactive sign-ins further apart than anybody travels in the time between them. */
export const impossibleTravel: WindowRule = {
  kind: 'native',
  type: 'window',
  key: 'signin-impossible-travel',
  title: 'Impossible travel between sign-ins',
  level: 'medium',
  description: `Two successful interactive sign-ins of one person lie ${MIN_KM} km or more apart, and between them less time than a journey at ${MAX_KM_PER_HOUR} km/h takes. Distance on the sphere between the places Microsoft gives for the addresses.`,
  tags: ['attack.initial-access', 'attack.t1078.004'],
  references: ['https://learn.microsoft.com/entra/id-protection/concept-identity-protection-risks'],
  falsePositives: ['VPNs and mobile carriers', 'Addresses that are located wrongly'],
  sources: ['signins-interactive', 'import'],
  reads: ['isInteractive', 'status', 'userId', 'location', 'autonomousSystemNumber'],
  when: { status: succeeded },
  spanMs: 24 * HOUR,
  // Two sign-ins from one place within a quarter of an hour tell no more than one.
  stretchMs: HOUR / 4,
  silentBelow: 2,
  take: (body) => {
    if (!isObject(body) || body['isInteractive'] === false || !succeeded(body['status'])) return undefined;
    const place = objectAt(body, 'location', 'geoCoordinates');
    const group = textAt(body, 'userId');
    const [lat, lon] = [Number(place?.['latitude']), Number(place?.['longitude'])];
    if (
      !group ||
      !Number.isFinite(lat) ||
      !Number.isFinite(lon) ||
      (lat === 0 && lon === 0) ||
      asnOf(body) === MICROSOFT_ASN
    )
      return undefined;
    return { group, once: `${lat.toFixed(1)},${lon.toFixed(1)}`, facts: { lat, lon } };
  },
  judge: (events) => {
    const hits: WindowHit[] = [];
    for (let i = 1; i < events.length; i++) {
      const hit = hitOf(events[i - 1]!, events[i]!);
      if (hit) hits.push(hit);
    }
    return hits;
  },
};

function hitOf(from: WindowEvent, to: WindowEvent): WindowHit | undefined {
  // Nearly all: nobody moved.
  if (from.facts['lat'] === to.facts['lat'] && from.facts['lon'] === to.facts['lon']) return undefined;
  const km = distanceKm(from, to);
  const hours = (to.t - from.t) / HOUR;
  if (km < MIN_KM || km <= hours * MAX_KM_PER_HOUR) return undefined;
  return { events: [from, to], facts: { kilometres: Math.round(km), minutes: Math.round(hours * 60) } };
}

const EARTH_KM = 6371;
const radians = (degrees: string | number | undefined): number => (Number(degrees) * Math.PI) / 180;

/** Haversine. */
export function distanceKm(a: Pick<WindowEvent, 'facts'>, b: Pick<WindowEvent, 'facts'>): number {
  const [lat1, lat2] = [radians(a.facts['lat']), radians(b.facts['lat'])];
  const half = (x: number) => Math.sin(x / 2) ** 2;
  const h =
    half(lat2 - lat1) +
    Math.cos(lat1) * Math.cos(lat2) * half(radians(b.facts['lon']) - radians(a.facts['lon']));
  return 2 * EARTH_KM * Math.asin(Math.min(1, Math.sqrt(h)));
}

import {
  AUTH_BROKER,
  EDGE,
  EXCHANGE,
  GRAPH,
  MICROSOFT_OFFICE,
  OFFICE_HOME,
  ONEDRIVE_SYNC,
  ONE_OUTLOOK_WEB,
  OUTLOOK_MOBILE,
  SHAREPOINT,
  SHAREPOINT_WEB,
  TEAMS,
  TEAMS_WEB,
  type App,
} from './apps.ts';
import { riskDetection } from './risk.ts';
import { NO_RISK, userSignIn, type Risk, type SignInFacts } from './signin.ts';
import { stsLogon } from './sts.ts';
import { HOUR, MINUTE, SECOND } from './time.ts';
import { moment, type Client, type WorkDay } from './workday.ts';

type Route = readonly [App, App];

const ROUTES: Record<Client['kind'], readonly Route[]> = {
  desktop: [
    [MICROSOFT_OFFICE, EXCHANGE],
    [TEAMS, GRAPH],
    [ONEDRIVE_SYNC, SHAREPOINT],
    [MICROSOFT_OFFICE, GRAPH],
    [EDGE, GRAPH],
    [AUTH_BROKER, GRAPH],
  ],
  browser: [
    [OFFICE_HOME, OFFICE_HOME],
    [ONE_OUTLOOK_WEB, EXCHANGE],
    [TEAMS_WEB, GRAPH],
    [SHAREPOINT_WEB, SHAREPOINT],
  ],
  phone: [
    [OUTLOOK_MOBILE, EXCHANGE],
    [TEAMS, GRAPH],
    [OUTLOOK_MOBILE, GRAPH],
  ],
};

const INTERACTIVE = 0.55;
const NON_INTERACTIVE = 2.25;

export function signInTraffic(day: WorkDay, rate: number): void {
  for (let n = day.random.count(INTERACTIVE * rate); n > 0; n--) interactive(day);
  for (let n = day.random.count(NON_INTERACTIVE * rate); n > 0; n--) nonInteractive(day);
}

function interactive(day: WorkDay): void {
  const { random } = day;
  const client = random.chance(0.7) ? day.browser : random.chance(0.5) ? day.desktop : day.phone;
  const facts = draw(day, client, moment(day), true);
  const kind = random.unit();
  if (kind < 0.06) return mistyped(day, facts);
  if (kind < 0.14) return interrupted(day, facts);
  if (kind < 0.147) return judgedLater(day, facts);
  publish(day, facts, true);
}

/** A wrong password, then the right one. */
function mistyped(day: WorkDay, facts: SignInFacts): void {
  publish(day, { ...facts, error: 50126, mfa: 'none' }, true);
  publish(
    day,
    { ...facts, id: day.random.guid(), atMs: facts.atMs + day.random.whole(8, 40) * SECOND },
    true,
  );
}

/** The prompts of an ordinary MFA sign-in: the same errors an AiTM page leaves, but from a known place and without risk. */
function interrupted(day: WorkDay, facts: SignInFacts): void {
  const { random } = day;
  publish(day, { ...facts, error: 50074, mfa: 'app' }, true);
  if (random.chance(0.3))
    publish(day, { ...facts, id: random.guid(), error: 50140, atMs: facts.atMs + 19 * SECOND }, true);
  publish(
    day,
    { ...facts, id: random.guid(), mfa: 'app', atMs: facts.atMs + random.whole(25, 60) * SECOND },
    true,
  );
}

/** Identity Protection judges some sign-ins hours later: the same id comes back with other risk fields. */
function judgedLater(day: WorkDay, facts: SignInFacts): void {
  const low: Risk = {
    level: 'low',
    state: 'remediated',
    detail: 'userPassedMFADrivenByRiskBasedPolicy',
    events: ['unfamiliarFeatures'],
  };
  const afterMs = day.random.whole(1, 5) * HOUR;
  day.out.post({
    source: 'signins-interactive',
    id: facts.id,
    body: userSignIn(facts),
    eventMs: facts.atMs,
    about: day.user.asActor,
    changes: { body: userSignIn({ ...facts, risk: low }), afterMs },
  });
  twin(day, facts);
  riskDetection(day.out, {
    facts: { ...facts, risk: low },
    type: 'unfamiliarFeatures',
    random: day.random,
    settledAfterMs: afterMs,
  });
}

function nonInteractive(day: WorkDay): void {
  const { random } = day;
  const client = random.chance(0.7) ? day.desktop : random.chance(0.6) ? day.phone : day.browser;
  const facts = draw(day, client, moment(day), false);
  const error = random.unit();
  publish(day, { ...facts, error: error < 0.01 ? 700082 : error < 0.03 ? 50058 : 0 }, random.chance(0.27));
}

function draw(day: WorkDay, client: Client, atMs: number, asked: boolean): SignInFacts {
  const { random } = day;
  const [app, resource] = random.pick(ROUTES[client.kind]);
  return {
    tenantId: day.company.settings.tenantId,
    user: day.user,
    atMs,
    id: random.guid(),
    correlationId: random.guid(),
    client,
    app,
    resource,
    interactive: asked,
    error: 0,
    token: random.token(),
    mfa: random.chance(0.8) ? 'claim' : 'none',
    risk: NO_RISK,
    linked: random.chance(asked ? 0.95 : 0.8),
    milliseconds: random.whole(60, 900),
  };
}

function publish(day: WorkDay, facts: SignInFacts, withTwin: boolean): void {
  day.out.post({
    source: facts.interactive ? 'signins-interactive' : 'signins-noninteractive',
    id: facts.id,
    body: userSignIn(facts),
    eventMs: facts.atMs,
    about: day.user.asActor,
    // MFA events are aggregated onto the original sign-in, which can take up to two hours.
    ...(facts.mfa === 'app' && day.random.chance(0.3)
      ? { afterMs: day.random.whole(20, 120) * MINUTE }
      : undefined),
  });
  if (withTwin) twin(day, facts);
}

function twin(day: WorkDay, facts: SignInFacts): void {
  const id = day.random.guid();
  day.out.post({
    source: 'ual-entra',
    id,
    body: stsLogon(facts, id),
    eventMs: facts.atMs,
    about: day.user.asActor,
  });
}

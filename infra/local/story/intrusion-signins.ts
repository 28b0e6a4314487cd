import {
  AZURE_PORTAL,
  DIRECTORY,
  EXCHANGE,
  GRAPH,
  MY_SIGN_INS,
  OFFICE_HOME,
  ONE_OUTLOOK_WEB,
  SHAREPOINT,
  SHAREPOINT_WEB,
  AZURE_MANAGEMENT,
  type App,
} from './apps.ts';
import { at, fromExitNode, fromServer, type Attack } from './attacker.ts';
import { CHATBOT } from './chatbot.ts';
import { riskDetection } from './risk.ts';
import { NO_RISK, userSignIn, type Risk, type SignInFacts } from './signin.ts';
import { stsLogon } from './sts.ts';
import { MINUTE } from './time.ts';
import type { Client } from './workday.ts';

const risk = (level: Risk['level'], ...events: string[]): Risk => ({
  level,
  state: 'atRisk',
  detail: 'none',
  events,
});
const MEDIUM = risk('medium', 'anonymizedIPAddress');
const HIGH = risk('high', 'attackerinTheMiddle');

type Rest = Partial<Omit<SignInFacts, 'client' | 'app' | 'resource'>>;

const facts = (
  attack: Attack,
  time: string,
  client: Client,
  [app, resource]: readonly [App, App],
  rest: Rest,
): SignInFacts => ({
  tenantId: attack.company.settings.tenantId,
  user: attack.victim,
  atMs: at(attack, time),
  id: attack.random.guid(),
  correlationId: attack.random.guid(),
  client,
  app,
  resource,
  interactive: true,
  error: 0,
  token: attack.random.token(),
  mfa: 'claim',
  risk: MEDIUM,
  linked: true,
  milliseconds: attack.random.whole(120, 800),
  ...rest,
});

function publish(attack: Attack, step: string, f: SignInFacts, changed?: Risk): void {
  const { out, victim, random } = attack;
  out.post({
    source: f.interactive ? 'signins-interactive' : 'signins-noninteractive',
    id: f.id,
    body: userSignIn(f),
    eventMs: f.atMs,
    about: victim.asActor,
    step,
    afterMs: random.whole(3, 12) * MINUTE,
    ...(changed
      ? { changes: { body: userSignIn({ ...f, risk: changed }), afterMs: 25 * MINUTE } }
      : undefined),
  });
  const id = random.guid();
  out.post({ source: 'ual-entra', id, body: stsLogon(f, id), eventMs: f.atMs, about: victim.asActor, step });
}

/** What an AiTM page leaves: the password, the second factor, "stay signed in?" and the session, relayed from one address. */
export function landing(
  attack: Attack,
  step: string,
  client: Client,
  times: readonly [string, string, string],
): SignInFacts {
  const correlationId = attack.random.guid();
  const route = [OFFICE_HOME, OFFICE_HOME] as const;
  const [prompted, asked, inside] = times;
  publish(attack, step, facts(attack, prompted, client, route, { correlationId, error: 50074, mfa: 'app' }));
  publish(attack, step, facts(attack, asked, client, route, { correlationId, error: 50140, mfa: 'app' }));
  const success = facts(attack, inside, client, route, { correlationId, mfa: 'app', risk: NO_RISK });
  publish(attack, step, success, HIGH);
  return { ...success, risk: HIGH };
}

export const refresh = (
  attack: Attack,
  step: string,
  time: string,
  client: Client,
  route: readonly [App, App],
): void => publish(attack, step, facts(attack, time, client, route, { interactive: false, risk: NO_RISK }));

/** Johanna's suspicious sign-ins: 13:50:17 to 14:11:43, as the deck reports them. */
export function signInsAsJohanna(attack: Attack): void {
  const exit = fromExitNode(attack);
  const server = fromServer(attack);
  const first = landing(attack, 'johanna/aitm-landing', exit, ['13:50:17', '13:50:39', '13:50:58']);
  const next = (time: string, client: Client, route: readonly [App, App], rest: Rest = {}) => {
    const f = facts(attack, time, client, route, rest);
    publish(attack, 'johanna/sign-ins', f);
    return f;
  };
  const second = next('13:52:40', server, [OFFICE_HOME, OFFICE_HOME]);
  next('13:54:52', server, [AZURE_PORTAL, AZURE_MANAGEMENT]);
  next('14:04:41', server, [{ id: CHATBOT.appId, name: CHATBOT.name }, GRAPH], { error: 65001 });
  next('14:05:00', server, [{ id: CHATBOT.appId, name: CHATBOT.name }, GRAPH]);
  next('14:05:22', server, [MY_SIGN_INS, DIRECTORY]);
  next('14:07:10', exit, [ONE_OUTLOOK_WEB, EXCHANGE]);
  next('14:11:43', server, [SHAREPOINT_WEB, SHAREPOINT]);
  refresh(attack, 'johanna/token-refresh', '13:51:20', exit, [ONE_OUTLOOK_WEB, EXCHANGE]);
  refresh(attack, 'johanna/token-refresh', '13:55:04', server, [AZURE_PORTAL, GRAPH]);
  refresh(attack, 'johanna/token-refresh', '14:09:02', server, [ONE_OUTLOOK_WEB, GRAPH]);
  detected(attack, 'johanna/risk', first, 'attackerinTheMiddle');
  detected(attack, 'johanna/risk', second, 'anonymizedIPAddress');
}

export const detected = (attack: Attack, step: string, f: SignInFacts, type: string): void =>
  riskDetection(attack.out, { facts: f, type, random: attack.random, step });

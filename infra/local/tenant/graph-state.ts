import { ApiError, json } from './answers.ts';
import type { Answer } from './answers.ts';
import { matches } from './filter-match.ts';
import { parseFilter } from './filter.ts';
import { nextLink, placeOf, tokenOf } from './page-tokens.ts';
import type { Call, Simulation } from './simulation.ts';

/** Paths that answer an empty collection when nothing else is known. */
const COLLECTIONS =
  /^(users|groups|oauth2PermissionGrants|servicePrincipals|applications|identity\/conditionalAccess\/(policies|namedLocations)|identityProtection\/riskyUsers|directoryRoles|roleManagement\/directory\/roleAssignments|organization|subscribedSkus)$/i;
const OF_USER =
  /^users\/[^/]+\/(mailFolders\/inbox\/messageRules|authentication\/methods|ownedDevices|registeredDevices|oauth2PermissionGrants|appRoleAssignments|memberOf)$/i;
const OF_PRINCIPAL =
  /^servicePrincipals\/[^/]+\/(appRoleAssignments|appRoleAssignedTo|oauth2PermissionGrants)$/i;
const MAILBOX_SETTINGS = {
  automaticRepliesSetting: { status: 'disabled' },
  timeZone: 'UTC',
  language: { locale: 'en-US' },
};

type Json = Record<string, unknown>;

/** The directory's and mailboxes' state, from what the caller laid down by path. */
export function answerState(sim: Simulation, call: Call): Answer {
  const path = canonical(sim, call.resource);
  const value = sim.state.get(path) ?? defaultOf(sim, path);
  if (value === undefined) throw notFound(call.resource);
  return Array.isArray(value) ? collection(call, value) : entity(call, value as Json);
}

/** Lays down state; keys are Graph paths such as `users/alice@contoso.example/mailboxSettings`. */
export function layState(state: Map<string, unknown>, values: Readonly<Record<string, unknown>>): void {
  for (const [path, value] of Object.entries(values))
    state.set(path.replace(/^\/+/, '').toLowerCase(), value);
}

// A user is addressed by id or by user principal name, a service principal also by its appId.
function canonical(sim: Simulation, resource: string): string {
  const path = resource.replace(/\(appId='([^']+)'\)/i, '/$1').toLowerCase();
  const [root, key, ...rest] = path.split('/');
  if (key === undefined || sim.state.has(path)) return path;
  for (const [known, value] of sim.state) {
    const [ownRoot, ownKey, ...more] = known.split('/');
    if (ownRoot === root && more.length === 0 && isNamed(value, key))
      return [root, ownKey, ...rest].join('/');
  }
  return path;
}

function isNamed(value: unknown, key: string): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { id, userPrincipalName, appId } = value as Json;
  return [id, userPrincipalName, appId].some(
    (name) => typeof name === 'string' && name.toLowerCase() === key,
  );
}

function defaultOf(sim: Simulation, path: string): unknown {
  if (COLLECTIONS.test(path)) return childrenOf(sim, path);
  const owner = path.split('/').slice(0, 2).join('/');
  const known = [...sim.state.keys()].some((key) => key === owner || key.startsWith(`${owner}/`));
  if (!known) return childOf(sim, path);
  if (OF_USER.test(path) || OF_PRINCIPAL.test(path)) return [];
  if (/^users\/[^/]+\/mailboxSettings$/i.test(path)) return MAILBOX_SETTINGS;
  if (/^identityProtection\/riskyUsers\/[^/]+\/history$/i.test(path))
    return sim.state.has(path.slice(0, -8)) ? [] : undefined;
  return childOf(sim, path);
}

// `users` is every `users/{id}` that was laid down, unless the collection itself was.
function childrenOf(sim: Simulation, path: string): unknown[] {
  const depth = path.split('/').length + 1;
  return [...sim.state]
    .filter(([key]) => key.startsWith(`${path}/`) && key.split('/').length === depth)
    .map(([, value]) => value);
}

// And `users/{id}` is found in a collection that was laid down whole.
function childOf(sim: Simulation, path: string): unknown {
  const parent = sim.state.get(path.slice(0, path.lastIndexOf('/')));
  const key = path.slice(path.lastIndexOf('/') + 1);
  return Array.isArray(parent) ? parent.find((value) => isNamed(value, key)) : undefined;
}

const notFound = (resource: string) =>
  new ApiError(
    404,
    'Request_ResourceNotFound',
    `Resource '${resource.split('/')[1] ?? resource}' does not exist or one of its queried reference-property objects are not present.`,
  );

function entity(call: Call, value: Json): Answer {
  return graphJson(call, selected(call, value));
}

function collection(call: Call, values: readonly unknown[]): Answer {
  const text = call.query.get('$filter');
  const filter = text === null ? undefined : parseFilter(text);
  const found = filter ? values.filter((value) => matches(filter, value)) : values;
  const token = call.query.get('$skiptoken');
  const from = token === null ? 0 : placeOf(token).number;
  const to = from + Math.min(Number(call.query.get('$top') ?? 100), 999);
  const link =
    to < found.length
      ? nextLink(call.origin, call.path, call.rawQuery, tokenOf({ ms: 0, number: to }))
      : undefined;
  return graphJson(call, {
    ...(link === undefined ? {} : { '@odata.nextLink': link }),
    value: found.slice(from, to).map((value) => selected(call, value as Json)),
  });
}

function selected(call: Call, value: Json): Json {
  const names = call.query.get('$select')?.split(',');
  return names
    ? Object.fromEntries(
        Object.entries(value).filter(([name]) => names.includes(name) || name.startsWith('@')),
      )
    : value;
}

const graphJson = (call: Call, value: Json): Answer => ({
  ...json({ '@odata.context': `${call.origin}/${call.version}/$metadata#${call.resource}`, ...value }),
  headers: {},
});

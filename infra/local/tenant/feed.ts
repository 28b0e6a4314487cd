import { ApiError, bodyOf, json, separated, textBody } from './answers.ts';
import type { Answer } from './answers.ts';
import { generatedBy, withGenerated } from './big-body.ts';
import { comparePlaces } from './content-blobs.ts';
import type { ListPlace } from './content-blobs.ts';
import { rangeOf } from './feed-range.ts';
import type { ListRange } from './feed-range.ts';
import { poisonedOf } from './graph-reports.ts';
import { broken } from './json-text.ts';
import { isContentType } from './records.ts';
import type { ContentType } from './records.ts';
import { checksum } from './seeded.ts';
import type { Call, Simulation } from './simulation.ts';
import type { Subscriptions } from './subscriptions.ts';

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The Office 365 Management Activity API below `/api/v1.0/{tenant}/activity/feed/`. */
export function answerFeed(sim: Simulation, subscriptions: Subscriptions, call: Call): Answer {
  const publisher = call.query.get('PublisherIdentifier') ?? '';
  sim.ledger.notePublisher(publisher);
  if (publisher !== '' && !GUID.test(publisher))
    throw new ApiError(400, 'AF20002', 'Invalid parameter type: PublisherIdentifier. Expected type: guid');
  checkTenant(sim, call);
  const { endpoint } = call.where;
  if (endpoint === 'feed.list') return json(subscriptions.list());
  if (endpoint === 'feed.resources') return sensitiveTypes(call);
  if (endpoint === 'feed.audit') return answerBlob(sim, subscriptions, call);
  const type = contentTypeOf(call);
  if (endpoint === 'feed.start') return answerStart(sim, subscriptions, call, type);
  if (endpoint === 'feed.stop') {
    subscriptions.stop(type, 'client');
    return { status: 200 };
  }
  subscriptions.check(type);
  return endpoint === 'feed.content' ? answerList(sim, subscriptions, call, type) : json([]);
}

function checkTenant(sim: Simulation, call: Call): void {
  const tenant = decodeURIComponent(call.path.split('/')[3]!);
  if (!GUID.test(tenant))
    throw new ApiError(400, 'AF20013', `The tenant ID passed in the URL (${tenant}) is not a valid GUID.`);
  if (tenant.toLowerCase() !== sim.tenantId.toLowerCase())
    throw new ApiError(
      400,
      'AF20010',
      `The tenant ID passed in the URL (${tenant}) does not match the tenant ID passed in the access token (${sim.tenantId}).`,
    );
  // https://learn.microsoft.com/office/office-365-management-api/troubleshooting-the-office-365-management-activity-api
  if (sim.switches.feed.auditingOff)
    throw new ApiError(400, 'AF20011', `Tenant ${tenant} does not exist in the system or has been deleted.`);
}

function contentTypeOf(call: Call): ContentType {
  const type = call.query.get('contentType');
  if (type === null) throw new ApiError(400, 'AF20001', 'Missing parameter: contentType.');
  if (!isContentType(type)) throw new ApiError(400, 'AF20020', 'The specified content type is not valid.');
  return type;
}

function answerStart(sim: Simulation, subscriptions: Subscriptions, call: Call, type: ContentType): Answer {
  checkWebhook(sim, call.body);
  subscriptions.start(type);
  return json({ contentType: type, status: 'enabled', webhook: null });
}

// The simulator never calls out, so no webhook ever validates.
function checkWebhook(sim: Simulation, body: string): void {
  if (body.trim() === '') return;
  const { webhook } = JSON.parse(body) as { webhook?: { address?: string; expiration?: string } | null };
  if (!webhook) return;
  if (webhook.expiration && Date.parse(webhook.expiration) < sim.nowMs())
    throw new ApiError(
      400,
      'AF20003',
      `Expiration ${webhook.expiration} provided is set to past date and time.`,
    );
  const why = webhook.address?.startsWith('https://')
    ? 'The endpoint did not return HTTP 200.'
    : 'The address must begin with HTTPS.';
  throw new ApiError(
    400,
    'AF20021',
    `The webhook endpoint (${webhook.address}) could not be validated. ${why}`,
  );
}

function answerList(sim: Simulation, subscriptions: Subscriptions, call: Call, type: ContentType): Answer {
  const range = rangeOf(sim, call);
  const after = afterOf(call.query.get('nextPage'));
  const { pageSize, nextPageHeader } = sim.switches.feed;
  const found = sim.blobs
    .list(type, range.fromMs, range.toMs)
    .filter((blob) => subscriptions.offers(type, sim.blobs.createdMs(blob)))
    .filter((blob) => !after || comparePlaces(sim.blobs.place(blob), after) > 0);
  const empty = sim.faults.take('empty-page', call.where) !== undefined;
  const page = empty ? [] : found.slice(0, pageSize);
  const next = empty
    ? (after ?? { group: 0, rank: 0 })
    : found.length > pageSize && sim.blobs.place(page.at(-1)!);
  return {
    ...json(page.map((blob) => entryOf(sim, call, blob))),
    headers: {
      'content-type': 'application/json; charset=utf-8',
      ...(next ? { [nextPageHeader]: nextPageUri(sim, call, type, range, next) } : {}),
    },
  };
}

function entryOf(sim: Simulation, call: Call, blob: number) {
  const contentId = sim.blobs.contentId(blob);
  const createdMs = sim.blobs.createdMs(blob);
  const foreign = sim.faults.take('foreign-content-uri', call.where);
  const origin = foreign ? `https://${foreign.host ?? 'manage.office.com.attacker.example'}` : call.origin;
  return {
    contentUri: `${origin}/api/v1.0/${sim.tenantId}/activity/feed/audit/${contentId}`,
    contentId,
    contentType: sim.blobs.type(blob),
    contentCreated: new Date(createdMs).toISOString(),
    contentExpiration: new Date(createdMs + sim.switches.feed.expirationMs).toISOString(),
  };
}

// Like the published sample, the link has `/api/v1/`, no PublisherIdentifier, and an id that is not just letters.
function nextPageUri(
  sim: Simulation,
  call: Call,
  type: ContentType,
  range: ListRange,
  place: ListPlace,
): string {
  const foreign = sim.faults.take('foreign-next-link', call.where);
  const origin = foreign ? `https://${foreign.host ?? 'manage.office.com.attacker.example'}` : call.origin;
  const key = `${place.group}R${place.rank}`;
  return `${origin}/api/v1/${sim.tenantId}/activity/feed/subscriptions/content?contentType=${type}&${range.query}&nextPage=${key}$${checksum(key)}`;
}

function afterOf(token: string | null): ListPlace | undefined {
  if (token === null) return undefined;
  const match = /^((\d+)R(\d+))\$(\d+)$/.exec(token);
  if (!match || String(checksum(match[1]!)) !== match[4])
    throw new ApiError(400, 'AF20031', `Invalid nextPage Input: ${token}.`);
  return { group: Number(match[2]), rank: Number(match[3]) };
}

/** The blob a content path names, for faults and handlers alike. */
export const contentIdOf = (resource: string): string => resource.replace(/^audit\//, '');

function answerBlob(sim: Simulation, subscriptions: Subscriptions, call: Call): Answer {
  const contentId = contentIdOf(call.resource);
  const blob = sim.blobs.find(contentId);
  if (blob === 'malformed')
    throw new ApiError(400, 'AF20052', `Content ID ${contentId} in the URL is invalid.`);
  if (blob === undefined || sim.blobs.createdMs(blob) > sim.nowMs())
    throw new ApiError(404, 'AF20050', `The specified content (${contentId}) does not exist.`);
  const type = sim.blobs.type(blob);
  subscriptions.check(type);
  if (!subscriptions.offers(type, sim.blobs.createdMs(blob)))
    throw new ApiError(404, 'AF20050', `The specified content (${contentId}) does not exist.`);
  if (sim.nowMs() - sim.blobs.createdMs(blob) > sim.switches.retention.feedMs)
    throw new ApiError(
      400,
      'AF20051',
      `Content requested with the key ${contentId} has already expired. Content older than 7 days cannot be retrieved.`,
    );
  return blobAnswer(sim, call, blob);
}

function blobAnswer(sim: Simulation, call: Call, blob: number): Answer {
  const members = [...sim.blobs.members(blob)];
  const numbers = sim.faults.take('duplicate-within-page', call.where) ? [members[0]!, ...members] : members;
  const poison = poisonedOf(sim, call, numbers);
  const texts = numbers.map((number) =>
    poison?.has(number) ? Buffer.from(broken(sim.store.text(number))) : sim.store.bytes(number),
  );
  const parts = [Buffer.from('['), ...separated(texts)];
  const big = sim.faults.take('big-body', call.where);
  const generatedMembers = (at: number) =>
    `"CreationTime":"${new Date(sim.nowMs()).toISOString().slice(0, 19)}","Id":"generated-${at}","Operation":"Padded","RecordType":1,"Workload":"Exchange","UserId":"padding@contoso.example"`;
  return {
    status: 200,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: big
      ? withGenerated(parts, Buffer.from(']'), false, generatedBy(big, generatedMembers))
      : bodyOf([...parts, Buffer.from(']')]),
    onSent: () => {
      sim.blobs.noteFetched(blob);
      sim.store.noteFetched(numbers.filter((number) => !poison?.has(number)));
    },
  };
}

function sensitiveTypes(call: Call): Answer {
  const language = call.headers['accept-language'] ?? 'en-US';
  if (language.includes(','))
    throw new ApiError(400, 'AF20053', 'Only one language may be present in the Accept-Language header.');
  if (!/^[a-z]{2,3}(-[A-Za-z0-9]+)*$/i.test(language))
    throw new ApiError(400, 'AF20054', 'Invalid syntax in Accept-Language header.');
  const types = [{ id: '50842eb7-edc8-4019-85dd-5a5c1f2bb085', name: 'CreditCardNumber' }];
  return {
    status: 200,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: textBody(JSON.stringify(types)),
  };
}

import { z } from 'zod';
import { HoldfastError } from '../../errors.ts';
import { ENTITY_KINDS } from '../../layout.ts';
import type { BundleStore, ListedBlob } from '../publish.ts';
import { PARTS, type Parts } from '../report/input.ts';
import { parseScope, type Scope } from '../scope.ts';

/** An incident: a question that is answered in the background. Its state is one blob, guarded by its ETag. */

const keys = z.array(z.string());
const scopeSchema = z.object({
  tenant: z.string(),
  entities: z.object({ user: keys, session: keys, ip: keys, app: keys }),
  fromMs: z.number(),
  toMs: z.number(),
});

export const STEPS = ['queued', 'expand', 'snapshot', 'read', 'write', 'done'] as const;
export type Step = (typeof STEPS)[number];

export const incidentSchema = z.object({
  format: z.literal(1),
  id: z.guid(),
  state: z.enum(['queued', 'running', 'done', 'failed', 'cancelled']),
  title: z.string().optional(),
  requester: z.string(),
  requestedMs: z.number(),
  updatedMs: z.number(),
  scope: scopeSchema,
  expand: z.number().int().min(0).max(3),
  zone: z.string().optional(),
  parts: z.enum(PARTS).optional(),
  progress: z.object({ step: z.enum(STEPS), done: z.number(), total: z.number() }),
  attempts: z.number(),
  /** Why it failed. */
  reason: z.string().optional(),
  result: z.object({ bytes: z.number(), records: z.number(), sha256: z.string() }).optional(),
});
export type Incident = z.infer<typeof incidentSchema>;

const names = z.union([z.string().transform((text) => [text]), z.array(z.string())]).optional();
const zone = z.string().max(60).refine(isZone, 'is no time zone of the IANA list, e.g. Europe/Vienna');

/** `POST /api/incidents`: strict, so that a misspelled field cannot widen or narrow a question. */
export const incidentRequest = z.strictObject({
  tenant: z.string().optional(),
  title: z.string().max(200).optional(),
  users: names,
  sessions: names,
  ips: names,
  apps: names,
  from: z.string(),
  to: z.string(),
  expand: z.union([z.boolean().transform(Number), z.number().int().min(0).max(3)]).optional(),
  zone: zone.optional(),
});
export type IncidentRequest = z.infer<typeof incidentRequest>;

export function isZone(text: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).format(0) !== '';
  } catch {
    return false;
  }
}

export function parseIncidentRequest(body: unknown): IncidentRequest {
  const parsed = incidentRequest.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const field = issue.code === 'unrecognized_keys' ? issue.keys[0]! : issue.path.join('.');
  throw new HoldfastError('invalid-request', `"${field.slice(0, 60) || 'body'}": ${issue.message}`, {
    field: field.slice(0, 60) || 'body',
    remedy: 'Send {title?, users?, sessions?, ips?, apps?, from, to, expand? (0 to 3), zone?}.',
  });
}

export function incidentOf(
  request: IncidentRequest,
  tenant: string,
  facts: { id: string; requester: string; nowMs: number },
): Incident {
  const entities = { user: request.users, session: request.sessions, ip: request.ips, app: request.apps };
  const given = Object.fromEntries(ENTITY_KINDS.map((kind) => [kind, entities[kind] ?? []]));
  const scope = parseScope(tenant, { from: request.from, to: request.to, entities: given }, facts.nowMs, 30);
  return newIncident(scope, {
    ...facts,
    expand: request.expand ?? 0,
    ...(request.title !== undefined && { title: request.title }),
    ...(request.zone !== undefined && { zone: request.zone }),
  });
}

interface Asked {
  readonly id: string;
  readonly requester: string;
  readonly nowMs: number;
  readonly expand: number;
  readonly title?: string;
  readonly zone?: string;
  readonly parts?: Parts;
}

export const newIncident = (scope: Scope, { nowMs, ...asked }: Asked): Incident => ({
  format: 1,
  state: 'queued',
  ...asked,
  requestedMs: nowMs,
  updatedMs: nowMs,
  scope: {
    ...scope,
    entities: {
      user: [...scope.entities.user],
      session: [...scope.entities.session],
      ip: [...scope.entities.ip],
      app: [...scope.entities.app],
    },
  },
  progress: { step: 'queued', done: 0, total: 0 },
  attempts: 0,
});

export const incidentFolder = (tenant: string, id: string): string => `${tenant}/${id}/`;
export const incidentBlob = (tenant: string, id: string): string =>
  `${incidentFolder(tenant, id)}incident.json`;
export const zipBlob = (tenant: string, id: string): string => `${incidentFolder(tenant, id)}bundle.zip`;

const bytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

/** Thrown inside a running job when somebody cancelled it. */
export class Cancelled extends Error {
  override readonly name = 'Cancelled';
}

export class IncidentStore {
  readonly store: BundleStore;
  readonly #now: () => number;

  constructor(store: BundleStore, now: () => number) {
    this.store = store;
    this.#now = now;
  }

  async create(incident: Incident): Promise<void> {
    await this.store.put(incidentBlob(incident.scope.tenant, incident.id), bytes(incident), 'new');
  }

  async read(tenant: string, id: string): Promise<Incident | undefined> {
    const found = await this.store.get(incidentBlob(tenant, id));
    return found && parse(found.body);
  }

  /** Changes the state by `change`, again from the newest version whenever somebody else was faster. */
  async update(
    tenant: string,
    id: string,
    change: (now: Incident) => Incident | undefined,
  ): Promise<Incident> {
    for (let attempt = 0; attempt < 20; attempt++) {
      const found = await this.store.get(incidentBlob(tenant, id));
      if (!found) throw new HoldfastError('not-found', `There is no incident ${id}.`, { field: 'id' });
      const old = parse(found.body);
      const next = change(old);
      if (!next) return old;
      const stamped = { ...next, updatedMs: this.#now() };
      if ((await this.store.put(incidentBlob(tenant, id), bytes(stamped), found)) === 'written')
        return stamped;
    }
    throw new HoldfastError('unavailable', `Incident ${id} changes too often.`, { retryable: true });
  }

  /** The value of a step that is done once: made and stored, or what an earlier or parallel run stored. */
  async once<T>(name: string, make: () => Promise<T>): Promise<T> {
    const known = await this.store.get(name);
    if (known) return JSON.parse(known.body.toString('utf8')) as T;
    const made = bytes(await make());
    if ((await this.store.put(name, made, 'new')) === 'written')
      return JSON.parse(made.toString('utf8')) as T;
    return JSON.parse((await this.store.get(name))!.body.toString('utf8')) as T;
  }

  /** Incidents of a tenant with the times of their state blobs. */
  async *all(tenant: string): AsyncIterable<{ blob: ListedBlob; id: string }> {
    for await (const blob of this.store.list(`${tenant}/`)) {
      const [, id, file] = blob.name.split('/');
      if (id && file === 'incident.json') yield { blob, id };
    }
  }
}

const parse = (body: Buffer): Incident => incidentSchema.parse(JSON.parse(body.toString('utf8')));

import type { Clock } from '../clock.ts';
import { describeError, isHoldfastError } from '../errors.ts';
import { isObject } from '../record.ts';
import { fileKey, type SnapshotFile, type SnapshotQuestion } from '../snapshot.ts';
import { readText, type Reading } from './body.ts';
import type { FetchResponse } from './http-client.ts';
import { questionsOf, type StateQuestion } from './state-questions.ts';
import type { VendorApi } from './vendor-api.ts';

/** The APIs that state is read from: each Graph quota has a budget of its own. */
export interface StateApis {
  readonly reports: VendorApi;
  readonly identity: VendorApi;
  readonly directory: VendorApi;
  /** `https://graph.microsoft.com` */
  readonly graphEndpoint: string;
}

const MAX_BODY = 4 * 1024 * 1024;
const MAX_OBJECTS = 5000;

/** Reads the present state of users and applications. Only ever GETs: holdfast never changes the tenant. */
export class StateReader {
  readonly #apis: (tenant: string) => StateApis;
  readonly #clock: Clock;

  constructor(apis: (tenant: string) => StateApis, clock: Clock) {
    this.#apis = apis;
    this.#clock = clock;
  }

  /** One file a question, whatever came of it: what could not be read says why. In the order of the questions. */
  async take(ask: SnapshotQuestion): Promise<SnapshotFile[]> {
    const apis = this.#apis(ask.tenant);
    const files = await this.#all(questionsOf(ask), apis, ask.deadlineMs);
    const principals = files
      .filter((f) => f.name.endsWith('.service-principal'))
      .flatMap((f) => idsIn(f.value));
    return [...files, ...(await this.#all(grantsOf([...new Set(principals)]), apis, ask.deadlineMs))];
  }

  /** Each quota has its own pace: the questions of one wait for one another, not for those of the others. */
  async #all(
    questions: readonly StateQuestion[],
    apis: StateApis,
    deadlineMs: number,
  ): Promise<SnapshotFile[]> {
    const files = new Map<StateQuestion, SnapshotFile>();
    const lane = async (api: StateQuestion['api']): Promise<void> => {
      for (const q of questions.filter((one) => one.api === api))
        files.set(q, await this.#one(q, apis, deadlineMs));
    };
    await Promise.all([lane('reports'), lane('identity'), lane('directory')]);
    return questions.map((q) => files.get(q)!);
  }

  async #one(question: StateQuestion, apis: StateApis, deadlineMs: number): Promise<SnapshotFile> {
    const { name, title, subject, path, permission } = question;
    const about = { name, title, subject, request: `GET ${path}`, permission };
    const takenAt = new Date(this.#clock.now()).toISOString();
    try {
      if (this.#clock.now() >= deadlineMs)
        return { ...about, takenAt, outcome: 'failed', because: 'no time was left' };
      const value = await this.#read(apis[question.api], `${apis.graphEndpoint}${path}`, deadlineMs);
      return { ...about, takenAt, outcome: 'taken', value };
    } catch (error) {
      return { ...about, takenAt, ...refusal(error) };
    }
  }

  /** An object, or all pages of a collection. */
  async #read(api: VendorApi, url: string, deadlineMs: number): Promise<unknown> {
    const all: unknown[] = [];
    for (let next: string | undefined = url; next !== undefined && all.length < MAX_OBJECTS;) {
      const value: unknown = await getJson(api, next, deadlineMs);
      if (!isObject(value)) return value;
      if (!Array.isArray(value['value'])) return without(value);
      all.push(...(value['value'] as unknown[]));
      const link: unknown = value['@odata.nextLink'];
      next = typeof link === 'string' ? api.checkLink(link) : undefined;
    }
    return all;
  }
}

async function getJson(api: VendorApi, url: string, deadlineMs: number): Promise<unknown> {
  const { value } = await api.call({ url }, jsonBody, { deadlineMs, onRequest: () => undefined });
  return value;
}

const jsonBody = async (response: FetchResponse, read: Reading) => {
  const { text, facts } = await readText(response, MAX_BODY, read);
  return { value: JSON.parse(text) as unknown, records: 1, facts };
};

/** Without the context, which names the service only. */
function without(value: Readonly<Record<string, unknown>>): unknown {
  const { '@odata.context': _context, ...rest } = value;
  return rest;
}

const idsIn = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value])
    .map((v: unknown) => (isObject(v) ? v['id'] : undefined))
    .filter((id): id is string => typeof id === 'string');

const grantsOf = (ids: readonly string[]): StateQuestion[] =>
  ids.map((id) => ({
    api: 'directory',
    name: `app-${fileKey(id)}.grants`,
    title: 'Delegated permissions granted to the application',
    subject: id,
    path: `/v1.0/oauth2PermissionGrants?$filter=${encodeURIComponent(`clientId eq '${id.replaceAll("'", "''")}'`)}`,
    permission: 'Directory.Read.All',
  }));

function refusal(error: unknown): Pick<SnapshotFile, 'outcome' | 'because'> {
  const because = describeError(error).replace(/^HoldfastError: /, '');
  if (isHoldfastError(error, 'not-found')) return { outcome: 'not found', because };
  if (
    isHoldfastError(error, 'vendor-refused') &&
    ['permission', 'licence'].includes(String(error.ids['refusal']))
  )
    return { outcome: 'not permitted', because };
  return { outcome: 'failed', because };
}

import { z } from 'zod';
import { HoldfastError, isHoldfastError } from '../../errors.ts';
import { formatSeconds } from '../../instant.ts';
import { ArrayCutter } from '../../json/array-cutter.ts';
import { readText, streamBody } from '../body.ts';
import type { Interval } from '../spec.ts';
import type { CallContext, Consume, VendorApi } from '../vendor-api.ts';

/** The Purview audit search through Graph: submit, ask how it stands, read the records (API-FACTS D). */

export interface SearchApi {
  /** Draws on the daily budget of submissions. */
  readonly submit: VendorApi;
  readonly read: VendorApi;
  /** `https://graph.microsoft.com` or the override. */
  readonly endpoint: string;
}

/** It came to v1.0, went back to beta, and is on v1.0 again: which one answers differs from tenant to tenant. */
export const VERSIONS = ['v1.0', 'beta'] as const;
export type Version = (typeof VERSIONS)[number];

const querySchema = z.looseObject({
  id: z.string().regex(/^[\w-]{1,200}$/),
  /** `notStarted`, `running`, `succeeded`, `failed`, `cancelled`, or what the vendor adds later. */
  status: z.string().nullish(),
  approximateReturnedRecordCount: z.number().nullish(),
  /** The service stopped at its limit, and calls it success. */
  isRecordCountLimitExceeded: z.boolean().nullish(),
});
export type AuditQuery = z.infer<typeof querySchema>;

const HEADERS = { prefer: 'include-unknown-enum-members' };
const MAX_QUERY = 1024 * 1024;
const PAGE = 500;

const root = (api: SearchApi, version: Version): string =>
  `${api.endpoint}/${version}/security/auditLog/queries`;

const readQuery: Consume<AuditQuery> = async (response, read) => {
  const { text, facts } = await readText(response, MAX_QUERY, read);
  try {
    return { value: querySchema.parse(JSON.parse(text)), records: 0, facts };
  } catch (cause) {
    throw new HoldfastError('vendor-malformed', 'The audit query is not as documented.', {
      retryable: true,
      cause,
    });
  }
};

/** Asks for everything in the interval. Throws `not-found` where no version has the path. */
export async function submitQuery(
  api: SearchApi,
  { fromMs, toMs }: Interval,
  versions: readonly Version[],
  context: CallContext,
): Promise<{ query: AuditQuery; version: Version }> {
  const body = JSON.stringify({
    displayName: `holdfast ${formatSeconds(fromMs)}/${formatSeconds(toMs)}`,
    filterStartDateTime: formatSeconds(fromMs),
    filterEndDateTime: formatSeconds(toMs),
  });
  for (const [i, version] of versions.entries()) {
    try {
      const request = {
        url: root(api, version),
        method: 'POST' as const,
        body,
        headers: { ...HEADERS, 'content-type': 'application/json' },
      };
      return { query: (await api.submit.call(request, readQuery, context)).value, version };
    } catch (error) {
      if (!isHoldfastError(error, 'not-found') || i === versions.length - 1) throw error;
    }
  }
  throw new Error('no API version was named');
}

/** Undefined when the vendor no longer knows the query: it keeps them for 30 days. */
export async function queryState(
  api: SearchApi,
  version: Version,
  id: string,
  context: CallContext,
): Promise<AuditQuery | undefined> {
  try {
    const url = `${root(api, version)}/${id}`;
    return (await api.read.call({ url, headers: HEADERS }, readQuery, context)).value;
  } catch (error) {
    if (isHoldfastError(error, 'not-found')) return undefined;
    throw error;
  }
}

export interface PageSink {
  readonly onRecord: (text: Buffer) => void;
  /** After each piece of a body: back-pressure. */
  readonly onPiece: () => Promise<void> | undefined;
  /** A page's request while its body arrives; the returned function ends that. */
  readonly feeding: (url: string, status: number) => () => void;
}

/** Reads a query's records to the end. Returns how many elements there were, of which one may be sent twice. */
export async function readRecords(
  api: SearchApi,
  version: Version,
  id: string,
  sink: PageSink,
  context: CallContext,
): Promise<number> {
  const first = `${root(api, version)}/${id}/records`;
  let url: string | undefined = `${first}?$top=${PAGE}`;
  let total = 0;
  for (const seen = new Set<string>(); url !== undefined;) {
    seen.add(url);
    const page: Page = await readPage(api, url, sink, context).catch((error: unknown) => {
      // The page size is honoured on beta as far as is known; the default always is.
      if (total === 0 && url !== first && isBadRequest(error)) return { records: 0, nextLink: first };
      throw error;
    });
    total += page.records;
    if (page.nextLink !== undefined && seen.has(page.nextLink) && page.records === 0)
      throw new HoldfastError('vendor-malformed', 'A page of audit records links to itself.', {
        retryable: true,
      });
    url = page.nextLink === undefined ? undefined : api.read.checkLink(page.nextLink);
  }
  return total;
}

const isBadRequest = (error: unknown): boolean =>
  isHoldfastError(error, 'vendor-refused') && error.ids['refusal'] === 'request';

interface Page {
  readonly records: number;
  readonly nextLink: string | undefined;
}

async function readPage(api: SearchApi, url: string, sink: PageSink, context: CallContext): Promise<Page> {
  const { value } = await api.read.call<Page>(
    { url, headers: HEADERS },
    async (response, read) => {
      const done = sink.feeding(url, response.status);
      try {
        const cutter = new ArrayCutter({ array: 'value', onElement: sink.onRecord });
        const facts = await streamBody(
          response,
          (chunk) => {
            cutter.push(chunk);
            return sink.onPiece();
          },
          read,
        );
        const { elements, properties } = cutter.end();
        const link = properties['@odata.nextLink'];
        const nextLink = typeof link === 'string' && link !== '' ? link : undefined;
        return { value: { records: elements, nextLink }, records: elements, facts };
      } finally {
        done();
      }
    },
    context,
  );
  return value;
}

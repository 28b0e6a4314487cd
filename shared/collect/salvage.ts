import { Salvage } from '../json/salvage.ts';
import { HoldfastError } from '../errors.ts';
import { readFacts } from '../record.ts';
import { streamBody } from './body.ts';
import type { Spool } from './spool.ts';
import type { CallContext, VendorApi, VendorRequest } from './vendor-api.ts';

/** Parts of a record (`{"Name": …, "Value": …}`) parse too; whole ones carry an id and a time. */
const isRecord = (value: unknown): boolean => {
  const { id, ticks } = readFacts(value);
  return id !== undefined && ticks !== undefined;
};

/**
 * Asks once more for an answer that is malformed whenever it comes, and archives what can be read of it: whole
 * records, and pieces that are none as they stand. Returns the error that names the damage; it stays one, since
 * nobody can tell what is missing.
 */
export async function salvage(
  api: VendorApi,
  request: VendorRequest,
  into: { readonly spool: Spool; readonly array: 'root' | 'value'; readonly context: CallContext },
  error: HoldfastError,
): Promise<HoldfastError> {
  const { spool, array, context } = into;
  const mark = 'malformed: what can be read of it is archived';
  const { value } = await api.call(
    request,
    async (response, read) => {
      const pieces = new Salvage({ array, isRecord, onElement: (text) => spool.add(text) });
      const facts = await streamBody(response, (chunk) => (pieces.push(chunk), spool.flushIfFull()), read);
      const found = pieces.end();
      return { value: found, records: found.records + found.broken, facts };
    },
    { ...context, onRequest: (r) => context.onRequest({ ...r, error: r.error ?? mark }) },
  );
  const message = `${error.message} ${value.records} records of the answer and ${value.broken} unreadable pieces are archived as they are.`;
  return new HoldfastError('vendor-malformed', message, { cause: error, ids: error.ids });
}

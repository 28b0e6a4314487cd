import { describeError, isHoldfastError } from '../errors.ts';
import type { SourceId } from '../sources.ts';
import { readText } from './body.ts';
import type { Consume, VendorApi } from './vendor-api.ts';

/** `unknown`: the tenant gave no answer from which it could be told; never taken for either of the others. */
export type CheckState = 'ok' | 'missing' | 'unknown';

export interface Check {
  readonly kind: 'permission' | 'licence' | 'audit' | 'subscription';
  /** The permission, licence or content type. */
  readonly name: string;
  readonly state: CheckState;
  readonly sources: readonly SourceId[];
  readonly feature: 'collect' | 'state';
  /** What the tenant said. */
  readonly detail?: string;
  /** What an administrator must do; absent when nothing. */
  readonly remedy?: string;
}

/** What one question came to. */
export type Said =
  | { readonly kind: 'answered' }
  | { readonly kind: 'refused' | 'failed'; readonly refusal: string; readonly detail: string };

/** Asks once, with the retries that its kind of failure is worth. */
export async function ask(api: VendorApi, url: string, deadlineMs: number): Promise<Said> {
  try {
    await api.call({ url }, readWhole, { deadlineMs, onRequest: () => undefined });
    return { kind: 'answered' };
  } catch (error) {
    if (!isHoldfastError(error)) throw error;
    const refusal = String(error.ids['refusal'] ?? '');
    const kind = error.code === 'vendor-refused' ? 'refused' : 'failed';
    return {
      kind,
      refusal: error.code === 'not-found' ? 'not-found' : refusal,
      detail: describeError(error).slice(0, 300),
    };
  }
}

const MAX_BODY = 4 * 1024 * 1024;
export const readWhole: Consume<string> = async (response, read) => {
  const { text, facts } = await readText(response, MAX_BODY, read);
  return { value: text, records: 0, facts };
};

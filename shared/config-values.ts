import { z } from 'zod';

/** How single settings are read. Part of `config.ts`. */

export const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export const list = (text: string): string[] =>
  text
    .split(',')
    .map((s) => s.trim())
    .filter(Boolean);

export const blank = (value: unknown): unknown => (value === '' ? undefined : value);

/** An empty setting counts as an absent one. */
export const optional = <T extends z.ZodType>(schema: T) => z.preprocess(blank, schema.optional());

export const isLoopback = (address: string | undefined): boolean =>
  address !== undefined &&
  URL.canParse(address) &&
  /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(new URL(address).hostname);

/** A service's address without a trailing slash: https, or plain http on this machine. */
export const serviceUrl = z
  .string()
  .refine((v) => URL.canParse(v) && /^https?:$/.test(new URL(v).protocol), 'must be an http(s) URL')
  .refine(
    (v) => !URL.canParse(v) || new URL(v).protocol === 'https:' || isLoopback(v),
    'must be https, unless it is a loopback address',
  )
  .refine(
    (v) => !URL.canParse(v) || (!new URL(v).username && !new URL(v).password),
    'must not carry a user name',
  )
  .transform((v) => v.replace(/\/+$/, ''));

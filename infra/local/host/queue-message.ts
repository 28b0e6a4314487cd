import type { TypedData } from './core-api.ts';

type Encoding = 'base64' | 'none';

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** A message's content for the trigger, or undefined where it is not in the encoding host.json names. */
export function decodeMessage(text: string, encoding: Encoding): TypedData | undefined {
  if (encoding === 'none') return { string: text };
  if (!BASE64.test(text.replace(/\s/g, ''))) return undefined;
  const bytes = Buffer.from(text, 'base64');
  return bytes.equals(Buffer.from(bytes.toString('utf8'))) ? { string: bytes.toString('utf8') } : { bytes };
}

/** The messages an output binding's value stands for: each element of an array is one. */
export function encodeMessages(data: TypedData, encoding: Encoding): string[] {
  return contentsOf(data).map((content) =>
    encoding === 'base64' ? content.toString('base64') : content.toString('utf8'),
  );
}

function contentsOf(data: TypedData): Buffer[] {
  if (data.bytes != null) return [Buffer.from(data.bytes)];
  if (data.json == null) return [Buffer.from(String(data.string ?? data.int ?? data.double ?? ''))];
  const value: unknown = JSON.parse(data.json);
  const items = Array.isArray(value) ? (value as unknown[]) : [value];
  return items.map((item) => Buffer.from(typeof item === 'string' ? item : JSON.stringify(item)));
}

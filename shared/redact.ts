/**
 * Takes secrets out of text that leaves the process: log lines, error details. The first line of defence is not to put
 * them in; this is the last. Known secrets are replaced wherever they stand, others by their usual shapes.
 */
export type Redact = (text: string) => string;

const MASK = '[redacted]';
/** Shorter ones would mask ordinary words. */
const SHORTEST = 8;

const SHAPES: readonly (readonly [RegExp, string])[] = [
  // Authorization headers and JSON Web Tokens.
  [/\bBearer\s+[\w.~+/=-]+/gi, `Bearer ${MASK}`],
  [/\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g, MASK],
  // Shared access signatures, function keys in a query, storage keys, and what a JSON body calls a secret.
  [/([?&;](?:sig|code|se_sig|client_secret|access_token|client_assertion)=)[^&\s"';]+/gi, `$1${MASK}`],
  [/((?:AccountKey|SharedAccessSignature)=)[^;\s"']+/gi, `$1${MASK}`],
  [/("?(?:x-functions-key|client_secret|access_token|authorization)"?\s*[:=]\s*"?)[^\s",}]+/gi, `$1${MASK}`],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, MASK],
];

export function redactor(secrets: readonly string[]): Redact {
  // Longest first, so that a secret that holds another goes as a whole; as JSON writes them, too.
  const known = [
    ...new Set(secrets.flatMap((s) => [s, encodeURIComponent(s), JSON.stringify(s).slice(1, -1)])),
  ]
    .filter((s) => s.length >= SHORTEST)
    .sort((a, b) => b.length - a.length);
  return (text) => {
    let clean = text;
    for (const secret of known) clean = clean.replaceAll(secret, MASK);
    for (const [shape, mask] of SHAPES) clean = clean.replace(shape, mask);
    return clean;
  };
}

/** Secrets among the settings: keys in connection strings, the webhook's address beyond its host, the certificate. */
export function secretsOf(s: {
  readonly storage: { readonly kind: string; readonly connectionString?: string };
  readonly alertWebhookUrl?: string;
  readonly credential: { readonly kind: string; readonly pem?: string };
}): string[] {
  const connection = s.storage.connectionString ?? '';
  const keys = [...connection.matchAll(/(?:AccountKey|SharedAccessSignature)=([^;]+)/gi)].map((m) => m[1]!);
  const webhook = s.alertWebhookUrl ? new URL(s.alertWebhookUrl) : undefined;
  const path = webhook ? webhook.pathname + webhook.search : '';
  const pem = s.credential.pem ? [s.credential.pem] : [];
  return [...keys, ...(webhook ? [s.alertWebhookUrl!] : []), ...(path.length > 1 ? [path] : []), ...pem];
}

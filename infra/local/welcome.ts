import type { Azurite } from './azurite.ts';
import type { HostedFunction } from './host/functions.ts';
import type { Host } from './host/host.ts';

const LACKS = `This is a stand-in for the Azure Functions host. It has no singleton locks and no scale-out, no Easy
Auth (x-ms-client-principal headers are whatever the caller sends), no CORS, no function keys unless
configured, and knows HTTP, timer and queue triggers only. A function past functionTimeout is reported
failed but cannot be stopped. Messages of a host that died show again after 30 s, in Azure after 10 min.`;

/** What `npm start` prints once it is up. */
export function welcome(host: Host, azurite: Azurite | undefined): string {
  const storage = azurite
    ? `Azurite (${azurite.started ? 'started' : 'found'}) on ports ${azurite.blobPort}, ${azurite.queuePort}, ${azurite.tablePort}`
    : 'as AzureWebJobsStorage says';
  const lines = [
    `Listening on ${host.url}`,
    `Storage: ${storage}`,
    '',
    ...host.routes.map((route) => row(methodsOf(route.function), `${host.url}${route.path}`, route.function)),
    ...host.functions.flatMap(trigger),
    '',
    LACKS,
    '',
    `Run a timer now: curl -X POST ${host.url}/admin/functions/<name> -d '{}'`,
    'Ctrl-C stops.',
  ];
  return `${lines.join('\n')}\n`;
}

const row = (kind: string, where: string, of: HostedFunction): string =>
  `  ${kind.padEnd(9)} ${where}  (${of.name}${of.disabled ? ', disabled' : ''})`;

const methodsOf = (of: Extract<HostedFunction, { type: 'http' }>): string => of.methods.join(',') || 'any';

function trigger(of: HostedFunction): string[] {
  if (of.type === 'timer') return [row('timer', of.schedule, of)];
  return of.type === 'queue' ? [row('queue', of.queueName, of)] : [];
}

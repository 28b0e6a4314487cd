import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HostedFunction, QueueFunction } from './functions.ts';
import { readBody } from './http-request.ts';
import { writeJson } from './http-response.ts';
import type { Invoker } from './invocations.ts';
import { type HostKeys, isMaster, presentedKey } from './keys.ts';
import type { TimerTrigger } from './timer-trigger.ts';

export interface AdminParts {
  readonly functions: readonly HostedFunction[];
  readonly timers: readonly TimerTrigger[];
  readonly invoker: Invoker;
  readonly keys: HostKeys | undefined;
}

/** The host's own API; the master key opens it. */
export class Admin {
  readonly #parts: AdminParts;
  readonly #startedAt = Date.now();

  constructor(parts: AdminParts) {
    this.#parts = parts;
  }

  async serve(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const { keys } = this.#parts;
    const body = await readBody(request);
    if (keys && !isMaster(keys, presentedKey(request, url.searchParams)))
      return void response.writeHead(401).end();
    const [, , kind, name] = url.pathname.replace(/\/$/, '').split('/');
    if (kind === 'host' && name === 'status') return writeJson(response, 200, this.#status());
    if (kind === 'host' && name === 'ping') return void response.writeHead(200).end();
    if (kind !== 'functions') return void response.writeHead(404).end();
    if (name === undefined) return writeJson(response, 200, this.#parts.functions.map(summary));
    this.#function(name, request, response, body);
  }

  #status() {
    return {
      id: 'holdfast-local',
      state: 'Running',
      version: 'local stand-in',
      processUptime: Date.now() - this.#startedAt,
    };
  }

  #function(
    name: string,
    request: IncomingMessage,
    response: ServerResponse,
    body: Buffer | undefined,
  ): void {
    const found = this.#parts.functions.find((each) => each.name.toLowerCase() === name.toLowerCase());
    if (!found) return void response.writeHead(404).end();
    if (request.method !== 'POST') return writeJson(response, 200, summary(found));
    const input = inputOf(body);
    if (input === undefined || found.type === 'http') return void response.writeHead(400).end();
    // Accepted, not done: the caller does not wait, and errors are in the log.
    void this.#run(found, input).catch(() => {});
    response.writeHead(202).end();
  }

  async #run(of: Exclude<HostedFunction, { type: 'http' }>, input: string): Promise<void> {
    if (of.type === 'timer') await this.#parts.timers.find((each) => each.name === of.name)?.run();
    else await this.#parts.invoker.run(of satisfies QueueFunction, { data: { string: input } });
  }
}

/**
 * `{"input": "text"}`, which stands in for a queue message's content. An empty body is taken as empty
 * input, where the real host wants `{}`.
 */
function inputOf(body: Buffer | undefined): string | undefined {
  try {
    const parsed: unknown = JSON.parse(body?.toString() || '{}');
    if (typeof parsed !== 'object' || parsed === null) return undefined;
    const input: unknown = 'input' in parsed ? parsed.input : '';
    return typeof input === 'string' ? input : JSON.stringify(input);
  } catch {
    return undefined;
  }
}

const summary = (of: HostedFunction) => ({
  name: of.name,
  isDisabled: of.disabled,
  config: { bindings: Object.values(of.metadata.bindings) },
});

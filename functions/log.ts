import { AsyncLocalStorage } from 'node:async_hooks';
import { app, type InvocationContext } from '@azure/functions';
import type { Facts, Log } from '../shared/log.ts';
import type { Redact } from '../shared/redact.ts';
import { SIGNAL_EVENT } from '../shared/telemetry.ts';

/** The invocation that runs, for whoever logs below it. */
const current = new AsyncLocalStorage<InvocationContext>();

// Every trigger runs inside its context, so that the product's log lines carry it without passing it through.
app.hook.preInvocation((hook) => {
  const handler = hook.functionHandler;
  hook.functionHandler = (...args: unknown[]) =>
    current.run(hook.invocationContext, () => (handler as (...a: unknown[]) => unknown)(...args));
});

/** Correlation ids: of this invocation, and of the whole operation (W3C `traceparent`), which telemetry calls operation_Id. */
export function correlation(context: InvocationContext | undefined): Facts {
  if (!context) return {};
  const trace = /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(context.traceContext?.traceParent ?? '')?.[1];
  return { function: context.functionName, invocation: context.invocationId, ...(trace && { trace }) };
}

/**
 * One JSON object a line. Inside an invocation it goes through the function's own logger, which ties it to the
 * operation in Application Insights. A signal's line is its facts and nothing else: alert rules read it by text.
 */
export function functionLog(redact: Redact): Log {
  const line = (event: string, facts: Facts | undefined): string =>
    redact(
      JSON.stringify(
        event === SIGNAL_EVENT ? facts : { event, ...facts, ...correlation(current.getStore()) },
      ),
    );
  return {
    info: (event, facts) => write('info', line(event, facts)),
    warn: (event, facts) => write('warn', line(event, facts)),
  };
}

function write(level: 'info' | 'warn', text: string): void {
  const context = current.getStore();
  if (context) return context[level](text);
  // oxlint-disable-next-line no-console -- outside an invocation there is no other logger; the host reads the console
  console[level](text);
}

import type { BindingInfo, FunctionMetadata } from './core-api.ts';
import { type Env, expandSettings, isDisabled } from './settings.ts';

interface Common {
  readonly name: string;
  readonly metadata: FunctionMetadata;
  /** The name its trigger's input goes by. */
  readonly triggerName: string;
  readonly disabled: boolean;
}

export interface HttpFunction extends Common {
  readonly type: 'http';
  /** Without the route prefix. */
  readonly route: string;
  readonly methods: readonly string[];
  readonly authLevel: 'anonymous' | 'function' | 'admin';
}

export interface TimerFunction extends Common {
  readonly type: 'timer';
  readonly schedule: string;
  readonly runOnStartup: boolean;
}

export interface QueueFunction extends Common {
  readonly type: 'queue';
  readonly queueName: string;
  readonly connection: string | undefined;
}

export type HostedFunction = HttpFunction | TimerFunction | QueueFunction;

/** Settings named in a binding are resolved here, once: what cannot be is a fault at start. */
export function describeFunction(metadata: FunctionMetadata, env: Readonly<Env>): HostedFunction {
  const [triggerName, trigger] = triggerOf(metadata);
  const common = { name: metadata.name, metadata, triggerName, disabled: isDisabled(metadata.name, env) };
  const setting = (name: string): string => expandIn(metadata.name, optionalText(trigger[name]) ?? '', env);
  switch (trigger.type.toLowerCase()) {
    case 'httptrigger':
      return { ...common, type: 'http', ...httpFacts(metadata.name, trigger) };
    case 'timertrigger':
      return {
        ...common,
        type: 'timer',
        schedule: setting('schedule'),
        runOnStartup: trigger['runOnStartup'] === true,
      };
    case 'queuetrigger':
      return {
        ...common,
        type: 'queue',
        queueName: setting('queueName'),
        connection: optionalText(trigger['connection']),
      };
    default:
      throw new Error(
        `The local host does not know the trigger '${trigger.type}' of function '${metadata.name}'.`,
      );
  }
}

function triggerOf(metadata: FunctionMetadata): [string, BindingInfo] {
  const entry = Object.entries(metadata.bindings).find(([, binding]) => /trigger$/i.test(binding.type));
  if (!entry) throw new Error(`Function '${metadata.name}' has no trigger.`);
  const inputs = Object.values(metadata.bindings).filter(
    (each) => each.direction === 'in' && each !== entry[1],
  );
  if (inputs.length > 0)
    throw new Error(`The local host knows no input bindings; '${metadata.name}' has one.`);
  return entry;
}

function httpFacts(name: string, trigger: BindingInfo) {
  const methods = (trigger['methods'] as string[] | undefined) ?? [];
  return {
    route: optionalText(trigger['route']) ?? name,
    methods: methods.map((method) => method.toUpperCase()),
    authLevel: (optionalText(trigger['authLevel'])?.toLowerCase() ?? 'function') as HttpFunction['authLevel'],
  };
}

function expandIn(functionName: string, text: string, env: Readonly<Env>): string {
  try {
    return expandSettings(text, env);
  } catch (error) {
    throw new Error(`The '${functionName}' function is in error: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

const optionalText = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

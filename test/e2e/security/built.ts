import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Route } from '../../../shared/http/route.ts';

/** HTTP functions as the adapters register them: which routes of the contract there is code for. */
const FUNCTIONS = path.join(import.meta.dirname, '../../../functions');

export interface BuiltRoute {
  readonly path: string;
  readonly methods: readonly string[];
}

const REGISTRATION = /app\.http\(\s*'(\w+)',\s*\{([\s\S]*?)handler/g;

function read(): BuiltRoute[] {
  const text = (file: string): string => readFileSync(path.join(FUNCTIONS, file), 'utf8');
  const sources = [...text('main.ts').matchAll(/^import '\.\/(\w+\.ts)'/gm)].map(([, file]) => text(file!));
  return sources.flatMap((source) =>
    [...source.matchAll(REGISTRATION)].map(([, name, options = '']) => ({
      path: /route: '([^']+)'/.exec(options)?.[1] ?? name!,
      methods: (/methods: \[([^\]]*)\]/.exec(options)?.[1] ?? '').toLowerCase().match(/[a-z]+/g) ?? [],
    })),
  );
}

/** An optional last parameter makes two paths. */
const variants = (route: string): string[] => {
  const full = `/${route.replace('?}', '}')}`;
  return route.endsWith('?}') ? [full, full.slice(0, full.lastIndexOf('/'))] : [full];
};

/** `get /coverage`, sorted. Parameters are compared by place, not by name. */
export const builtCalls: readonly string[] = read()
  .flatMap((r) => r.methods.flatMap((m) => variants(r.path).map((p) => `${m} ${plain(p)}`)))
  .sort();

export function plain(template: string): string {
  return template.replace(/\{[^}]+\}/g, '{}');
}

export const isBuilt = (route: Route): boolean => builtCalls.includes(`${route.method} ${plain(route.path)}`);

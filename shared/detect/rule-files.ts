import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A text of ours that rules are made of. */
export interface RuleFile {
  /** Relative to this folder, e.g. `rules/inbox-rules.yml`. */
  readonly file: string;
  readonly text: string;
}

export const RULE_FOLDERS = ['rules', 'pipelines', 'log-sources'] as const;

/** Reads the YAML files beside this module. */
export function readRuleFiles(folder: string): RuleFile[] {
  return RULE_FOLDERS.flatMap((name) =>
    readdirSync(join(folder, name))
      .filter((file) => file.endsWith('.yml'))
      .sort()
      .map((file) => ({ file: `${name}/${file}`, text: readFileSync(join(folder, name, file), 'utf8') })),
  );
}

/**
 * Everything we ship. From source, the files are read from disk; the build (infra/build.ts) puts a module with their
 * texts in the place of this one, since a bundle has no folder beside it.
 */
export const RULE_FILES: readonly RuleFile[] = readRuleFiles(import.meta.dirname);

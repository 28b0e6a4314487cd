import type { Node } from 'web-tree-sitter';

/** One fault of a template or of a file beside it. Lines and columns count from 1. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export const problemAt = (file: string, node: Node, message: string): Problem => ({
  file,
  line: node.startPosition.row + 1,
  column: node.startPosition.column + 1,
  message,
});

export const problemIn = (file: string, message: string): Problem => ({ file, line: 1, column: 1, message });

export const showProblem = (p: Problem): string => `${p.file}:${p.line}:${p.column} ${p.message}`;

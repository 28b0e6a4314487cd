import { isObject, textOf } from '../../../record.ts';
import { fileKey, snapshotPath, type SnapshotFile } from '../../../snapshot.ts';
import type { Inline } from '../doc.ts';
import type { ReportInput } from '../input.ts';

type Json = Readonly<Record<string, unknown>>;

export const userSnapshot = (input: ReportInput, user: string, what: string): SnapshotFile | undefined =>
  input.snapshots.find((s) => s.name === `user-${fileKey(user)}.${what}`);

export const appSnapshots = (input: ReportInput, what: string): SnapshotFile[] =>
  input.snapshots.filter((s) => s.name.startsWith('app-') && s.name.endsWith(`.${what}`));

/** The objects of a snapshot: a collection's, or the one it is; undefined when it was not taken. */
export function objectsOf(file: SnapshotFile | undefined): Json[] | undefined {
  if (file?.outcome !== 'taken') return undefined;
  if (Array.isArray(file.value)) return file.value.filter(isObject);
  return isObject(file.value) ? [file.value] : [];
}

/** Applications of one kind, each once: an application may have been asked for by several ids. */
export function appsSeen(input: ReportInput, what: string): { file: SnapshotFile; app: Json }[] {
  const seen = new Map<string, { file: SnapshotFile; app: Json }>();
  for (const file of appSnapshots(input, what))
    for (const app of objectsOf(file) ?? []) seen.set(textOf(app['id']) ?? file.name, { file, app });
  return [...seen.values()];
}

/** Why a snapshot says nothing. */
export function silence(file: SnapshotFile | undefined): Inline[] {
  if (!file) return ['No snapshot of it was taken.', { file: 'manifest.json' }];
  return [
    `The snapshot says nothing: ${file.outcome}${file.because ? ` (${file.because})` : ''}.`,
    { file: snapshotPath(file) },
  ];
}

export const shown = (file: SnapshotFile): Inline => ({ file: snapshotPath(file) });

export const timeIn = (value: Json, name: string): number => Date.parse(textOf(value[name]) ?? '');

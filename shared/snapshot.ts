/** Snapshots of the tenant's present state: taken by collect, shown by bundle, read-only always. */

export interface SnapshotFile {
  /** `user-<key>.inbox-rules`: file under `state/`, without extension; characters safe in file names only. */
  readonly name: string;
  readonly title: string;
  /** The person, application or `tenant` it speaks of. */
  readonly subject: string;
  /** Graph path that was read. */
  readonly request: string;
  readonly takenAt: string;
  /** The least permission that reads it. */
  readonly permission: string;
  readonly outcome: 'taken' | 'not permitted' | 'not found' | 'failed';
  /** Why there is no value. */
  readonly because?: string;
  readonly value?: unknown;
}

export interface SnapshotQuestion {
  readonly tenant: string;
  /** UPNs or object ids. */
  readonly users: readonly string[];
  /** Application, service principal or object ids. */
  readonly apps: readonly string[];
  readonly deadlineMs: number;
}

export type TakeSnapshots = (ask: SnapshotQuestion) => Promise<readonly SnapshotFile[]>;

/** A snapshot's file in the bundle. */
export const snapshotPath = (file: SnapshotFile): string => `state/${file.name}.json`;

/** An id or UPN as part of a file name: hostile text must not leave the folder. */
export const fileKey = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9@._-]/g, '_')
    .replace(/\.{2,}/g, '_')
    .slice(0, 100);

import type { Row, RowMap } from './cells.ts';
import { portalAuditRow, portalSignInRow } from './entra-portal.ts';
import { activityRow, auditRow, officeRow, signInRow } from './log-analytics.ts';
import { powershellRow } from './powershell.ts';

/** A further export of rows is one file in this folder and one line here. The first that fits names the row's table. */
const TABLES: readonly (readonly [table: string, map: RowMap])[] = [
  ['Entra portal sign-ins', portalSignInRow],
  ['Entra portal audit logs', portalAuditRow],
  ['Log Analytics sign-in logs', signInRow],
  ['Log Analytics AuditLogs', auditRow],
  ['Log Analytics OfficeActivity', officeRow],
  ['Log Analytics AzureActivity', activityRow],
  ['Graph PowerShell objects', powershellRow],
];

export interface Mapped {
  readonly table: string;
  /** The record in its native shape, and the row it was made from, whole, as member `imported`. */
  readonly value: Readonly<Record<string, unknown>>;
}

/** Of each table some column that its rows cannot do without: what has none of them is no row, and told so quickly. */
const MARKS = [
  'Date (UTC)',
  'OperationName',
  'OperationNameValue',
  'Operation',
  'ServicePrincipalId',
  'InitiatedBy',
  'CreatedDateTime',
  'ActivityDateTime',
  'DetectedDateTime',
  'AppId',
  'AppDisplayName',
] as const;

/** The record that a row of a known table stands for. */
export function mapRow(row: Row): Mapped | undefined {
  if (!MARKS.some((column) => column in row)) return undefined;
  for (const [table, map] of TABLES) {
    const value = map(row);
    if (value) return { table, value: { ...value, imported: row } };
  }
  return undefined;
}

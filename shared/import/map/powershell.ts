import { isObject } from '../../record.ts';
import { withoutEmpty, type Row, type RowMap } from './cells.ts';

/** Objects of the Microsoft Graph PowerShell SDK through ConvertTo-Json: Graph's members, with capitals. */

const SPELLED: Readonly<Record<string, string>> = {
  IPAddress: 'ipAddress',
  RiskEventTypesV2: 'riskEventTypes_v2',
  IPAddressFromResourceProvider: 'ipAddressFromResourceProvider',
};

const nameOf = (name: string): string => SPELLED[name] ?? name.slice(0, 1).toLowerCase() + name.slice(1);

const MAX_DEPTH = 40;

/** Windows PowerShell 5 writes times as `/Date(1620000000000)/`. */
function instantOf(text: string): string {
  const ms = /^\/Date\((-?\d{1,15})(?:[+-]\d{4})?\)\/$/.exec(text)?.[1];
  return ms === undefined || Math.abs(Number(ms)) > 8.64e15 ? text : new Date(Number(ms)).toISOString();
}

function converted(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return instantOf(value);
  if (depth > MAX_DEPTH) return value;
  if (Array.isArray(value)) return value.map((item) => converted(item, depth + 1));
  if (!isObject(value)) return value;
  const members = Object.entries(value).filter(([name]) => name !== 'AdditionalProperties');
  return Object.fromEntries(members.map(([name, member]) => [nameOf(name), converted(member, depth + 1)]));
}

const isGraph = (row: Row): boolean =>
  ('CreatedDateTime' in row && ('Status' in row || 'AppId' in row)) ||
  ('ActivityDateTime' in row && ('ActivityDisplayName' in row || 'ProvisioningAction' in row)) ||
  ('DetectedDateTime' in row && 'RiskEventType' in row);

export const powershellRow: RowMap = (row) =>
  isGraph(row) && !('TimeGenerated' in row)
    ? withoutEmpty(converted(row, 0) as Record<string, unknown>)
    : undefined;

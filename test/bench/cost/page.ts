import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PROJECT } from '../../support/project.ts';
import { KINDS } from './count.ts';
import type { MeasuredDay } from './day.ts';
import { prices, type Month } from './model.ts';

/** Writes the measured cost into infra/README.md, between its markers. */
const README = path.join(PROJECT, 'infra/README.md');
const BLOCK = /(<!-- cost:begin[^>]*-->)[\s\S]*?(<!-- cost:end -->)/;

export function writePage(days: readonly MeasuredDay[], months: readonly Month[]): void {
  const page = readFileSync(README, 'utf8');
  if (!BLOCK.test(page)) throw new Error('infra/README.md has no markers for the cost.');
  const text = [measuredTable(days), monthTable(months), notes(days)].join('\n\n');
  writeFileSync(
    README,
    page.replace(BLOCK, (_, begin: string, end: string) => `${begin}\n\n${text}\n\n${end}`),
  );
}

const number = (n: number): string => Math.round(n).toLocaleString('en-US');
const money = (n: number): string => `$${n < 10 ? n.toFixed(2) : number(n)}`;
const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const table = (rows: readonly (readonly string[])[]): string =>
  [row(rows[0]!), row(rows[0]!.map(() => '---')), ...rows.slice(1).map(row)].join('\n');

const measuredTable = (days: readonly MeasuredDay[]): string =>
  table([
    ['measured in one day', ...days.map((d) => `${number(d.users)} users`)],
    ['records newly archived', ...days.map((d) => number(d.records))],
    ...KINDS.map((kind) => [
      `storage operations: ${kind}`,
      ...days.map((d) => number(d.counted.operations[kind])),
    ]),
    ['bytes into blobs, MB', ...days.map((d) => (d.counted.blobBytes / 1e6).toFixed(1))],
    ['bytes of table writes, MB', ...days.map((d) => (d.counted.tableBytes / 1e6).toFixed(1))],
    ['function runs', ...days.map((d) => number(d.runs))],
    ['CPU seconds, simulated tenant included', ...days.map((d) => number(d.cpuSeconds))],
  ]);

const monthTable = (months: readonly Month[]): string =>
  table([
    [
      'per month',
      ...months.map((m) => `${number(m.users)} users (${m.measured ? 'measured' : 'carried on'})`),
    ],
    ['records', ...months.map((m) => number(m.records))],
    ['storage operations', ...months.map((m) => number(KINDS.reduce((n, k) => n + m.operations[k], 0)))],
    ['… of the tables', ...months.map((m) => number(m.operations.table))],
    ['archive growth, GB', ...months.map((m) => m.archiveGb.toFixed(2))],
    ['table growth, GB at most', ...months.map((m) => m.tableGb.toFixed(2))],
    ['cost of operations, tier changes included', ...months.map((m) => money(m.cost.operations))],
    ['cost of functions', ...months.map((m) => money(m.cost.functions))],
    ['cost of capacity after a year of records', ...months.map((m) => money(m.cost.capacity))],
    ['telemetry, private endpoints, platform polling', ...months.map(() => '_not measured yet_')],
    ['**sum of what was measured**', ...months.map((m) => `**${money(m.cost.total)}**`)],
  ]);

const notes = (days: readonly MeasuredDay[]): string =>
  [
    `Measured by \`npm run bench -- cost\` against Azurite: a day in steady state (all windows, and all later passes of the three days before it; the timer's 288 looks), collected and indexed, at ${days.map((d) => number(d.users)).join(' and ')} users;`,
    'every HTTP request of the storage SDKs is counted where Node sends it, so retries and pages count. Queue operations are three per message (send, receive, delete). Larger sizes lie on the straight line through the two measured days, at the records per user of the larger one.',
    'Not in the sum: telemetry (bounded by `telemetryDailyCapGb`; each GB costs the price below), private endpoints, bundles, detections and verification, polling of idle queues by the platform, redundancy above LRS.',
    `Prices: [\`test/bench/cost/prices.json\`](../test/bench/cost/prices.json) of ${prices.date}. Function seconds are CPU seconds here; the platform bills wall time, and waiting for throttled APIs is billed as well.`,
  ].join('\n');

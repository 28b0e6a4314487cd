import { coverageJson } from './coverage-json.ts';
import { ipsCsv, sessionsCsv } from './entities-csv.ts';
import { findingsJson } from './findings-json.ts';
import type { CoreFormat, Format } from './format.ts';
import { reportHtml, reportMd, responseMd } from './reports.ts';
import { stateJson } from './state-json.ts';
import { stix } from './stix.ts';
import { timelineCsv } from './timeline-csv.ts';
import { timesketch } from './timesketch.ts';
import { ualCsv } from './ual-csv.ts';
import { verbatim } from './verbatim.ts';
import { workbook } from './workbook.ts';

/** What a first look needs. */
export const CORE_FORMATS: readonly CoreFormat[] = [
  verbatim,
  timelineCsv,
  timesketch,
  sessionsCsv,
  ipsCsv,
  coverageJson,
];

/** The bundle's formats, in the order of the zip. A new one is one file and one line. */
export const FORMATS: readonly Format[] = [
  reportHtml,
  reportMd,
  responseMd,
  verbatim,
  timelineCsv,
  timesketch,
  sessionsCsv,
  ipsCsv,
  workbook,
  stix,
  ualCsv,
  findingsJson,
  coverageJson,
  stateJson,
];

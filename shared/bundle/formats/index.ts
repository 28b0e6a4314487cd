import { ipsCsv, sessionsCsv } from './entities-csv.ts';
import type { Format } from './format.ts';
import { timelineCsv } from './timeline-csv.ts';
import { timesketch } from './timesketch.ts';
import { verbatim } from './verbatim.ts';

/** The bundle's record formats, in the order of the zip. A new one is one file and one line. */
export const FORMATS: readonly Format[] = [verbatim, timelineCsv, timesketch, sessionsCsv, ipsCsv];

import { Citations } from '../report/citations.ts';
import { citedIn, type Doc } from '../report/doc.ts';
import { renderHtml } from '../report/html.ts';
import type { ReportInput } from '../report/input.ts';
import { renderMarkdown } from '../report/markdown.ts';
import { reportDoc } from '../report/report.ts';
import { responseDoc } from '../report/response/checklist.ts';
import { clockface } from '../report/time.ts';
import type { RecordFile } from '../record-file.ts';
import type { BundleFile, Format } from './format.ts';

type Render = typeof renderHtml;

function document(
  path: string,
  render: Render,
  make: (input: ReportInput) => Doc | Promise<Doc>,
  content: { readonly report: ReportInput; readonly records: RecordFile },
): BundleFile[] {
  const context = {
    citations: new Citations(content.records),
    clock: clockface(content.report.request.zone),
  };
  return [
    {
      path,
      content: async function* () {
        const doc = await make(content.report);
        yield* render(doc, citedIn(doc), context);
      },
    },
  ];
}

/** `report.html`, one self-contained file. */
export const reportHtml: Format = (content) => document('report.html', renderHtml, reportDoc, content);
export const reportMd: Format = (content) => document('report.md', renderMarkdown, reportDoc, content);
/** `response.md`: the checklist of the initial response. */
export const responseMd: Format = (content) => document('response.md', renderMarkdown, responseDoc, content);

import type { RecordFile } from '../record-file.ts';
import type { CoreFormat } from './format.ts';

/** `records/<source>.ndjson`: the vendor's own text, one record a line, in time order; every version. */
export const verbatim: CoreFormat = ({ records }) =>
  records.sources().map((source) => {
    const order = records.inTimeOrder(source);
    return { path: `records/${source}.ndjson`, records: order.length, content: () => lines(records, order) };
  });

async function* lines(records: RecordFile, order: Uint32Array): AsyncIterable<Buffer | string> {
  for (const number of order) {
    yield await records.text(number);
    yield '\n';
  }
}

import type { CoreFormat } from './format.ts';

/** `records/<source>.ndjson`: the vendor's own text, one record a line, in time order; every version. */
export const verbatim: CoreFormat = ({ records }) =>
  records.sources().map((source) => {
    const order = records.inTimeOrder(source);
    return { path: `records/${source}.ndjson`, records: order.length, content: () => records.lines(order) };
  });

/** A file to import: its bytes can be read in any order, and more than once. */
export interface SourceFile {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Changes with the bytes; files in storage have one. */
  readonly version?: string;
  /** The bytes `[from, to)`. The same every time, or an error: a file that changes in between is no evidence. */
  read(from: number, to: number): AsyncIterable<Buffer>;
}

/** Where files to import wait: container `uploads`. */
export interface Uploads {
  /** A file as it is now; undefined when there is none. */
  open(name: string): Promise<SourceFile | undefined>;
  /** Keeps a body for a job that imports it later. */
  stage(name: string, body: Buffer): Promise<void>;
  remove(name: string): Promise<void>;
}

/** Bytes handed on at once; what is made of them is made without a pause. */
const PIECE = 64 * 1024;

export function* pieces(body: Buffer): Generator<Buffer> {
  for (let at = 0; at < body.length; at += PIECE) yield body.subarray(at, at + PIECE);
}

export const bufferFile = (name: string, body: Buffer): SourceFile => ({
  name,
  size: body.length,
  // oxlint-disable-next-line typescript/require-await -- the interface is asynchronous for files in storage
  read: async function* (from, to) {
    yield* pieces(body.subarray(from, to));
  },
});

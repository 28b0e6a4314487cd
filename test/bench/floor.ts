import { spawn } from 'node:child_process';
import { createHash, hash } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { httpClient } from '../../shared/collect/http-client.ts';
import { inParallel } from '../../shared/parallel.ts';
import { isObject } from '../../shared/record.ts';
import { measure, type Figure } from './figure.ts';
import { PROJECT } from '../support/project.ts';

/** As the archive's chunks. */
const CHUNK = 256 * 1024;
const LINE_FEED = 0x0a;

/**
 * What the platform alone takes for the same bytes, with nothing of ours but the HTTP client: receiving them in as many
 * answers, hashing what the format says (bodies, text, each record and its id), compressing chunks, parsing records.
 *
 * @param blocks the text, lines of records.
 * @param zlib CPU seconds of zlib level 6 over the same text.
 */
export async function floorFigures(
  blocks: readonly Buffer[],
  answers: number,
  zlib: number,
): Promise<Figure[]> {
  const bytes = blocks.reduce((n, block) => n + block.length, 0);
  const received = await receive(answers, Math.round(bytes / answers));
  const records = blocks.flatMap(linesOf);
  const hashed = await measure(() => hashAll(blocks, records));
  const compressed = await measure(() => blocks.reduce((n, block) => n + gzipChunks(block), 0));
  const parsed = await measure(
    () => records.filter((record) => isObject(JSON.parse(record.toString()))).length,
  );
  const line = (what: string, cpu: number, note: string): Figure => ({
    what: `  the platform's part: ${what}`,
    value: cpu / zlib,
    unit: ' ×',
    note,
  });
  return [
    line('receiving over HTTP', received, `${answers} answers`),
    line('SHA-256 of bodies, records, ids, text', hashed.cpu, `${records.length} records`),
    line('gzip level 6 of chunks', compressed.cpu, '256 KiB each'),
    line('JSON.parse of each record', parsed.cpu, `${parsed.result} objects; the collector scans instead`),
  ];
}

async function receive(answers: number, bytes: number): Promise<number> {
  const child = spawn(process.execPath, [join(PROJECT, 'test/bench/floor-child.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  const fetch = httpClient();
  const url = `http://127.0.0.1:${Number(port)}/${bytes}`;
  const { cpu } = await measure(() =>
    inParallel(Array.from({ length: answers }), 8, async () => {
      const { body } = await fetch(url);
      await once(body.resume(), 'end');
    }),
  );
  child.kill('SIGKILL');
  return cpu;
}

function linesOf(block: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let from = 0; from < block.length;) {
    const end = block.indexOf(LINE_FEED, from);
    lines.push(block.subarray(from, end));
    from = end + 1;
  }
  return lines;
}

function hashAll(blocks: readonly Buffer[], records: readonly Buffer[]): string {
  const [body, text] = [createHash('sha256'), createHash('sha256')];
  for (const block of blocks) {
    body.update(block);
    text.update(block);
  }
  let last = '';
  for (const record of records)
    last = hash('sha256', record, 'binary') + hash('sha256', record.subarray(0, 36), 'binary');
  return body.digest('hex') + text.digest('hex') + last;
}

function gzipChunks(block: Buffer): number {
  let size = 0;
  for (let at = 0; at < block.length; at += CHUNK)
    size += gzipSync(block.subarray(at, at + CHUNK), { level: 6 }).length;
  return size;
}

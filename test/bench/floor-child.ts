import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Answers every request with so many bytes as its path says; prints its port, ends with its parent. */
const PIECE = Buffer.alloc(64 * 1024, 'x');
const server = createServer((request, response) => {
  let left = Number(request.url!.slice(1));
  response.setHeader('content-length', left);
  const send = (): void => {
    while (left > 0) {
      const piece = PIECE.subarray(0, left);
      left -= piece.length;
      if (!response.write(piece)) {
        response.once('drain', send);
        return;
      }
    }
    response.end();
  };
  send();
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
process.stdin.on('close', () => process.exit(0)).resume();

import { createHash } from 'node:crypto';

/**
 * Merkle tree hash as in RFC 6962 §2.1: leaves are hashed with the prefix 0x00, inner nodes with 0x01, so that no
 * node can be passed off as a leaf; a list of n is split at the largest power of two below n.
 */

const LEAF = Buffer.of(0);
const NODE = Buffer.of(1);

const sha256 = (...parts: readonly (Buffer | string)[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

export const leafHash = (data: Buffer | string): Buffer => sha256(LEAF, data);
export const nodeHash = (left: Buffer, right: Buffer): Buffer => sha256(NODE, left, right);

/** Root over the leaves' data, hex; of no leaves the hash of nothing. Holds one hash per level, not the leaves. */
export function merkleRoot(leaves: Iterable<Buffer | string>): string {
  // Complete subtrees so far, largest first; their sizes are the binary digits of the count.
  const stack: Buffer[] = [];
  let count = 0;
  for (const leaf of leaves) {
    let node = leafHash(leaf);
    for (let n = count; n % 2 === 1; n = Math.floor(n / 2)) node = nodeHash(stack.pop()!, node);
    stack.push(node);
    count++;
  }
  const root = stack.reduceRight<Buffer | undefined>(
    (right, left) => (right ? nodeHash(left, right) : left),
    undefined,
  );
  return (root ?? sha256()).toString('hex');
}

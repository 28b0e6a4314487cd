import ipaddr from 'ipaddr.js';

/**
 * Writes a MaxMind DB, version 2.0 of its format (https://maxmind.github.io/MaxMind-DB/): a search tree of 24-bit
 * records over IPv6, IPv4 networks under ::/96, then the data, then the metadata. Enough for tests of a reader.
 */
export function mmdbOf(entries: Readonly<Record<string, object>>, type: string): Buffer {
  const tree = new Tree();
  const data: Buffer[] = [];
  let size = 0;
  for (const [network, value] of Object.entries(entries)) {
    tree.put(network, size);
    const encoded = encode(value);
    data.push(encoded);
    size += encoded.length;
  }
  const metadata = encode({
    binary_format_major_version: new Typed('uint16', 2),
    binary_format_minor_version: new Typed('uint16', 0),
    build_epoch: new Typed('uint64', 1_795_478_400),
    database_type: type,
    description: { en: 'made for a test' },
    ip_version: new Typed('uint16', 6),
    languages: ['en'],
    node_count: new Typed('uint32', tree.size),
    record_size: new Typed('uint16', 24),
  });
  const marker = Buffer.concat([Buffer.from([0xab, 0xcd, 0xef]), Buffer.from('MaxMind.com')]);
  return Buffer.concat([tree.bytes(), Buffer.alloc(16), ...data, marker, metadata]);
}

/** A node's two records: another node's number, data at an offset, or nothing. */
type Record24 = { readonly node: number } | { readonly data: number } | undefined;

class Tree {
  readonly #nodes: [Record24, Record24][] = [[undefined, undefined]];

  get size(): number {
    return this.#nodes.length;
  }

  put(network: string, offset: number): void {
    const [address, length] = ipaddr.parseCIDR(network);
    const v4 = address.kind() === 'ipv4';
    const bytes = v4 ? [...Array<number>(12).fill(0), ...address.toByteArray()] : address.toByteArray();
    const bits = v4 ? length + 96 : length;
    let node = 0;
    for (let i = 0; i < bits; i++) {
      const bit = ((bytes[i >> 3]! >> (7 - (i & 7))) & 1) as 0 | 1;
      const record = this.#nodes[node]![bit];
      if (i === bits - 1) this.#nodes[node]![bit] = { data: offset };
      else if (record && 'node' in record) node = record.node;
      else {
        this.#nodes[node]![bit] = { node: this.#nodes.length };
        node = this.#nodes.push([undefined, undefined]) - 1;
      }
    }
  }

  bytes(): Buffer {
    const out = Buffer.alloc(this.size * 6);
    for (const [i, records] of this.#nodes.entries())
      for (const [side, record] of records.entries())
        out.writeUIntBE(this.#number(record), i * 6 + side * 3, 3);
    return out;
  }

  #number(record: Record24): number {
    if (record === undefined) return this.size;
    return 'node' in record ? record.node : this.size + 16 + record.data;
  }
}

/** A number of a stated width; other numbers are uint32. */
class Typed {
  readonly type: 'uint16' | 'uint32' | 'uint64';
  readonly value: number;

  constructor(type: Typed['type'], value: number) {
    this.type = type;
    this.value = value;
  }
}

const TYPES = { text: 2, uint16: 5, uint32: 6, map: 7, uint64: 9, array: 11, boolean: 14 } as const;

function encode(value: unknown): Buffer {
  if (typeof value === 'string') return field('text', Buffer.byteLength(value), Buffer.from(value));
  if (typeof value === 'boolean') return field('boolean', value ? 1 : 0, Buffer.alloc(0));
  if (typeof value === 'number') return encode(new Typed('uint32', value));
  if (value instanceof Typed) {
    const hex = value.value.toString(16);
    const bytes = value.value === 0 ? Buffer.alloc(0) : Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex');
    return field(value.type, bytes.length, bytes);
  }
  if (Array.isArray(value)) return field('array', value.length, Buffer.concat(value.map(encode)));
  const members = Object.entries(value as object);
  return field(
    'map',
    members.length,
    Buffer.concat(members.flatMap(([name, own]) => [encode(name), encode(own)])),
  );
}

/** Control byte: type in the upper three bits, or 0 and the type minus 7 in a byte of its own; size in the lower five. */
function field(name: keyof typeof TYPES, size: number, payload: Buffer): Buffer {
  const type = TYPES[name];
  const [low, more] =
    size < 29 ? [size, []] : size < 285 ? [29, [size - 29]] : [30, [(size - 285) >> 8, (size - 285) & 255]];
  const head = type <= 7 ? [(type << 5) | low] : [low, type - 7];
  return Buffer.concat([Buffer.from([...head, ...more]), payload]);
}

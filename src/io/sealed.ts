// Bytes with a header that says whether they are all there: magic, generation, length and a checksum of all of it.

/** 'RGSLOT01', so that another file is not taken for a slot. */
const MAGIC = [0x52, 0x47, 0x53, 0x4c, 0x4f, 0x54, 0x30, 0x31];
const HEADER = 32;

export interface Sealed {
  /** Counts the writes under one name. */
  readonly generation: number;
  readonly bytes: Uint8Array;
}

/** magic [8], generation u64, length u64, CRC-32 of what stands before it u32, CRC-32 of the bytes u32; all little-endian. */
export function sealed(bytes: Uint8Array, generation: number): Uint8Array {
  const all = new Uint8Array(HEADER + bytes.length);
  const view = new DataView(all.buffer);
  all.set(MAGIC);
  view.setBigUint64(8, BigInt(generation), true);
  view.setBigUint64(16, BigInt(bytes.length), true);
  view.setUint32(24, crc32(all.subarray(0, 24)), true);
  view.setUint32(28, crc32(bytes), true);
  all.set(bytes, HEADER);
  return all;
}

/** What was sealed, or in words what is wrong with it. */
export function unsealed(all: Uint8Array): Sealed | string {
  if (all.length < HEADER) return `has ${all.length} bytes, fewer than its header`;
  const view = new DataView(all.buffer, all.byteOffset, all.byteLength);
  if (MAGIC.some((byte, i) => all[i] !== byte)) return 'does not begin as a slot does';
  if (view.getUint32(24, true) !== crc32(all.subarray(0, 24))) return 'has a damaged header';
  const length = Number(view.getBigUint64(16, true));
  if (all.length !== HEADER + length) return `has ${all.length - HEADER} bytes of ${length}`;
  const bytes = new Uint8Array(all.subarray(HEADER)); // a copy, also of a Buffer
  if (view.getUint32(28, true) !== crc32(bytes)) return 'does not match its checksum';
  return { generation: Number(view.getBigUint64(8, true)), bytes };
}

let table: Uint32Array | null = null;

/** The CRC-32 of ISO 3309, as in ZIP and PNG: polynomial 0xEDB88320, reflected. */
export function crc32(bytes: Uint8Array): number {
  table ??= Uint32Array.from({ length: 256 }, (_, n) => {
    let c = n;
    for (let bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    return c;
  });
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) crc = table[(crc ^ bytes[i]!) & 255]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

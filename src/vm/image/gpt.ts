// Writes a GUID partition table (UEFI specification 2.10, chapter 5) with one
// partition: two sectors of fixed layout, so that no partitioning tool is needed.
// Pure; it reads nothing and knows no disk but its size.

import { crc32 } from "node:zlib";

export const SECTOR_BYTES = 512;
/** The specification's minimum of room for entries, 16 KiB, at both ends. */
const ENTRY_COUNT = 128;
const ENTRY_BYTES = 128;
const ENTRY_SECTORS = (ENTRY_COUNT * ENTRY_BYTES) / SECTOR_BYTES;
/** Sectors at each end that no partition may use: header and entries, and in front the protective MBR. */
export const HEAD_SECTORS = 2 + ENTRY_SECTORS;
export const TAIL_SECTORS = 1 + ENTRY_SECTORS;

export interface GptPartition {
  readonly typeUuid: string;
  readonly uuid: string;
  /** At most 36 characters. */
  readonly name: string;
  readonly firstSector: bigint;
  readonly lastSector: bigint;
  /** Bits as the specification numbers them. */
  readonly attributes: bigint;
}

export interface GptDisk {
  readonly sectors: bigint;
  readonly uuid: string;
  readonly partition: GptPartition;
}

/** What stands at the beginning of the disk and what at its very end. */
export function encodeGpt(disk: GptDisk): { head: Uint8Array<ArrayBuffer>; tail: Uint8Array<ArrayBuffer> } {
  const entries = new Uint8Array(ENTRY_COUNT * ENTRY_BYTES);
  entries.set(encodeEntry(disk.partition));
  const last = disk.sectors - 1n;
  const head = new Uint8Array(HEAD_SECTORS * SECTOR_BYTES);
  head.set(protectiveMbr(disk.sectors));
  head.set(encodeHeader(disk, entries, { own: 1n, other: last, entries: 2n }), SECTOR_BYTES);
  head.set(entries, 2 * SECTOR_BYTES);
  const tail = new Uint8Array(TAIL_SECTORS * SECTOR_BYTES);
  tail.set(entries);
  tail.set(
    encodeHeader(disk, entries, { own: last, other: 1n, entries: last - BigInt(ENTRY_SECTORS) }),
    entries.length,
  );
  return { head, tail };
}

/** Table 5.5: the header. Its checksum covers itself with the checksum's own field at zero. */
function encodeHeader(
  disk: GptDisk,
  entries: Uint8Array,
  at: { own: bigint; other: bigint; entries: bigint },
): Uint8Array {
  const HEADER_BYTES = 92;
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode("EFI PART"));
  view.setUint32(8, 0x0001_0000, true); // revision 1.0
  view.setUint32(12, HEADER_BYTES, true);
  view.setBigUint64(24, at.own, true);
  view.setBigUint64(32, at.other, true);
  view.setBigUint64(40, BigInt(HEAD_SECTORS), true); // first usable
  view.setBigUint64(48, disk.sectors - BigInt(TAIL_SECTORS) - 1n, true); // last usable
  bytes.set(encodeUuid(disk.uuid), 56);
  view.setBigUint64(72, at.entries, true);
  view.setUint32(80, ENTRY_COUNT, true);
  view.setUint32(84, ENTRY_BYTES, true);
  view.setUint32(88, crc32(entries), true);
  view.setUint32(16, crc32(bytes), true);
  return bytes;
}

/** Table 5.6: a partition's entry. */
function encodeEntry(partition: GptPartition): Uint8Array {
  const bytes = new Uint8Array(ENTRY_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(encodeUuid(partition.typeUuid));
  bytes.set(encodeUuid(partition.uuid), 16);
  view.setBigUint64(32, partition.firstSector, true);
  view.setBigUint64(40, partition.lastSector, true);
  view.setBigUint64(48, partition.attributes, true);
  for (let index = 0; index < partition.name.length; index++) {
    view.setUint16(56 + index * 2, partition.name.charCodeAt(index), true);
  }
  return bytes;
}

/** Table 5.4: one entry over the whole disk, for tools that know nothing newer. */
function protectiveMbr(sectors: bigint): Uint8Array {
  const bytes = new Uint8Array(SECTOR_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set([0x00, 0x00, 0x02, 0x00, 0xee, 0xff, 0xff, 0xff], 446);
  view.setUint32(454, 1, true);
  view.setUint32(458, Number(sectors > 0xffff_ffffn ? 0xffff_ffffn : sectors - 1n), true);
  bytes.set([0x55, 0xaa], 510);
  return bytes;
}

/** A GUID as GPT stores it: the first three fields little-endian (appendix A). */
export function encodeUuid(text: string): Uint8Array {
  const hex = text.replaceAll("-", "");
  const bytes = Uint8Array.from(
    { length: 16 },
    (_, index) => Number.parseInt(hex.slice(index * 2, index * 2 + 2), 16),
  );
  return Uint8Array.from([3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15], (index) => bytes[index]);
}

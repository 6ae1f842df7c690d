import { crc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import { fileSystemSize, uuidOf } from "./disk.ts";
import { encodeGpt, encodeUuid, HEAD_SECTORS, SECTOR_BYTES, TAIL_SECTORS } from "./gpt.ts";

describe("the partition table", () => {
  const disk = {
    sectors: 10_000n,
    uuid: "01234567-89ab-8cde-8f01-23456789abcd",
    partition: {
      typeUuid: "4f68bce3-e8cd-4db1-96e7-fbcaf984b709",
      uuid: "11111111-2222-8333-8444-555555555555",
      name: "root",
      firstSector: 2048n,
      lastSector: 8191n,
      attributes: 1n << 60n,
    },
  };
  const { head, tail } = encodeGpt(disk);
  const first = new DataView(head.buffer, SECTOR_BYTES, SECTOR_BYTES);
  const last = new DataView(tail.buffer, tail.length - SECTOR_BYTES, SECTOR_BYTES);

  it("fills exactly the sectors that no partition may use", () => {
    expect(head.length).toBe(HEAD_SECTORS * SECTOR_BYTES);
    expect(tail.length).toBe(TAIL_SECTORS * SECTOR_BYTES);
    expect(first.getBigUint64(40, true)).toBe(34n);
    expect(first.getBigUint64(48, true)).toBe(10_000n - 34n);
  });

  it("has two headers that point at each other, at the right entries, with right checksums", () => {
    expect([first.getBigUint64(24, true), first.getBigUint64(32, true), first.getBigUint64(72, true)])
      .toEqual([1n, 9999n, 2n]);
    expect([last.getBigUint64(24, true), last.getBigUint64(32, true), last.getBigUint64(72, true)]).toEqual([
      9999n,
      1n,
      9967n,
    ]);
    for (const header of [first, last]) {
      const bytes = new Uint8Array(header.buffer, header.byteOffset, 92).slice();
      const stated = new DataView(bytes.buffer).getUint32(16, true);
      bytes.fill(0, 16, 20);
      expect(crc32(bytes)).toBe(stated);
      expect(header.getUint32(88, true)).toBe(crc32(tail.subarray(0, 128 * 128)));
    }
  });

  it("stores UUIDs with their first three fields little-endian", () => {
    // As on every disk with an x86-64 root of the Discoverable Partitions Specification.
    expect(encodeUuid(disk.partition.typeUuid).toHex()).toBe("e3bc684fcde8b14d96e7fbcaf984b709");
    expect(head.subarray(2 * SECTOR_BYTES, 2 * SECTOR_BYTES + 16).toHex()).toBe(
      "e3bc684fcde8b14d96e7fbcaf984b709",
    );
  });

  it("has a protective MBR in front", () => {
    expect(head[450]).toBe(0xee);
    expect([head[510], head[511]]).toEqual([0x55, 0xaa]);
  });
});

describe("the file system's size", () => {
  it("counts blocks of files, directories and long links, and an inode each", () => {
    const small = fileSystemSize("d 4096\nf 1\nl 10\n");
    expect(fileSystemSize("d 4096\nf 1\nl 10\nf 4097\n")).toMatchObject({ inodes: small.inodes + 1 });
    expect(fileSystemSize("d 4096\nf 1\nl 10\nf 409600000\n").blocks - small.blocks).toBeGreaterThanOrEqual(
      100_000,
    );
  });
});

describe("identifiers of a disk", () => {
  it("follow from the key alone and are valid UUIDs", () => {
    expect(uuidOf("a")).toBe(uuidOf("a"));
    expect(uuidOf("a")).not.toBe(uuidOf("b"));
    expect(uuidOf("a")).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});

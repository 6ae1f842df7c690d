// A directory tree to a disk: GPT with one ext4 partition, made without mounting
// anything and without loop devices.

import { createHash } from "node:crypto";
import { SOURCE_DATE_EPOCH } from "./epoch.ts";
import { encodeGpt, type GptDisk, SECTOR_BYTES } from "./gpt.ts";
import { asRoot } from "./root_tree.ts";
import { run } from "./run.ts";

const BLOCK_BYTES = 4096;
/** ext4's inode size here. */
const INODE_BYTES = 256;
/** Where the partition begins; GPT's own tables lie before it. */
const START_BYTES = 1 << 20;
/** GPT's backup at the end, rounded up to a whole MiB. */
const TAIL_BYTES = 1 << 20;
/** Inodes beyond those of the tree: lost+found and ext4's own. */
const SPARE_INODES = 32;
/** Beyond the tree, for group descriptors and bitmaps: 1/64 of it and 4 MiB. The root is never written to. */
const SPARE_FRACTION = 1 / 64;
const SPARE_BLOCKS = 1024;

/** The Discoverable Partitions Specification's type of an x86-64 root. */
const ROOT_X86_64 = "4f68bce3-e8cd-4db1-96e7-fbcaf984b709";

/** Bit 60 of a partition's attributes there: read-only. */
const READ_ONLY = 1n << 60n;

/** What `find -printf '%y %s\n'` says of a tree: a type letter and a size in bytes per line. */
export function fileSystemSize(listing: string): { blocks: number; inodes: number } {
  let blocks = 0;
  let inodes = SPARE_INODES;
  for (const line of listing.split("\n")) {
    const [type, size] = line.split(" ");
    if (size === undefined) continue;
    inodes++;
    // A link's target of up to 59 bytes stands in its inode; a directory has a block at least.
    if (type === "f") blocks += Math.ceil(Number(size) / BLOCK_BYTES);
    else if (type === "d") blocks += Math.max(1, Math.ceil(Number(size) / BLOCK_BYTES));
    else if (type === "l" && Number(size) > 59) blocks++;
  }
  blocks += Math.ceil((inodes * INODE_BYTES) / BLOCK_BYTES);
  return { blocks: Math.ceil(blocks * (1 + SPARE_FRACTION)) + SPARE_BLOCKS, inodes };
}

/** A UUID that depends on `text` alone, in the form of version 8 (RFC 9562, section 5.8). */
export function uuidOf(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  const variant = (8 + (Number.parseInt(hex[16], 16) & 3)).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${
    hex.slice(20, 32)
  }`;
}

export interface DiskOptions {
  readonly tree: string;
  readonly file: string;
  /** All identifiers of the disk come from it. */
  readonly key: string;
  readonly signal?: AbortSignal;
}

/** Makes the disk; gives the root partition's PARTUUID. */
export async function makeDisk(options: DiskOptions): Promise<string> {
  const { tree, file, key, signal } = options;
  const prefix = asRoot(Deno.uid());
  const listing = await run([...prefix, "find", tree, "-printf", "%y %s\\n"], { signal });
  const { blocks, inodes } = fileSystemSize(new TextDecoder().decode(listing));
  const bytes = Math.ceil((blocks * BLOCK_BYTES) / START_BYTES) * START_BYTES;
  const partUuid = uuidOf(`${key} partition`);
  await Deno.writeFile(file, new Uint8Array(), { mode: 0o644 });
  await Deno.truncate(file, START_BYTES + bytes + TAIL_BYTES);
  await run([
    ...[...prefix, "mke2fs", "-q", "-F", "-t", "ext4"],
    ...["-b", String(BLOCK_BYTES), "-I", String(INODE_BYTES), "-N", String(inodes)],
    // Never written to, so it needs no journal, no reserve and no room to grow.
    ...["-m", "0", "-O", "^has_journal,^resize_inode", "-L", "gatehouse-root"],
    ...["-U", uuidOf(`${key} ext4`), "-E"],
    `offset=${START_BYTES},hash_seed=${uuidOf(`${key} hash`)},nodiscard`,
    ...["-d", tree, file, `${bytes / 1024}k`],
  ], { signal, env: { E2FSPROGS_FAKE_TIME: String(SOURCE_DATE_EPOCH) } });
  await writeGpt(file, {
    sectors: BigInt((START_BYTES + bytes + TAIL_BYTES) / SECTOR_BYTES),
    uuid: uuidOf(`${key} disk`),
    partition: {
      typeUuid: ROOT_X86_64,
      uuid: partUuid,
      name: "gatehouse-root",
      firstSector: BigInt(START_BYTES / SECTOR_BYTES),
      lastSector: BigInt((START_BYTES + bytes) / SECTOR_BYTES - 1),
      attributes: READ_ONLY,
    },
  });
  return partUuid;
}

async function writeGpt(path: string, disk: GptDisk): Promise<void> {
  const { head, tail } = encodeGpt(disk);
  using file = await Deno.open(path, { write: true });
  await writeAll(file, head);
  await file.seek(-tail.length, Deno.SeekMode.End);
  await writeAll(file, tail);
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
}

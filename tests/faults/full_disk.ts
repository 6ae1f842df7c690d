// A signer on a file system of its own that is really full, or mounted read-only: as its callers see it. Needs root,
// to mount. Must never fill or mount over a directory that it didn't make.
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import { runOk } from "../lib/command.ts";
import { doorOf, type RunningSigner, SignerPlace } from "./kept_in_signer.ts";
import { type KeyDoor, Lane, Lost } from "./kept_keys.ts";

const BYTES = 8 * 1024 * 1024;
/** More than the room that the store has reserved takes. */
const MOST_CHANGES = 5_000;
const SMALLEST_PIECE = 512;

/** What is done with a signer and its keys. */
interface On {
  readonly lane: Lane;
  door(): KeyDoor;
  /** The signer ends and another one starts; it answers with the same keys. */
  again(between?: () => Promise<void>): Promise<void>;
  /** Changes keys until that refusal, which must have changed nothing; signing goes on. */
  refuses(code: status, reason: string): Promise<void>;
  mount(how: string): Promise<string>;
  readonly dir: string;
}

async function onOwnDisk(use: (on: On) => Promise<void>): Promise<Lane> {
  const dir = await Deno.makeTempDir({ prefix: "gatehouse-disk-" });
  const mount = (how: string) => runOk("mount", ["-t", "tmpfs", "-o", `size=${BYTES},${how}`, "none", dir]);
  await mount("mode=700");
  const place = await SignerPlace.make(join(dir, "state"));
  const lane = new Lane("a-", Math.random);
  let running: RunningSigner = await place.spawn().ready();
  let signer = await running.connect();
  const door = () => doorOf(signer);
  const end = async () => {
    await signer.close();
    await running.stop();
  };
  try {
    await use({
      dir,
      lane,
      door,
      mount,
      async again(between = () => Promise.resolve()) {
        await end();
        await between();
        running = await place.spawn().ready();
        signer = await running.connect();
        await lane.check(door());
      },
      async refuses(code, reason) {
        const unanswered = lane.unanswered;
        const refusal = await refusalOf(lane, door());
        if (refusal.code !== code || refusal.reason !== reason) throw refusal;
        await lane.check(door());
        if (lane.unanswered !== unanswered) throw new Lost("a change that was refused was done");
      },
    });
  } finally {
    await end();
    await place.remove();
    await runOk("umount", [dir]);
    await Deno.remove(dir);
  }
  return lane;
}

async function refusalOf(lane: Lane, door: KeyDoor): Promise<Error & { code?: number; reason?: string }> {
  for (let change = 0; change < MOST_CHANGES; change++) {
    try {
      await lane.change(door);
    } catch (error) {
      if (error instanceof Error && !(error instanceof Lost)) return error;
      throw error;
    }
  }
  throw new Error(`${MOST_CHANGES} changes were taken`);
}

/** Takes all room that is left. */
async function fill(path: string): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true });
  for (let bytes = BYTES; bytes >= SMALLEST_PIECE;) {
    try {
      await file.write(new Uint8Array(bytes).fill(1));
    } catch {
      bytes /= 2;
    }
  }
}

async function changes(lane: Lane, door: KeyDoor, count: number): Promise<void> {
  for (let change = 0; change < count; change++) await lane.change(door);
}

/**
 * Filled up and emptied, that many times, and started anew now and then.
 * @returns what happened
 */
export async function fullDisk(rounds: number): Promise<string> {
  const lane = await onOwnDisk(async ({ dir, lane, door, again, refuses }) => {
    const filler = join(dir, "filler");
    for (let round = 0; round < rounds; round++) {
      await changes(lane, door(), 10);
      await fill(filler);
      await refuses(status.RESOURCE_EXHAUSTED, "STORE_DISK_FULL");
      if (round % 3 === 2) {
        // A full disk starts, too.
        await again();
        await refuses(status.RESOURCE_EXHAUSTED, "STORE_DISK_FULL");
      }
      await Deno.remove(filler);
      await changes(lane, door(), 10);
    }
    await again();
  });
  return `full disk, ${rounds} times: changes refused as STORE_DISK_FULL, signing went on, and with room again ` +
    `without a new start; ${lane.acknowledged} acknowledged changes there, none half`;
}

/** A signer that starts on a disk that is mounted read-only, which is then mounted for writing. */
export async function readOnlyDisk(): Promise<string> {
  const lane = await onOwnDisk(async ({ lane, door, mount, again, refuses }) => {
    await changes(lane, door(), 30);
    await again(async () => void await mount("remount,ro"));
    await refuses(status.FAILED_PRECONDITION, "STORE_READ_ONLY");
    await mount("remount,rw");
    await changes(lane, door(), 30);
    await again();
  });
  return `disk mounted read-only before the start: changes refused as STORE_READ_ONLY, signing went on, and mounted ` +
    `for writing without a new start; ${lane.acknowledged} acknowledged changes there, none half`;
}

/** Why this machine can't mount; none: it can. */
export async function cantMount(): Promise<string | undefined> {
  if (Deno.uid() !== 0) return "only root may mount a file system; run it as root";
  const dir = await Deno.makeTempDir({ prefix: "gatehouse-disk-" });
  try {
    await runOk("mount", ["-t", "tmpfs", "-o", "size=64k", "none", dir]);
    await runOk("umount", [dir]);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await Deno.remove(dir);
  }
}

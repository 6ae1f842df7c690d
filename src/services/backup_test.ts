// gatehouse.v1.Backup with a signer that does what the test says: what is relayed, and what never reaches an end.
import Long from "long";
import { createHash } from "node:crypto";
import { afterEach, expect, test } from "vitest";
import { outcome } from "../authority/authority_testkit.ts";
import { Prover } from "../authority/prover.ts";
import { type ClientMethod, clientStream } from "../grpc/client.ts";
import {
  type BackupChunk,
  type CreateBackupRequestInit,
  EventKind,
  methodAt,
  type RestoreRequestInit,
  type RestoreResponse,
  type RestoreStartInit,
} from "../proto/mod.ts";
import { type KeyedServices, startKeyedServices } from "./keyed_testkit.ts";

const Create = methodAt<CreateBackupRequestInit, BackupChunk>("/gatehouse.v1.Backup/Create");
const Restore = methodAt<RestoreRequestInit, RestoreResponse>("/gatehouse.v1.Backup/Restore");

const FILE = new TextEncoder().encode("age-encryption.org/v1 and so on");
const START: RestoreStartInit = {
  sha256: createHash("sha256").update(FILE).digest(),
  bytes: FILE.length,
  sealed_identity: Uint8Array.of(1),
};

let started: KeyedServices | undefined;
afterEach(() => started?.stop());

interface Seen {
  parts: RestoreRequestInit[];
  ended: boolean;
}

/** Takes a restore, and says whether it came to its end. */
async function startRestoring(): Promise<Seen> {
  const seen: Seen = { parts: [], ended: false };
  started = await startKeyedServices({
    async clientStream<Q, R>(_method: ClientMethod<Q, R>, requests: AsyncIterable<Q>): Promise<R> {
      for await (const request of requests) seen.parts.push(request as RestoreRequestInit);
      seen.ended = true;
      return {
        restored: ["a", "b"],
        skipped: [],
        restored_count: Long.fromNumber(2),
        skipped_count: Long.UZERO,
      } as R;
    },
  });
  return seen;
}

async function* data(...parts: Uint8Array[]): AsyncGenerator<RestoreRequestInit, void, void> {
  for (const part of parts) yield await Promise.resolve({ data: part });
}

const restore = (start: RestoreStartInit, ...parts: Uint8Array[]) =>
  new Prover(started!.byUnix(), started!.owner.proving).clientStream(
    Restore,
    { start },
    () => data(...parts),
  );

test("a file is restored in parts as it came, and who did it is told", async () => {
  const seen = await startRestoring();
  expect((await restore(START, FILE.subarray(0, 5), FILE.subarray(5))).restored).toEqual(["a", "b"]);
  expect(seen.parts).toHaveLength(3);
  expect(started!.events).toEqual([{
    kind: EventKind.KEYS_RESTORED,
    message: "admin:owner restored 2 keys",
  }]);
});

test("a look is no restore", async () => {
  const seen = await startRestoring();
  await restore({ ...START, dry_run: true }, FILE);
  expect(seen.ended).toBe(true);
  expect(started!.events).toEqual([]);
});

const other = Uint8Array.from(FILE);
other[3] ^= 1;
test.each<[string, RestoreStartInit, Uint8Array[]]>([
  ["other data of the same length", START, [other]],
  ["less data", START, [FILE.subarray(1)]],
  ["more data", START, [FILE, FILE]],
  ["no data", START, []],
  ["no length", { ...START, bytes: 0 }, [FILE]],
  ["no digest", { ...START, sha256: new Uint8Array() }, [FILE]],
])("with %s the signer never hears of an end", async (_name, start, parts) => {
  const seen = await startRestoring();
  expect(await outcome(restore(start, ...parts))).toMatch(/^INVALID_ARGUMENT/);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(seen.ended).toBe(false);
  expect(started!.events).toEqual([]);
});

test("a proof is for the first message: another one is refused, and so is none", async () => {
  const seen = await startRestoring();
  const channel = started!.byUnix();
  const prover = new Prover(channel, started!.owner.proving);
  // The prover signs one start and sends another.
  const swapped: ClientMethod<RestoreRequestInit, RestoreResponse> = {
    ...Restore,
    requestSerialize: (() => {
      let number = 0;
      return (value: RestoreRequestInit) =>
        Restore.requestSerialize(number++ === 0 ? { start: { ...START, skip_existing: true } } : value);
    })(),
  };
  const call = prover.clientStream(swapped, { start: START }, () => data(FILE));
  expect(await outcome(call)).toBe("UNAUTHENTICATED PROOF_INVALID");
  expect(await outcome(clientStream(channel, Restore, data(FILE)))).toBe("UNAUTHENTICATED PROOF_MISSING");
  expect(seen.parts).toEqual([]);
});

test("a backup comes as the signer gives it, and who had it made is told", async () => {
  const chunks = [Uint8Array.of(1, 2), new Uint8Array(100_000), Uint8Array.of(3)];
  started = await startKeyedServices({
    async *serverStream() {
      for (const data of chunks) yield await Promise.resolve({ data } as never);
    },
  });
  const sizes: number[] = [];
  const prover = new Prover(started.byUnix(), started.owner.proving);
  for await (const chunk of prover.serverStream(Create, { ids: ["a"] })) sizes.push(chunk.data.length);
  expect(sizes).toEqual([2, 100_000, 1]);
  expect(started.events).toEqual([{
    kind: EventKind.BACKUP_CREATED,
    message: "admin:owner made a backup of 1 keys",
  }]);
});

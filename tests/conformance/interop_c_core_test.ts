// gRPC's C-core, as Python's grpcio has it: its client against our server and ours against its server,
// over TCP and over Unix sockets. C++, Ruby, PHP and C# clients of old are the same code.
import { Buffer } from "node:buffer";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { Metadata, status } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Channel, type ChannelOptions } from "../../src/grpc/channel.ts";
import { bidi, type ClientMethod, serverStream, unary } from "../../src/grpc/client.ts";
import { Server } from "../../src/grpc/server.ts";
import { dialer, listen, parseAddress } from "../../src/transport/mod.ts";
import { definition, digest, implementation, pattern, type Seen } from "../differential/service.ts";
import { runOk } from "../lib/command.ts";
import { grpcioPython } from "../lib/tools.ts";

const tool = await grpcioPython();
const program = (name: string) => fileURLToPath(new URL(`c_core/${name}.py`, import.meta.url));
const folder = mkdtempSync(`${tmpdir()}/c-core-`);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

if ("reason" in tool) test.skip(`skipped: ${tool.reason}`, () => {});
else {
  describe("C-core's client, our server", () => clientCases(tool.path));
  describe("our client, C-core's server", () => serverCases(tool.path));
}

/** What client.py prints of a case; each has some of these. */
interface Outcome {
  code?: string;
  details?: string;
  message?: string;
  messages?: string[];
  text?: string;
  first?: string;
  initial?: Record<string, string[]>;
  trailers?: Record<string, string[]>;
}

function clientCases(python: string): void {
  const seen: Seen = { cancelled: 0 };
  const targets: Record<string, string> = {};
  const server = new Server();
  /** C-core's clients ping once a second at most, whatever they are told; the default allows that. */
  const strict = new Server({ connections: { minPingIntervalMs: 5_000 } });
  const serving: Promise<void>[] = [];
  beforeAll(async () => {
    server.addService(definition, implementation(seen));
    strict.addService(definition, implementation({ cancelled: 0 }));
    const tcp = await listen(parseAddress("tcp://127.0.0.1:0"));
    const strictTcp = await listen(parseAddress("tcp://127.0.0.1:0"));
    const unix = await listen(parseAddress(`unix://${folder}/ours.sock`), { mode: 0o600 });
    serving.push(server.serve(tcp), server.serve(unix), strict.serve(strictTcp));
    targets.strict = `ipv4:${new URL(strictTcp.address).host}`;
    targets.tcp = `ipv4:${new URL(tcp.address).host}`;
    targets.unix = `unix:${folder}/ours.sock`;
  });
  afterAll(async () => {
    await Promise.all([server.shutdown(500), strict.shutdown(500)]);
    await Promise.all(serving);
  });

  describe.each(["tcp", "unix"])("over %s", (transport) => {
    let outcomes: Record<string, Outcome>;
    let cancelledBefore: number;
    beforeAll(async () => {
      cancelledBefore = seen.cancelled;
      outcomes = JSON.parse(await runOk("timeout", ["60", python, program("client"), targets[transport]]));
    }, 70_000);

    test("echoes unary messages, empty and large ones", () => {
      expect(outcomes.unary_echo).toMatchObject({ code: "OK", message: digest(Buffer.from("hello")) });
      expect(outcomes.empty_message).toMatchObject({ code: "OK", message: digest(Buffer.alloc(0)) });
      expect(outcomes.large_message).toMatchObject({ code: "OK", message: digest(pattern(3 * 1024 * 1024)) });
    });

    test("is refused a message above the limit", () => {
      expect(outcomes.too_large_message.code).toBe("RESOURCE_EXHAUSTED");
    });

    test("carries metadata both ways", () => {
      expect(outcomes.metadata).toMatchObject({
        code: "OK",
        initial: { "r-x-a": ["1", "2"], "r-x-b-bin": ["00ff10", "aa"] },
        trailers: { "t-one": ["1"], "t-two-bin": ["00ff10"] },
      });
    });

    test("gets errors with their details", () => {
      expect(outcomes.error).toEqual({ code: "FAILED_PRECONDITION", details: "50% of été, 你好" });
      expect(outcomes.unimplemented.code).toBe("UNIMPLEMENTED");
    });

    test("compresses, with gzip and with deflate", () => {
      for (const name of ["gzip", "deflate"]) {
        expect(outcomes[name]).toMatchObject({ code: "OK", message: digest(pattern(100_000)) });
      }
    });

    test("streams in all three ways", () => {
      const echoed = (count: number, step: number) =>
        Array.from({ length: count }, (_, i) => digest(pattern(i * step, i)));
      expect(outcomes.bidi.messages).toEqual(echoed(100, 37));
      expect(outcomes.bidi_gzip.messages).toEqual(echoed(20, 1_000));
      expect(outcomes.server_stream.messages).toEqual(
        Array.from({ length: 50 }, (_, i) => digest(pattern(20_000, i))),
      );
      expect(outcomes.server_stream.trailers).toMatchObject({ "x-end": ["yes"] });
      expect(outcomes.client_stream.text).toBe([1, 0, 70_000].map((size) => digest(pattern(size))).join(","));
    });

    test("ends calls by deadline and by cancellation, and the handlers hear of it", async () => {
      expect(outcomes.deadline.code).toBe("DEADLINE_EXCEEDED");
      expect(outcomes.cancel).toEqual({ first: "first", code: "CANCELLED" });
      await expect.poll(() => seen.cancelled - cancelledBefore).toBe(2);
    });
  });

  test(
    "keeps its call alive as fast as it can, and gets too_many_pings where that is too often",
    async () => {
      const ping = async (target: string): Promise<Outcome> =>
        JSON.parse(await runOk("timeout", ["30", python, program("client"), target, "keepalive", "100"]));
      const [allowed, eager] = await Promise.all([ping(targets.tcp), ping(targets.strict)]);
      expect(allowed.code).toBe("DEADLINE_EXCEEDED");
      expect(eager).toMatchObject({
        code: "UNAVAILABLE",
        details: expect.stringContaining("too_many_pings"),
      });
    },
    40_000,
  );
}

const raw = (path: string): ClientMethod<Uint8Array, Buffer> => ({
  path: `/ccore.Test/${path}`,
  requestSerialize: (bytes) => bytes,
  responseDeserialize: (bytes) => bytes,
});

/** How long Python may take to start. */
const READY_MS = 30_000;

function serverCases(python: string): void {
  const addresses: Record<string, string> = {};
  let child: Deno.ChildProcess;
  beforeAll(async () => {
    const path = `${folder}/theirs.sock`;
    child = new Deno.Command(python, {
      args: [program("server"), path],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const { value } = await child.stdout.pipeThrough(new TextDecoderStream()).getReader().read();
    addresses.tcp = `tcp://127.0.0.1:${Number(value)}`;
    addresses.unix = `unix://${path}`;
  }, READY_MS);
  afterAll(async () => {
    await child.stdin.close();
    await child.status;
  });

  const open = (address: string, options?: ChannelOptions) =>
    new Channel([{ address, dial: dialer(parseAddress(address)) }], options);

  describe.each(["tcp", "unix"])("over %s", (transport) => {
    let channel: Channel;
    beforeAll(() => {
      channel = open(addresses[transport]);
    });
    afterAll(() => {
      expect(channel.counts).toEqual({ waiting: 0, open: 0, deadlines: 0 });
      channel.close();
    });

    test("echoes messages, empty, large and compressed", async () => {
      for (const encoding of ["identity", "gzip", "deflate"] as const) {
        for (const size of [0, 5, 100_000, 3 * 1024 * 1024]) {
          expect(digest(await unary(channel, raw("Unary"), pattern(size), { encoding }))).toBe(
            digest(pattern(size)),
          );
        }
      }
    });

    test("is refused a message above the limit", async () => {
      await expect(unary(channel, raw("Unary"), pattern(4 * 1024 * 1024 + 1))).rejects.toMatchObject({
        code: status.RESOURCE_EXHAUSTED,
      });
    });

    test("carries metadata both ways", async () => {
      const metadata = new Metadata();
      metadata.add("x-a", "1");
      metadata.add("x-a", "2");
      metadata.add("x-b-bin", Buffer.from("00ff10", "hex"));
      const got: unknown[] = [];
      await unary(channel, raw("Unary"), pattern(7), {
        metadata,
        onMetadata: (one) => got.push(one.get("x-a"), one.get("x-b-bin")),
        onTrailers: (one) => got.push(one.get("x-bytes"), one.get("x-raw-bin")),
      });
      const bytes = (hex: string) => Buffer.from(hex, "hex");
      expect(got).toEqual([["1", "2"], [bytes("00ff10")], ["7"], [bytes("00ff")]]);
    });

    test("gets errors with their details", async () => {
      await expect(unary(channel, raw("Fail"), Buffer.from("50% of été"))).rejects.toMatchObject({
        code: status.FAILED_PRECONDITION,
        details: "50% of été",
      });
      await expect(unary(channel, raw("Nothing"), pattern(1))).rejects.toMatchObject({
        code: status.UNIMPLEMENTED,
      });
    });

    test("streams", async () => {
      let count = 0;
      for await (const one of serverStream(channel, raw("Many"), Buffer.from("40"))) {
        expect(one).toEqual(Buffer.alloc(20_000, count++));
      }
      expect(count).toBe(40);
      const call = bidi(channel, raw("Bidi"));
      for (let i = 0; i < 50; i++) {
        await call.send(pattern(i * 100, i));
        expect(digest(await call.next() as Buffer)).toBe(digest(pattern(i * 100, i)));
      }
      call.halfClose();
      expect(await call.next()).toBeUndefined();
    });

    test("ends calls by deadline and by cancellation, and the server hears of it", async () => {
      const ended = async () => Number(await unary(channel, raw("Count"), pattern(0)));
      const before = await ended();
      await expect(unary(channel, raw("Hang"), pattern(0), { deadlineMs: 100 })).rejects.toMatchObject({
        code: status.DEADLINE_EXCEEDED,
      });
      const signal = AbortSignal.timeout(100);
      await expect(unary(channel, raw("Hang"), pattern(0), { signal })).rejects.toMatchObject({
        code: status.CANCELLED,
      });
      await expect.poll(ended, { timeout: 5_000 }).toBe(before + 2);
    });
  });

  test.each(["tcp", "unix"])("is given up over %s when its process stands still", async (transport) => {
    const channel = open(addresses[transport], { keepaliveTimeMs: 300, keepaliveTimeoutMs: 300 });
    expect(await unary(channel, raw("Unary"), pattern(3))).toHaveLength(3);
    child.kill("SIGSTOP");
    try {
      await expect(unary(channel, raw("Unary"), pattern(3), { deadlineMs: 10_000 })).rejects.toMatchObject({
        code: status.UNAVAILABLE,
        details: expect.stringContaining("keepalive ping failed"),
      });
    } finally {
      child.kill("SIGCONT");
    }
    expect(await unary(channel, raw("Unary"), pattern(3), { waitForReady: true })).toHaveLength(3);
    channel.close();
  }, 15_000);

  test("a keepalive that asks too often is told so, and calls go on with the next connection", async () => {
    const channel = open(addresses.tcp, { keepaliveTimeMs: 100 });
    await expect(unary(channel, raw("Hang"), pattern(0), { deadlineMs: 10_000 })).rejects.toMatchObject({
      code: status.UNAVAILABLE,
      details: expect.stringMatching(/too.many.pings/i),
    });
    expect(await unary(channel, raw("Unary"), pattern(3), { waitForReady: true })).toHaveLength(3);
    channel.close();
  }, 15_000);
}

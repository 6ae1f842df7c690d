// What a channel adds to its calls: compression, limits, waiting, the loss of a connection, propagation.
// The same through grpc-js's channel and through ours; what the caller sees must be equal.
import { Buffer } from "node:buffer";
import {
  type ChannelOptions,
  Client,
  compressionAlgorithms,
  credentials,
  Metadata,
  propagate,
  Server as ReferenceServer,
  ServerCredentials,
  type ServerUnaryCall,
  status,
} from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { Channel } from "../../src/grpc/channel.ts";
import { Server } from "../../src/grpc/server.ts";
import { startEngines } from "./engines.ts";
import { type CallPlan, type Outcome, run } from "./outcome.ts";
import { definition, metadataOf, pattern } from "./service.ts";
import { tcpDial, TcpListener } from "./tcp.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** The plans on all pairs of engines with these options; all outcomes must equal the reference's. */
async function compare(options: ChannelOptions, plans: (() => CallPlan)[]): Promise<Outcome[]> {
  const engines = await startEngines(options);
  cleanups.push(() => engines.stop());
  const expected: Outcome[] = [];
  for (const plan of plans) expected.push(await run(engines.reference.client, plan()));
  for (const { name, client } of engines.others) {
    for (const [i, plan] of plans.entries()) {
      const { details: _, ...outcome } = await run(client, plan());
      const { details: __, ...reference } = expected[i];
      expect({ pair: name, ...outcome }).toEqual({ pair: name, ...reference });
    }
  }
  return expected;
}

const unary = (size: number): CallPlan => ({
  kind: "Unary",
  requests: [pattern(size)],
  metadata: new Metadata(),
});
const bidi = (...sizes: number[]): CallPlan => ({
  kind: "Bidi",
  requests: sizes.map((size) => pattern(size)),
  metadata: new Metadata(),
});

describe("channel options", () => {
  it.each(["gzip", "deflate"] as const)("compress with %s, both ways", async (name) => {
    const outcomes = await compare({ "grpc.default_compression_algorithm": compressionAlgorithms[name] }, [
      () => unary(0),
      () => unary(100),
      () => unary(200_000),
      () => unary(1_000_000),
      () => bidi(10, 5_000, 0, 300_000),
    ]);
    expect(outcomes.map(({ code }) => code)).toEqual(Array(5).fill("OK"));
  });

  it("limit what is sent", async () => {
    const outcomes = await compare({ "grpc.max_send_message_length": 1_000 }, [
      () => unary(1_000),
      () => unary(1_001),
    ]);
    expect(outcomes.map(({ code }) => code)).toEqual(["OK", "RESOURCE_EXHAUSTED"]);
  });

  it("limit what is received", async () => {
    const outcomes = await compare({ "grpc.max_receive_message_length": 1_000 }, [
      () => unary(1_000),
      () => unary(1_001),
    ]);
    expect(outcomes.map(({ code }) => code)).toEqual(["OK", "RESOURCE_EXHAUSTED"]);
  });
});

/** Both kinds of client on one port. */
function clients(port: number): Record<string, Client> {
  const channelOverride = new Channel([{ address: `127.0.0.1:${port}`, dial: tcpDial(port) }], {
    maxBackoffMs: 100,
  });
  const both = {
    "grpc-js": new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
      "grpc.initial_reconnect_backoff_ms": 100,
      "grpc.max_reconnect_backoff_ms": 100,
    }),
    ours: new Client("unused", credentials.createInsecure(), { channelOverride }),
  };
  for (const client of Object.values(both)) cleanups.push(() => client.close());
  return both;
}

async function freePort(): Promise<number> {
  const listener = new TcpListener();
  listener.close();
  await new Promise((resolve) => setTimeout(resolve));
  return listener.port;
}

describe("without a server", () => {
  it("a call ends with UNAVAILABLE, one that waits for readiness at its deadline", async () => {
    const port = await freePort();
    const waiting = () => {
      const metadata = new Metadata({ waitForReady: true });
      return { ...unary(1), metadata, deadlineMs: 100 };
    };
    for (const [name, client] of Object.entries(clients(port))) {
      expect([name, (await run(client, unary(1))).code]).toEqual([name, "UNAVAILABLE"]);
      expect([name, (await run(client, waiting())).code]).toEqual([name, "DEADLINE_EXCEEDED"]);
    }
  });

  it("a call that waits for readiness goes on when the server comes", async () => {
    const port = await freePort();
    const both = Object.values(clients(port));
    const calls = both.map((client) =>
      run(client, { ...unary(5), metadata: new Metadata({ waitForReady: true }), deadlineMs: 4_000 })
    );
    await new Promise((resolve) => setTimeout(resolve, 150));
    const server = new ReferenceServer();
    server.addService(definition, {
      unary: (call: ServerUnaryCall<Buffer, Buffer>, callback: (error: null, reply: Buffer) => void) =>
        callback(null, call.request),
    });
    await new Promise<void>((resolve, reject) => {
      const insecure = ServerCredentials.createInsecure();
      server.bindAsync(`127.0.0.1:${port}`, insecure, (error) => error ? reject(error) : resolve());
    });
    cleanups.push(() => server.forceShutdown());
    const [reference, ours] = await Promise.all(calls);
    expect(reference.code).toBe("OK");
    expect(ours).toEqual(reference);
  });
});

describe("a connection that is lost", () => {
  it("ends its calls with UNAVAILABLE, and the next call connects again", async () => {
    const server = new Server();
    const hang = new Set<() => void>();
    server.addService(definition, {
      unary(call: ServerUnaryCall<Buffer, Buffer>, callback: (error: null, reply: Buffer) => void) {
        if (call.request.length > 1) callback(null, call.request);
        else hang.forEach((tell) => tell());
      },
    });
    const listener = new TcpListener();
    const conns: { close(): void }[] = [];
    const kept = {
      address: listener.address,
      close: () => listener.close(),
      async *[Symbol.asyncIterator]() {
        for await (const conn of listener) {
          conns.push(conn);
          yield conn;
        }
      },
    };
    const serving = server.serve(kept);
    cleanups.push(async () => {
      await server.shutdown(100);
      await serving;
    });
    for (const [name, client] of Object.entries(clients(listener.port))) {
      // Ours takes a connection that ends young and without any answer for a failed attempt, and pauses after it.
      expect([name, (await run(client, unary(2))).code]).toEqual([name, "OK"]);
      const called = new Promise<void>((resolve) => hang.add(resolve));
      const lost = run(client, unary(1));
      await called;
      conns.splice(0).forEach((conn) => conn.close());
      expect([name, (await lost).code]).toEqual([name, "UNAVAILABLE"]);
      expect([name, (await run(client, unary(2))).code]).toEqual([name, "OK"]);
    }
  });
});

describe("a call on behalf of a served call", () => {
  it("gets its deadline and its cancellation, whichever server serves and whichever channel calls on", async () => {
    const back = await startEngines();
    cleanups.push(() => back.stop());
    const inner = [...back.others, back.reference];
    const codes: Record<string, number[]> = {};
    let told: (() => void) | undefined;
    // One at a time: the parent's deadline is its cancellation too.
    let flags = propagate.DEADLINE;
    const handler = {
      unary(call: ServerUnaryCall<Buffer, Buffer>) {
        told?.();
        for (const { name, client } of inner) {
          const request = Buffer.from(JSON.stringify({ hang: true }));
          const raw = (bytes: Buffer) => bytes;
          const done = (error: { code: number } | null) => (codes[name] ??= []).push(error?.code ?? 0);
          client.makeUnaryRequest(
            "/differential.Test/Unary",
            raw,
            raw,
            request,
            metadataOf([]),
            { parent: call, propagate_flags: flags },
            done,
          );
        }
      },
    };
    const ours = new Server();
    ours.addService(definition, handler);
    const listener = new TcpListener();
    const serving = ours.serve(listener);
    const reference = new ReferenceServer();
    reference.addService(definition, handler);
    const port = await new Promise<number>((resolve, reject) => {
      const insecure = ServerCredentials.createInsecure();
      reference.bindAsync("127.0.0.1:0", insecure, (error, bound) => error ? reject(error) : resolve(bound));
    });
    cleanups.push(async () => {
      reference.forceShutdown();
      await ours.shutdown(100);
      await serving;
    });
    for (const front of [listener.port, port]) {
      const client = clients(front).ours;
      for (const key of Object.keys(codes)) delete codes[key];
      flags = propagate.DEADLINE;
      await run(client, { ...unary(1), deadlineMs: 150 });
      await expect.poll(() => Object.values(codes).flat().length).toBe(4);
      expect(new Set(Object.values(codes).flat())).toEqual(new Set([status.DEADLINE_EXCEEDED]));
      for (const key of Object.keys(codes)) delete codes[key];
      flags = propagate.CANCELLATION;
      const called = new Promise<void>((resolve) => told = resolve);
      const raw = (bytes: Buffer) => bytes;
      const call = client.makeUnaryRequest("/differential.Test/Unary", raw, raw, pattern(1), () => {});
      await called;
      call.cancel();
      await expect.poll(() => Object.values(codes).flat().length).toBe(4);
      expect(new Set(Object.values(codes).flat())).toEqual(new Set([status.CANCELLED]));
    }
  });
});

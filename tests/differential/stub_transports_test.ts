// One generated stub of grpc-js, unmodified, over every transport that there is an address for.
// grpc-js itself knows TCP and Unix sockets only.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import {
  type Client,
  credentials,
  loadPackageDefinition,
  makeClientConstructor,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Channel } from "../../src/grpc/channel.ts";
import type { Conn, Listener } from "../../src/grpc/conn.ts";
import { Server } from "../../src/grpc/server.ts";
import { apiPackage, type EchoRequest, type EchoResponse, serviceDefinition } from "../../src/proto/mod.ts";
import { dialer, formatAddress, listen, parseAddress, parseAddressList } from "../../src/transport/mod.ts";

type EchoCallback = (error: ServiceError | null, reply?: EchoResponse) => void;
interface EchoClient extends Client {
  echo(request: { payload: string }, options: { deadline: number }, callback: EchoCallback): void;
}

const { echo } = loadPackageDefinition(apiPackage) as unknown as {
  echo: { EchoService: ReturnType<typeof makeClientConstructor> };
};

const folder = mkdtempSync(`${tmpdir()}/stub-`);
const server = new Server();
const serving: Promise<void>[] = [];
const peers: string[] = [];
/** Where to dial; undefined where this machine lacks the transport. */
const addresses: Record<string, string | undefined> = {};

/** The host's side of a hybrid VSOCK, as a VMM has it: CONNECT, OK, then the guest's bytes, here the server's. */
class HybridGuest implements Listener {
  readonly address: string;
  readonly #listener: Deno.UnixListener;

  constructor(path: string) {
    this.address = `vsock+unix://${path}:50051`;
    this.#listener = Deno.listen({ transport: "unix", path });
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Conn> {
    for await (const conn of this.#listener) {
      const line = new Uint8Array("CONNECT 50051\n".length);
      for (let got = 0; got < line.length;) got += await conn.read(line.subarray(got)) ?? line.length;
      await conn.write(new TextEncoder().encode("OK 1073741824\n"));
      yield {
        peer: { transport: "vsock", address: "vsock://2:1073741824", cid: 2 },
        read: (into) => conn.read(into),
        write: (bytes) => conn.write(bytes),
        close() {
          try {
            conn.close();
          } catch {
            // Closing twice is no error.
          }
        },
      };
    }
  }

  close(): void {
    this.#listener.close();
  }
}

beforeAll(async () => {
  server.addService(serviceDefinition("echo.EchoService"), {
    echo(call: ServerUnaryCall<EchoRequest, EchoResponse>, callback: sendUnaryData<Partial<EchoResponse>>) {
      peers.push(call.getPeer());
      if (call.request.payload === "hang") return;
      callback(null, { payload: call.request.payload });
    },
  });
  const tcp = await listen(parseAddress("tcp://127.0.0.1:0"));
  const unix = await listen(parseAddress(`unix://${folder}/echo.sock`), { mode: 0o600 });
  const hybrid = new HybridGuest(`${folder}/hybrid.sock`);
  addresses.tcp = tcp.address;
  addresses.unix = unix.address;
  addresses["hybrid VSOCK"] = hybrid.address;
  for (const listener of [tcp, unix, hybrid]) serving.push(server.serve(listener));
  try {
    const vsock = await listen(parseAddress("vsock://any:0"));
    serving.push(server.serve(vsock));
    const address = vsock.address.replace("any", "1");
    (await dialer(parseAddress(address), { timeoutMs: 2_000 })()).close();
    addresses.VSOCK = address;
  } catch {
    // No AF_VSOCK, or no loopback in it: its case skips itself and says so.
  }
});
afterAll(async () => {
  await server.shutdown(500);
  await Promise.all(serving);
  rmSync(folder, { recursive: true, force: true });
});

function stubTo(list: string): EchoClient {
  const targets = parseAddressList(list).map((one) => ({ address: formatAddress(one), dial: dialer(one) }));
  return new echo.EchoService("unused", credentials.createInsecure(), {
    channelOverride: new Channel(targets),
  }) as unknown as EchoClient;
}

const call = (stub: EchoClient, payload: string, timeoutMs = 5_000) =>
  new Promise<EchoResponse | undefined>((resolve, reject) => {
    stub.echo({ payload }, { deadline: Date.now() + timeoutMs }, (error, reply) => {
      if (error) reject(error);
      else resolve(reply);
    });
  });

describe("the same stub", () => {
  test.for(["tcp", "unix", "hybrid VSOCK", "VSOCK"])("calls over %s", async (transport, context) => {
    const address = addresses[transport];
    if (address === undefined) return context.skip("no VSOCK loopback here; load vsock_loopback");
    const stub = stubTo(address);
    const payloads = Array.from({ length: 200 }, (_, i) => "x".repeat(i * 50));
    const replies = await Promise.all(payloads.map((payload) => call(stub, payload)));
    expect(replies.map((reply) => reply?.payload)).toEqual(payloads);
    await expect(call(stub, "hang", 50)).rejects.toMatchObject({ code: status.DEADLINE_EXCEEDED });
    stub.close();
  });

  test("falls back from VSOCK to TCP", async () => {
    const stub = stubTo(`vsock+unix://${folder}/nobody.sock:5,${addresses.tcp}`);
    peers.length = 0;
    expect((await call(stub, "hello"))?.payload).toBe("hello");
    expect(peers[0]).toMatch(/^tcp:/);
    stub.close();
  });
});

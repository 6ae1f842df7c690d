// listen() and dialer() over real sockets of every transport that a machine has.
import { readExactly, writeAll } from "../../vsock/test_peers.ts";
import { describe, expect, test } from "vitest";
import type { Conn as GrpcConn, Dial as GrpcDial, Listener as GrpcListener } from "../grpc/conn.ts";
import { formatAddress, parseAddress } from "./address.ts";
import { dialer } from "./dial.ts";
import { listen, type ListenOptions } from "./listen.ts";
import { isDisconnect, type SocketError } from "./mod.ts";

function pattern(lenBytes: number): Uint8Array {
  return Uint8Array.from({ length: lenBytes }, (_, i) => (i * 31 + (i >> 8)) & 0xff);
}

/** Echoes at `text` while `use` runs with the address that the listener got; gives the peers met. */
async function withEcho(
  text: string,
  use: (address: string) => Promise<void>,
  options?: ListenOptions,
): Promise<string[]> {
  const listener: GrpcListener = await listen(parseAddress(text), options);
  const peers: string[] = [];
  const echo = async (conn: GrpcConn) => {
    const buffer = new Uint8Array(65_536);
    for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
      await writeAll(conn, buffer.subarray(0, n));
    }
  };
  const served = (async () => {
    for await (const conn of listener) {
      peers.push(`${conn.peer.transport} ${conn.peer.address}`);
      echo(conn).catch(() => {}).finally(() => conn.close());
    }
  })();
  try {
    await use(listener.address);
  } finally {
    listener.close();
    await served;
  }
  return peers;
}

async function failure(action: () => unknown): Promise<SocketError> {
  try {
    await action();
  } catch (error) {
    return error as SocketError;
  }
  throw new Error("it did not fail");
}

const dialText = (text: string, timeoutMs?: number): GrpcDial => dialer(parseAddress(text), { timeoutMs });

describe.each([
  ["tcp", "tcp://127.0.0.1:0"],
  ["tcp over IPv6", "tcp://[::1]:0"],
  ["unix", `unix://${Deno.makeTempDirSync()}/t.sock`],
])("%s", (_name, text) => {
  test("carries 1 MiB both ways, names its peers, closes twice without error", async () => {
    const peers = await withEcho(text, async (address) => {
      const conn = await dialText(address)();
      expect(conn.peer.address).toBe(address);
      const sent = pattern(1 << 20);
      const [back] = await Promise.all([readExactly(conn, sent.length), writeAll(conn, sent)]);
      expect(back).toEqual(sent);
      conn.close();
      conn.close();
      const late = await failure(() => conn.read(new Uint8Array(1)));
      expect(isDisconnect(late)).toBe(true);
    });
    expect(peers).toHaveLength(1);
    const [transport, peer] = peers[0]!.split(" ");
    expect(parseAddress(peer!).transport).toBe(transport);
  });

  test("close() ends a read that waits, with an error that counts as a disconnect", async () => {
    await withEcho(text, async (address) => {
      const conn = await dialText(address)();
      const waiting = failure(() => conn.read(new Uint8Array(1)));
      conn.close();
      expect(isDisconnect(await waiting)).toBe(true);
    });
  });

  test("an address in use is refused with what to do", async () => {
    await withEcho(text, async (address) => {
      const error = await failure(() => listen(parseAddress(address)));
      expect(error.name).toBe("SocketError");
      expect(error.code).toBe("EADDRINUSE");
      expect(error.message).toContain(`can't listen at ${address}: `);
      expect(error.message).toContain("choose another");
    });
  });

  test("an aborted signal ends a dial with its reason", async () => {
    const reason = new Error("enough");
    await withEcho(text, async (address) => {
      expect(await failure(() => dialText(address)(AbortSignal.abort(reason)))).toBe(reason);
    });
  });

  test("connections beyond the limit are closed and reported", async () => {
    const errors: SocketError[] = [];
    await withEcho(text, async (address) => {
      const first = await dialText(address)();
      await writeAll(first, pattern(1));
      await readExactly(first, 1);
      const second = await dialText(address)();
      expect(await second.read(new Uint8Array(1)).catch(() => null)).toBe(null);
      expect(errors.map((error) => error.code)).toEqual(["ECONNLIMIT"]);
      second.close();
      first.close();
    }, { maxConnections: 1, onError: (error) => errors.push(error) });
  });
});

describe("dialer", () => {
  test("a port that nobody listens on is refused with what to do", async () => {
    let address = "";
    await withEcho("127.0.0.1:0", (bound) => {
      address = bound;
      return Promise.resolve();
    });
    const error = await failure(() => dialText(address)());
    expect(error.code).toBe("ECONNREFUSED");
    expect(error.message).toContain("nothing listens there; start the server");
  });

  test("port 0, and a name that doesn't exist, are refused", async () => {
    expect((await failure(() => dialText("127.0.0.1:0")())).message).toContain("port 0 is for listening");
    const error = await failure(() => dialText("no-such-host.invalid:1")());
    expect(error.message).toContain("can't connect to tcp://no-such-host.invalid:1: ");
  });

  test("a peer that never answers ends in ETIMEDOUT after the limit, or at the signal", async () => {
    // A Unix socket answers always, a full TCP queue not: Linux drops the SYN.
    const silent = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 1 });
    const address = formatAddress({ transport: "tcp", hostname: "127.0.0.1", port: silent.addr.port });
    const filling = await Promise.allSettled(Array.from({ length: 4 }, () => dialText(address, 300)()));
    const timedOut = filling.filter((dial) => dial.status === "rejected").map((dial) => dial.reason);
    expect(timedOut.length).toBeGreaterThan(0);
    for (const error of timedOut) {
      expect(error.code).toBe("ETIMEDOUT");
      expect(error.message).toContain("no answer within 300 ms");
    }
    const reason = new Error("enough");
    const abort = new AbortController();
    setTimeout(() => abort.abort(reason), 20);
    expect(await failure(() => dialText(address)(abort.signal))).toBe(reason);
    for (const dial of filling) if (dial.status === "fulfilled") dial.value.close();
    silent.close();
  });

  test("a missing hybrid socket is named", async () => {
    const error = await failure(() => dialText("vsock+unix:///nowhere/vm.sock:5")());
    expect(error.code).toBe("ENOENT");
  });
});

describe("listen", () => {
  test("an address of another machine is refused with what to do", async () => {
    const error = await failure(() => listen(parseAddress("203.0.113.7:0")));
    expect(error.code).toBe("EADDRNOTAVAIL");
    expect(error.message).toContain("use one of its own");
  });

  test("localhost is bound to a loopback address", async () => {
    await withEcho("localhost:0", (address) => {
      expect(address).toMatch(/^tcp:\/\/(127\.0\.0\.1|\[::1\]):[0-9]+$/);
      return Promise.resolve();
    });
  });

  test("a thousand clients that vanish leave it serving", async () => {
    await withEcho("127.0.0.1:0", async (address) => {
      for (let round = 0; round < 10; round++) {
        const conns = await Promise.all(Array.from({ length: 100 }, () => dialText(address)()));
        await Promise.all(conns.map((conn) => conn.write(pattern(1000))));
        for (const conn of conns) conn.close();
      }
      const conn = await dialText(address)();
      await writeAll(conn, pattern(10));
      expect(await readExactly(conn, 10)).toEqual(pattern(10));
      conn.close();
    });
  });
});

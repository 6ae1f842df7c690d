// The accept loop with a source that fails, floods and lies.
import { describe, expect, test } from "vitest";
import { admitVsock } from "./af_vsock.ts";
import type { SocketError } from "./error.ts";
import { SocketConn } from "./socket_conn.ts";
import { type AcceptSource, type Admit, SocketListener } from "./socket_listener.ts";
import type { Conn } from "./types.ts";

/** Enough of a Deno.Conn for a listener; counts its closes. */
class FakeSocket {
  closes = 0;
  /** Settles the writes that were made. */
  finishWrite: () => void = () => {};
  readonly remoteAddr: Deno.VsockAddr;
  constructor(cid = 2) {
    this.remoteAddr = { transport: "vsock", cid, port: 7 };
  }
  read = () => Promise.resolve(null);
  write = () => new Promise<number>((resolve) => this.finishWrite = () => resolve(1));
  close() {
    this.closes++;
  }
  get asConn(): Deno.VsockConn {
    return this as unknown as Deno.VsockConn;
  }
}

/** Gives what the script holds, then waits for close(). */
function scripted(script: (FakeSocket | Error)[]): AcceptSource<Deno.VsockConn> {
  const closed = Promise.withResolvers<Deno.VsockConn>();
  closed.promise.catch(() => {});
  return {
    accept() {
      const next = script.shift();
      if (next === undefined) return closed.promise;
      return next instanceof Error ? Promise.reject(next) : Promise.resolve(next.asConn);
    },
    close: () => closed.reject(new Deno.errors.BadResource("Listener has been closed")),
  };
}

const admitAll: Admit<Deno.VsockConn> = (socket, onGone) =>
  new SocketConn(socket, { transport: "vsock", address: "test" }, { onGone });

function tooManyFiles(): Error {
  return Object.assign(new Error("Too many open files (os error 24)"), { code: "EMFILE" });
}

describe("SocketListener", () => {
  test("survives a run of EMFILE and reports it with the next try", async () => {
    const errors: SocketError[] = [];
    const source = scripted([tooManyFiles(), tooManyFiles(), tooManyFiles(), new FakeSocket()]);
    const listener = new SocketListener(source, "here", admitAll, { onError: (e) => errors.push(e) });
    for await (const _conn of listener) break;
    expect(errors).toHaveLength(1);
    expect(errors[0]!.code).toBe("EMFILE");
    expect(errors[0]!.message).toContain("trying again in 5 ms");
  });

  test("close() ends the iteration even while it backs off", async () => {
    const source = scripted(Array.from({ length: 20 }, tooManyFiles));
    const listener = new SocketListener(source, "here", admitAll);
    setTimeout(() => listener.close(), 400);
    const began = performance.now();
    for await (const _conn of listener) expect.unreachable();
    expect(performance.now() - began).toBeLessThan(600);
  });

  test("a hook that throws does not end the loop", async () => {
    const source = scripted([tooManyFiles(), new FakeSocket()]);
    const listener = new SocketListener(source, "here", admitAll, {
      onError: () => {
        throw new Error("the log is broken");
      },
    });
    let accepted = 0;
    for await (const _conn of listener) {
      accepted++;
      break;
    }
    expect(accepted).toBe(1);
  });

  test("a peer that vanishes before it is looked at is closed and skipped", async () => {
    const vanished = new FakeSocket();
    Object.defineProperty(vanished, "remoteAddr", {
      get() {
        throw new Deno.errors.NotConnected("Transport endpoint is not connected");
      },
    });
    const good = new FakeSocket();
    const listener = new SocketListener(scripted([vanished, good]), "here", admitVsock);
    for await (const conn of listener) {
      expect(conn.peer.cid).toBe(2);
      break;
    }
    expect(vanished.closes).toBe(1);
    expect(good.closes).toBe(0);
  });

  test("closes connections beyond the limit, and takes new ones when old ones are gone", async () => {
    const sockets = Array.from({ length: 4 }, () => new FakeSocket());
    const third = sockets[2]!;
    const conns: Conn[] = [];
    // The third comes while two live; when it is refused the first leaves, so the fourth finds room.
    third.close = () => {
      third.closes++;
      conns[0]!.close();
    };
    const errors: SocketError[] = [];
    const listener = new SocketListener(scripted([...sockets]), "here", admitAll, {
      maxConnections: 2,
      onError: (e) => errors.push(e),
    });
    for await (const conn of listener) {
      if (conns.push(conn) === 3) break;
    }
    expect(sockets.map((s) => s.closes)).toEqual([1, 0, 1, 0]);
    expect(errors.map((e) => e.code)).toEqual(["ECONNLIMIT"]);
  });
});

describe("SocketConn", () => {
  test("is gone only when a write that its peer doesn't take has ended", async () => {
    const socket = new FakeSocket();
    let gone = 0;
    const conn = new SocketConn(socket.asConn, { transport: "unix", address: "test" }, {
      onGone: () => gone++,
    });
    const write = conn.write(new Uint8Array(1));
    conn.close();
    conn.close();
    await Promise.resolve();
    expect([socket.closes, gone]).toEqual([1, 0]);
    socket.finishWrite();
    await write;
    await Promise.resolve();
    expect(gone).toBe(1);
  });
});

describe("admitVsock", () => {
  test("refuses a peer with CID 1, closes it and reports it", async () => {
    const local = new FakeSocket(1);
    const errors: SocketError[] = [];
    const listener = new SocketListener(scripted([local, new FakeSocket(3)]), "here", admitVsock, {
      onError: (e) => errors.push(e),
    });
    for await (const conn of listener) {
      expect(conn.peer).toEqual({ transport: "vsock", address: "vsock://3:7", cid: 3 });
      break;
    }
    expect(local.closes).toBe(1);
    expect(errors.map((e) => e.code)).toEqual(["EACCES"]);
    expect(errors[0]!.message).toContain("CID 1");
  });
});

// The hybrid handshake against a daemon that behaves, and one that doesn't.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type HybridAddress, MAX_UNIX_PATH_BYTES } from "./address.ts";
import { MAX_VSOCK_WRITE_BYTES } from "./af_vsock.ts";
import { dialHybrid, listenHybrid } from "./hybrid.ts";
import {
  FakeHybridDaemon,
  GUEST_GREETING,
  type HybridBehaviour,
  pattern,
  readExactly,
  rejection,
  roundTrip,
  serveEcho,
} from "./test_peers.ts";

let dir: string;
let address: HybridAddress;
let daemon: FakeHybridDaemon | undefined;

beforeEach(async () => {
  dir = await Deno.makeTempDir();
  address = { transport: "vsock+unix", path: `${dir}/vm.sock`, port: 50051 };
});

afterEach(async () => {
  daemon?.close();
  daemon = undefined;
  await Deno.remove(dir, { recursive: true });
});

function start(...behaviours: HybridBehaviour[]): FakeHybridDaemon {
  return daemon = new FakeHybridDaemon(address.path, behaviours);
}

describe("dialHybrid", () => {
  test("asks for the port and carries a megabyte both ways", async () => {
    const { requests } = start("answer");
    const conn = await dialHybrid(address);
    expect(requests).toEqual(["CONNECT 50051"]);
    expect(conn.peer).toEqual({ transport: "vsock", address: `vsock+unix://${address.path}:50051` });
    const sent = pattern(1 << 20);
    expect(await roundTrip(conn, sent)).toEqual(sent);
    conn.close();
    conn.close();
  });

  test("takes a reply that comes in single bytes", async () => {
    start("answer in single bytes");
    const conn = await dialHybrid(address);
    const sent = pattern(100);
    expect(await roundTrip(conn, sent)).toEqual(sent);
    conn.close();
  });

  test("leaves the guest's first bytes to the reader when they come with the reply", async () => {
    start("answer together with the guest's first bytes");
    const conn = await dialHybrid(address);
    const first = await readExactly(conn, GUEST_GREETING.length);
    expect(new TextDecoder().decode(first)).toBe(GUEST_GREETING);
    conn.close();
  });

  test("asks again while the guest's driver isn't up", async () => {
    const { requests } = start("drop", "drop", "answer");
    const conn = await dialHybrid(address, { firstReplyTimeoutMs: 30 });
    expect(requests).toHaveLength(3);
    conn.close();
  });

  test("gives up after its whole time with ETIMEDOUT and says what to look at", async () => {
    start("drop");
    const error = await rejection(dialHybrid(address, { timeoutMs: 120, firstReplyTimeoutMs: 40 }));
    expect(error.code).toBe("ETIMEDOUT");
    expect(error.message).toContain("within 120 ms; is the VM up?");
  });

  test("fails at once with ECONNREFUSED when the guest's port is closed", async () => {
    const { requests } = start("end at once");
    const error = await rejection(dialHybrid(address));
    expect(error.code).toBe("ECONNREFUSED");
    expect(error.message).toContain("nothing in it listens on port 50051");
    expect(requests).toHaveLength(1);
  });

  test.each<[HybridBehaviour, string]>([
    ["send garbage without end", "xxx"],
    ["refuse in words", "ERR no such VM"],
    ["end within the reply", "OK 10"],
  ])("fails at once with EPROTO and shows the reply when the daemon would %s", async (behaviour, shown) => {
    start(behaviour);
    const error = await rejection(dialHybrid(address));
    expect(error.code).toBe("EPROTO");
    expect(error.message).toContain(shown);
    expect(error.message.length).toBeLessThan(400);
  });

  test("ends with the signal's reason while it waits for a reply", async () => {
    start("drop");
    const reason = new Error("the user has gone");
    const abort = new AbortController();
    setTimeout(() => abort.abort(reason), 20);
    expect(await rejection(dialHybrid(address, { signal: abort.signal }))).toBe(reason);
    expect(await rejection(dialHybrid(address, { signal: abort.signal }))).toBe(reason);
  });

  test("names the missing socket when no daemon runs", async () => {
    const error = await rejection(dialHybrid(address));
    expect(error.code).toBe("ENOENT");
    expect(error.message).toContain("no such socket file");
  });

  test("hands no more than the cap to one write", async () => {
    start("answer");
    const conn = await dialHybrid(address);
    expect(await conn.write(new Uint8Array(MAX_VSOCK_WRITE_BYTES * 4))).toBe(MAX_VSOCK_WRITE_BYTES);
    expect(conn.closeWrite).toBeUndefined();
    conn.close();
  });
});

describe("listenHybrid", () => {
  test("hears on <path>_<port> what the guest dials to the host, and caps its writes", async () => {
    const listener = await listenHybrid(address);
    const file = `${address.path}_50051`;
    expect((await Deno.stat(file)).mode! & 0o777).toBe(0o600);
    const served = serveEcho(listener);
    const guest = await Deno.connect({ transport: "unix", path: file });
    await guest.write(new Uint8Array(10));
    expect(await readExactly(guest, 10)).toHaveLength(10);
    guest.close();
    listener.close();
    await served;
    await expect(Deno.stat(file)).rejects.toThrow(Deno.errors.NotFound);
  });

  test("refuses a path that has no room for the port", async () => {
    const path = "/" + "a".repeat(MAX_UNIX_PATH_BYTES - 3);
    const error = await rejection(listenHybrid({ transport: "vsock+unix", path, port: 50051 }));
    expect(error.code).toBe("ENAMETOOLONG");
    expect(error.message).toContain("leaves room for _50051");
  });
});

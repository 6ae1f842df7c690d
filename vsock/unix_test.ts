// Unix listeners: whose socket file may be replaced, and with what permissions.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { pattern, rejection, roundTrip, serveEcho } from "./test_peers.ts";
import type { Peer } from "./types.ts";
import { dialUnix, listenUnix } from "./unix.ts";

let dir: string;
let path: string;
let peer: Peer;

beforeEach(async () => {
  dir = await Deno.makeTempDir();
  path = `${dir}/s.sock`;
  peer = { transport: "unix", address: `unix://${path}` };
});

afterEach(() => Deno.remove(dir, { recursive: true }));

/** Leaves a socket file behind that nobody listens on, as a killed process does. */
async function leaveStaleSocket(): Promise<void> {
  const code = `Deno.listen({transport:"unix",path:${JSON.stringify(path)}}); Deno.kill(Deno.pid,"SIGKILL")`;
  await new Deno.Command(Deno.execPath(), { args: ["eval", code], stderr: "null" }).output();
  expect((await Deno.lstat(path)).isSocket).toBe(true);
}

describe("listenUnix", () => {
  test("serves, names its peer by the listener's path, and removes the file at close", async () => {
    const listener = await listenUnix(path, peer);
    const served = serveEcho(listener);
    const conn = await dialUnix(path, peer);
    expect(conn.peer.address).toBe(`unix://${path}`);
    const sent = pattern(300_000);
    expect(await roundTrip(conn, sent)).toEqual(sent);
    conn.close();
    listener.close();
    listener.close();
    await served;
    await expect(Deno.lstat(path)).rejects.toThrow(Deno.errors.NotFound);
  });

  test.each([0o600, 0o660, 0o666])(
    "gives the socket file mode %o and leaves the umask alone",
    async (mode) => {
      const before = Deno.umask();
      const listener = await listenUnix(path, peer, { mode });
      expect((await Deno.lstat(path)).mode! & 0o777).toBe(mode);
      expect(Deno.umask()).toBe(before);
      listener.close();
    },
  );

  test("replaces the socket file of a process that is dead", async () => {
    await leaveStaleSocket();
    const listener = await listenUnix(path, peer);
    const served = serveEcho(listener);
    (await dialUnix(path, peer)).close();
    listener.close();
    await served;
  });

  test("leaves a socket alone behind which somebody answers", async () => {
    const first = await listenUnix(path, peer);
    const served = serveEcho(first);
    const error = await rejection(listenUnix(path, peer));
    expect(error.code).toBe("EADDRINUSE");
    expect(error.message).toContain("another process answers there; stop it");
    (await dialUnix(path, peer)).close();
    first.close();
    await served;
  });

  test("leaves a socket alone whose owner hangs with a full queue", async () => {
    const hanging = Deno.listen({ transport: "unix", path });
    const queued: Deno.Conn[] = [];
    const fill = async () => {
      for (;;) queued.push(await Deno.connect({ transport: "unix", path }));
    };
    await expect(fill()).rejects.toThrow(Deno.errors.WouldBlock);
    const error = await rejection(listenUnix(path, peer));
    expect(error.code).toBe("EADDRINUSE");
    expect(error.message).toContain("may hold it (ETIMEDOUT)");
    expect((await Deno.lstat(path)).isSocket).toBe(true);
    for (const conn of queued) conn.close();
    hanging.close();
  });

  test("leaves a file alone that is no socket", async () => {
    await Deno.writeTextFile(path, "precious");
    const error = await rejection(listenUnix(path, peer));
    expect(error.code).toBe("EEXIST");
    expect(await Deno.readTextFile(path)).toBe("precious");
  });

  test("names the missing directory", async () => {
    const error = await rejection(listenUnix(`${dir}/none/s.sock`, peer));
    expect(error.message).toContain("mkdir -p");
  });
});

describe("dialUnix", () => {
  test("waits out a full queue instead of failing", async () => {
    const listener = await listenUnix(path, peer);
    const dials = Array.from({ length: 1500 }, () => dialUnix(path, peer));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const served = (async () => {
      for await (const conn of listener) conn.close();
    })();
    for (const conn of await Promise.all(dials)) conn.close();
    listener.close();
    await served;
  });

  test("says that nothing listens behind a dead process's socket", async () => {
    await leaveStaleSocket();
    const error = await rejection(dialUnix(path, peer));
    expect(error.code).toBe("ECONNREFUSED");
    expect(error.message).toContain("start the server");
  });
});

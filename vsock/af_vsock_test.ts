// AF_VSOCK on this machine. Loopback (CID 1) needs the kernel's vsock_loopback;
// where that is missing, only what needs no peer is tested, and the reason printed.
import { describe, expect, test } from "vitest";
import { parseVsockAddress, VMADDR_CID_LOCAL, VMADDR_PORT_ANY, type VsockAddress } from "./address.ts";
import { dialVsock, listenVsock, MAX_VSOCK_WRITE_BYTES } from "./af_vsock.ts";
import { errorCode, type SocketError } from "./error.ts";
import { echo, pattern, rejection, roundTrip } from "./test_peers.ts";

function vsock(text: string): VsockAddress {
  return parseVsockAddress(text) as VsockAddress;
}

/** Why a test can't run here; undefined if it can. */
async function missing(): Promise<{ socket?: string; loopback?: string }> {
  let listener: Deno.VsockListener;
  try {
    listener = Deno.listen({ transport: "vsock", cid: 0xffff_ffff, port: VMADDR_PORT_ANY });
  } catch (error) {
    const reason = `no AF_VSOCK here: ${errorCode(error)}`;
    return { socket: reason, loopback: reason };
  }
  const accepting = listener.accept().then((conn) => conn.close(), () => {});
  try {
    const { port } = listener.addr;
    (await dialVsock({ transport: "vsock", cid: VMADDR_CID_LOCAL, port }, { timeoutMs: 3000 })).close();
    return {};
  } catch (error) {
    return { loopback: `no VSOCK loopback here (vsock_loopback not loaded?): ${errorCode(error)}` };
  } finally {
    listener.close();
    await accepting;
  }
}

const lacks = await missing();
const reason = lacks.socket ?? lacks.loopback;
if (reason) {
  Deno.stderr.writeSync(new TextEncoder().encode(`vsock/af_vsock_test.ts: ${reason}; tests skipped\n`));
}

describe("AF_VSOCK", () => {
  test("listens at a port that the kernel chooses, refuses it to a second, and closes", async (context) => {
    if (lacks.socket) return context.skip(lacks.socket);
    const listener = listenVsock(vsock("vsock://any:0"));
    expect(listener.address).toMatch(/^vsock:\/\/any:[1-9][0-9]*$/);
    expect(() => listenVsock(vsock(listener.address))).toThrow("already in use");
    setTimeout(() => listener.close(), 5);
    for await (const _conn of listener) expect.unreachable();
  });

  test("refuses to listen at CID 1 and to dial any or port 0", async () => {
    expect(() => listenVsock(vsock("vsock://1:5"))).toThrow("CID 1 is loopback");
    expect((await rejection(dialVsock(vsock("vsock://any:5")))).message).toContain("for listening");
    expect((await rejection(dialVsock(vsock("vsock://3:0")))).message).toContain("for listening");
  });

  test("a dial to nobody fails with what to do next, within its time", async (context) => {
    if (lacks.socket) return context.skip(lacks.socket);
    const error = await rejection(dialVsock(vsock("vsock://987654:5"), { timeoutMs: 500 }));
    expect(error.name).toBe("SocketError");
    expect(error.message).toMatch(/^can't connect to vsock:\/\/987654:5: .+[;?]/);
  });

  test("a dial ends with the signal's reason", async () => {
    const enough = new Error("enough");
    const signal = AbortSignal.abort(enough);
    expect(await rejection(dialVsock(vsock("vsock://3:5"), { signal }))).toBe(enough);
  });

  test("carries 1 MiB both ways in capped writes", async (context) => {
    if (lacks.loopback) return context.skip(lacks.loopback);
    const listener = Deno.listen({ transport: "vsock", cid: 0xffff_ffff, port: VMADDR_PORT_ANY });
    const served = listener.accept().then(echo);
    const conn = await dialVsock({ transport: "vsock", cid: 1, port: listener.addr.port });
    expect(await conn.write(new Uint8Array(1 << 20))).toBeLessThanOrEqual(MAX_VSOCK_WRITE_BYTES);
    const sent = pattern(1 << 20);
    expect(await roundTrip(conn, sent)).toHaveLength(sent.length);
    conn.close();
    await served;
    listener.close();
  });

  test("refuses a local peer", async (context) => {
    if (lacks.loopback) return context.skip(lacks.loopback);
    const errors: SocketError[] = [];
    const listener = listenVsock(vsock("vsock://any:0"), { onError: (error) => errors.push(error) });
    const served = (async () => {
      for await (const _conn of listener) expect.unreachable();
    })();
    const conn = await dialVsock({ ...vsock(listener.address), cid: 1 });
    expect(await conn.read(new Uint8Array(1)).catch(() => null)).toBe(null);
    expect(errors.map((error) => error.code)).toEqual(["EACCES"]);
    conn.close();
    listener.close();
    await served;
  });
});

// Plain TCP for crafted clients: from an address of their own, read to a length, closed or reset.
import { connect as connectNode } from "node:net";

/** Splits HOST:PORT; an IPv6 address stands in brackets. */
export function hostAndPort(at: string): { hostname: string; port: number } {
  const colon = at.lastIndexOf(":");
  return { hostname: at.slice(0, colon).replace(/^\[|\]$/g, ""), port: Number(at.slice(colon + 1)) };
}

export const dialTcp = (at: string): Promise<Deno.TcpConn> => Deno.connect(hostAndPort(at));

/** @throws Error when it closes before */
export async function readExactly(conn: Deno.Conn, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const count = await conn.read(bytes.subarray(at));
    if (count === null) throw new Error("closed");
    at += count;
  }
  return bytes;
}

/**
 * Connects from an address of 127.0.0.0/8, sends, waits for an answer if asked, and closes.
 * @returns whether an answer came; whatever goes wrong is the server's right
 */
export function hit(at: string, localAddress: string, bytes: Uint8Array, wait: boolean): Promise<boolean> {
  const { hostname: host, port } = hostAndPort(at);
  return new Promise((resolve) => {
    const socket = connectNode({ host, port, localAddress });
    const leave = () => socket.destroy();
    let answered = false;
    socket.on("close", () => resolve(answered));
    socket.on("error", leave);
    socket.on("data", () => {
      answered = true;
      leave();
    });
    socket.on("end", leave);
    socket.on("connect", () => socket.write(bytes, wait ? undefined : leave));
  });
}

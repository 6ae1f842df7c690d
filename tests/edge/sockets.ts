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
 * Connects from an address of 127.0.0.0/8, sends, waits for the first answer if asked, and closes; whatever goes
 * wrong is the server's right.
 */
export function hit(
  at: string,
  localAddress: string,
  bytes: Uint8Array,
  waitForAnswer: boolean,
): Promise<void> {
  const { hostname: host, port } = hostAndPort(at);
  return new Promise((resolve) => {
    const socket = connectNode({ host, port, localAddress });
    const over = () => socket.destroy();
    socket.on("close", () => resolve());
    socket.on("error", over);
    socket.on("data", over);
    socket.on("end", over);
    socket.on("connect", () => socket.write(bytes, waitForAnswer ? undefined : over));
  });
}

// For tests only: a hybrid VSOCK daemon with faults to choose from, and the
// few lines that every socket test needs.
import type { Conn, Listener } from "./types.ts";

/** What the daemon does with one CONNECT. */
export type HybridBehaviour =
  | "answer"
  | "answer in single bytes"
  | "answer together with the guest's first bytes"
  | "drop"
  | "end at once"
  | "end within the reply"
  | "send garbage without end"
  | "refuse in words";

/** What the fake guest says first where a behaviour calls for it. */
export const GUEST_GREETING = "hello from the guest";

/** A daemon on `path`; the nth connection gets the nth behaviour, later ones the last. Its guest echoes. */
export class FakeHybridDaemon {
  readonly requests: string[] = [];
  readonly #listener: Deno.UnixListener;
  readonly #conns: Deno.Conn[] = [];

  constructor(path: string, behaviours: readonly HybridBehaviour[]) {
    this.#listener = Deno.listen({ transport: "unix", path });
    this.#run(behaviours).catch(() => {});
  }

  close(): void {
    this.#listener.close();
    for (const conn of this.#conns) closeQuietly(conn);
  }

  async #run(behaviours: readonly HybridBehaviour[]): Promise<void> {
    for (let nth = 0;; nth++) {
      const conn = await this.#listener.accept();
      this.#conns.push(conn);
      this.#answer(conn, behaviours[Math.min(nth, behaviours.length - 1)]!).catch(() => {});
    }
  }

  async #answer(conn: Deno.Conn, behaviour: HybridBehaviour): Promise<void> {
    const text = (line: string) => writeAll(conn, new TextEncoder().encode(line));
    this.requests.push(await readLine(conn));
    switch (behaviour) {
      case "drop":
        return;
      case "end at once":
        return conn.close();
      case "end within the reply":
        await text("OK 10");
        return conn.close();
      case "send garbage without end":
        for (;;) await text("x".repeat(1000));
      case "refuse in words":
        await text("ERR no such VM\n");
        return;
      case "answer in single bytes":
        for (const byte of "OK 4294967295\n") {
          await text(byte);
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
        break;
      case "answer together with the guest's first bytes":
        await text("OK 7\n" + GUEST_GREETING);
        break;
      case "answer":
        await text("OK 1073741824\n");
    }
    await echo(conn);
  }
}

function closeQuietly(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // It was closed already.
  }
}

async function readLine(conn: Deno.Conn): Promise<string> {
  let line = "";
  const byte = new Uint8Array(1);
  while (await conn.read(byte) !== null && byte[0] !== 0x0a) line += String.fromCharCode(byte[0]!);
  return line;
}

export async function writeAll(conn: Pick<Conn, "write">, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

/** Sends back what comes until the end; then ends its own sending. */
export async function echo(conn: Pick<Conn, "read" | "write" | "close">): Promise<void> {
  const buffer = new Uint8Array(65_536);
  for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
    await writeAll(conn, buffer.subarray(0, n));
  }
  conn.close();
}

/** Echoes on every connection until the listener is closed. */
export async function serveEcho(listener: Listener): Promise<void> {
  for await (const conn of listener) echo(conn).catch(() => conn.close());
}

/** Reads exactly `lenBytes`, or fewer if the end comes first. */
export async function readExactly(conn: Pick<Conn, "read">, lenBytes: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(lenBytes);
  for (let at = 0; at < lenBytes;) {
    const n = await conn.read(bytes.subarray(at));
    if (n === null) return bytes.subarray(0, at);
    at += n;
  }
  return bytes;
}

/** Bytes in which a lost, doubled or moved piece shows. */
export function pattern(lenBytes: number): Uint8Array {
  const bytes = new Uint8Array(lenBytes);
  for (let i = 0, x = 1; i < lenBytes; i++) {
    x = (Math.imul(x, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    bytes[i] = x >> 16;
  }
  return bytes;
}

/** Sends and receives at the same time; what came back. */
export async function roundTrip(conn: Conn, bytes: Uint8Array): Promise<Uint8Array> {
  const [back] = await Promise.all([readExactly(conn, bytes.length), writeAll(conn, bytes)]);
  return back;
}

/** The error that `promise` rejects with. */
export function rejection(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  return promise.then(
    () => Promise.reject(new Error("it did not reject")),
    (error: Error & { code?: string }) => error,
  );
}

// The agent's place behind the edge, taken by the test: what header came, and what bytes after it.
// Must read the header with our own parser, so that both sides of it are held to each other.
import { join } from "node:path";

export interface Heard {
  /** Everything, the header first. */
  bytes: Uint8Array;
  /** Until the edge has ended it. */
  close(): void;
}

export class Back {
  readonly #listener: Deno.UnixListener;
  readonly heard: Heard[] = [];

  constructor(readonly path: string) {
    this.#listener = Deno.listen({ transport: "unix", path });
    void this.#accept();
  }

  static in(dir: string): Back {
    return new Back(join(dir, `listening-${crypto.randomUUID().slice(0, 8)}.sock`));
  }

  async #accept(): Promise<void> {
    for await (const conn of this.#listener) void this.#listen(conn);
  }

  async #listen(conn: Deno.UnixConn): Promise<void> {
    let open = true;
    const close = () => {
      if (open) conn.close();
      open = false;
    };
    const heard: Heard = { bytes: new Uint8Array(), close };
    this.heard.push(heard);
    const buffer = new Uint8Array(65_536);
    try {
      for (let count; (count = await conn.read(buffer)) !== null;) {
        const bytes = new Uint8Array(heard.bytes.length + count);
        bytes.set(heard.bytes);
        bytes.set(buffer.subarray(0, count), heard.bytes.length);
        heard.bytes = bytes;
      }
    } catch {
      // It was reset, or closed here: what it said is kept.
    }
    close();
  }

  close(): void {
    this.#listener.close();
    for (const { close } of this.heard) close();
  }
}

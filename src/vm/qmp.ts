// A client of QEMU's machine protocol (QMP): one JSON object a line over a stream.
// It reads what QEMU says, on which a hostile guest has some say: every line is
// bounded and nothing read is trusted to have a shape.

import { z } from "zod";
import type { Conn } from "../grpc/conn.ts";
import type { Clock } from "./clock.ts";

/** QMP answers that we ask for are under 4 KiB; a longer line means that this isn't QEMU. */
const MAX_LINE_BYTES = 256 * 1024;
/** Events nobody has looked at yet; a guest can cause some (RTC_CHANGE), so the oldest go. */
const MAX_PENDING_EVENTS = 256;
const READ_BYTES = 16 * 1024;

const message = z.object({
  QMP: z.object({}).optional(),
  event: z.string().optional(),
  data: z.record(z.string(), z.unknown()).optional(),
  return: z.unknown().optional(),
  error: z.object({ class: z.string(), desc: z.string() }).optional(),
  id: z.number().optional(),
});

/** Something that happened to the guest: GUEST_PANICKED, SHUTDOWN, STOP ... (QEMU's qapi/run-state.json). */
export interface QmpEvent {
  readonly name: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** QEMU refused a command, or the connection is of no use any more. */
export class QmpError extends Error {
  override readonly name = "QmpError";
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: QmpError): void;
}

export class QmpClient {
  readonly #conn: Conn;
  readonly #clock: Clock;
  readonly #pending = new Map<number, Pending>();
  readonly #events: QmpEvent[] = [];
  #nextId = 1;
  #closed: QmpError | undefined;
  #greeted: () => void = () => {};
  readonly #greeting: Promise<void>;

  private constructor(conn: Conn, clock: Clock) {
    this.#conn = conn;
    this.#clock = clock;
    this.#greeting = new Promise((resolve) => this.#greeted = resolve);
  }

  /**
   * Greets QEMU over a fresh connection. QEMU serves one client at a time, so a second one
   * gets no greeting and fails after `timeoutMs`. Owns `conn` from here on.
   */
  static async start(conn: Conn, clock: Clock, timeoutMs: number): Promise<QmpClient> {
    const client = new QmpClient(conn, clock);
    void client.#readAll(); // never rejects: its end is #close
    try {
      await client.#within(client.#greeting, "the greeting", timeoutMs);
      await client.execute("qmp_capabilities", {}, timeoutMs);
      return client;
    } catch (error) {
      client.close();
      throw error;
    }
  }

  /** Runs one command and returns its `return`. Throws QmpError on refusal, timeout or a lost connection. */
  async execute(command: string, args: Record<string, unknown>, timeoutMs: number): Promise<unknown> {
    if (this.#closed !== undefined) throw this.#closed;
    const id = this.#nextId++;
    const answer = new Promise<unknown>((resolve, reject) => this.#pending.set(id, { resolve, reject }));
    try {
      const written = this.#write(JSON.stringify({ execute: command, arguments: args, id }) + "\n");
      return await this.#within(Promise.all([answer, written]).then(([value]) => value), command, timeoutMs);
    } finally {
      this.#pending.delete(id);
    }
  }

  /** QEMU's run state: "running", "paused", "guest-panicked", "internal-error" ... */
  async status(timeoutMs: number): Promise<string> {
    const answer = z.object({ status: z.string() }).safeParse(
      await this.execute("query-status", {}, timeoutMs),
    );
    if (!answer.success) throw new QmpError("QEMU's answer to query-status has no status");
    return answer.data.status;
  }

  /**
   * Asks the guest to power down, in both ways that there are: ctrl-alt-del, which systemd's PID 1
   * takes itself, and the ACPI power button, for which a guest needs logind. It may ignore both.
   */
  async powerDown(timeoutMs: number): Promise<void> {
    const keys = ["ctrl", "alt", "delete"].map((data) => ({ type: "qcode", data }));
    await this.execute("send-key", { keys }, timeoutMs);
    await this.execute("system_powerdown", {}, timeoutMs);
  }

  /** Ends QEMU at once. The answer may be lost with the connection; that is success. */
  async quit(timeoutMs: number): Promise<void> {
    try {
      await this.execute("quit", {}, timeoutMs);
    } catch (error) {
      if (!(error instanceof QmpError)) throw error;
    }
  }

  /** The events since the last call. */
  takeEvents(): QmpEvent[] {
    return this.#events.splice(0);
  }

  /** Whether the connection has ended, which it does when QEMU does. */
  get closed(): boolean {
    return this.#closed !== undefined;
  }

  close(): void {
    this.#close(new QmpError("the connection to QEMU was closed"));
  }

  #close(error: QmpError): void {
    if (this.#closed !== undefined) return;
    this.#closed = error;
    this.#conn.close();
    this.#greeted();
    for (const pending of this.#pending.values()) pending.reject(error);
    this.#pending.clear();
  }

  async #within<T>(work: Promise<T>, what: string, timeoutMs: number): Promise<T> {
    const done = new AbortController();
    const timeout = this.#clock.sleep(timeoutMs, done.signal).then((): never => {
      // When `work` won, nobody listens any more to what is thrown here.
      throw new QmpError(`QEMU didn't answer ${what} within ${timeoutMs} ms`);
    });
    timeout.catch(() => {});
    try {
      return await Promise.race([work, timeout]);
    } finally {
      done.abort();
    }
  }

  async #write(text: string): Promise<void> {
    let bytes = new TextEncoder().encode(text);
    try {
      while (bytes.length > 0) bytes = bytes.subarray(await this.#conn.write(bytes));
    } catch (error) {
      const lost = new QmpError("the connection to QEMU is lost", { cause: error });
      this.#close(lost);
      throw lost;
    }
  }

  async #readAll(): Promise<void> {
    const decoder = new TextDecoder();
    const buffer = new Uint8Array(READ_BYTES);
    let line = "";
    try {
      for (;;) {
        const count = await this.#conn.read(buffer);
        if (count === null) break;
        line += decoder.decode(buffer.subarray(0, count), { stream: true });
        for (let end = line.indexOf("\n"); end >= 0; end = line.indexOf("\n")) {
          this.#handle(line.slice(0, end).trim());
          line = line.slice(end + 1);
        }
        if (line.length > MAX_LINE_BYTES) throw new QmpError(`a line of more than ${MAX_LINE_BYTES} bytes`);
      }
      this.#close(new QmpError("QEMU ended the connection"));
    } catch (error) {
      this.#close(
        error instanceof QmpError ? error : new QmpError("the connection to QEMU is lost", { cause: error }),
      );
    }
  }

  #handle(line: string): void {
    if (line === "") return;
    let json: unknown;
    try {
      json = JSON.parse(line);
    } catch {
      throw new QmpError("QEMU sent a line that is not JSON");
    }
    const parsed = message.safeParse(json);
    if (!parsed.success) throw new QmpError("QEMU sent a message of an unknown shape");
    const { QMP, event, data, id, error } = parsed.data;
    if (QMP !== undefined) return this.#greeted();
    if (event !== undefined) {
      if (this.#events.length >= MAX_PENDING_EVENTS) this.#events.shift();
      this.#events.push({ name: event, data: data ?? {} });
      return;
    }
    const pending = id === undefined ? undefined : this.#pending.get(id);
    if (error !== undefined) pending?.reject(new QmpError(`QEMU refused: ${error.desc}`));
    else pending?.resolve(parsed.data.return);
  }
}

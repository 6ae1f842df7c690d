import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import type { Conn } from "../grpc/conn.ts";
import { systemClock } from "./clock.ts";
import { connectQmp } from "./launch.ts";
import { endProcess, isAlive, spawnDetached, waitForExit } from "./process.ts";
import { findProgram } from "./programs.ts";
import { QEMU } from "./qemu.ts";
import { QmpClient, QmpError } from "./qmp.ts";

const GREETING = '{"QMP":{"version":{"qemu":{"major":7}},"capabilities":[]}}\r\n';
const TIMEOUT_MS = 500;

/** QEMU's end of the wire: says what it is told, keeps what it hears. */
class FakeQemu {
  readonly heard: { execute: string; arguments: unknown; id: number }[] = [];
  readonly #queue: Uint8Array[] = [];
  #wake: () => void = () => {};
  #ended = false;
  answer: (command: { execute: string; id: number }) => string | undefined = ({ id }) =>
    `{"return":{},"id":${id}}\r\n`;

  readonly conn: Conn = {
    peer: { transport: "unix", address: "unix:fake" },
    read: async (into) => {
      while (this.#queue.length === 0) {
        if (this.#ended) return null;
        await new Promise<void>((resolve) => this.#wake = resolve);
      }
      const bytes = this.#queue.shift() as Uint8Array;
      into.set(bytes);
      return bytes.length;
    },
    write: (bytes) => {
      const command = JSON.parse(new TextDecoder().decode(bytes));
      this.heard.push(command);
      const answer = this.answer(command);
      if (answer !== undefined) this.say(answer);
      return Promise.resolve(bytes.length);
    },
    close: () => this.end(),
  };

  say(text: string): void {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length; at += 1000) this.#queue.push(bytes.slice(at, at + 1000));
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }
}

let client: QmpClient | undefined;
afterEach(() => client?.close());

async function started(fake: FakeQemu): Promise<QmpClient> {
  fake.say(GREETING);
  return client = await QmpClient.start(fake.conn, systemClock, TIMEOUT_MS);
}

it("negotiates capabilities before anything else", async () => {
  const fake = new FakeQemu();
  await started(fake);
  expect(fake.heard.map(({ execute }) => execute)).toEqual(["qmp_capabilities"]);
});

it("matches answers by id, whatever the order and the events between", async () => {
  const fake = new FakeQemu();
  const qmp = await started(fake);
  fake.answer = () => undefined;
  const first = qmp.status(TIMEOUT_MS);
  const second = qmp.execute("query-name", {}, TIMEOUT_MS);
  const [a, b] = fake.heard.slice(-2);
  fake.say(`{"return":{"name":"n"},"id":${b.id}}\n{"event":"STOP","timestamp":{}}\n`);
  fake.say(`{"return":{"status":"paused"},"id":${a.id}}\n`);
  expect(await second).toEqual({ name: "n" });
  expect(await first).toBe("paused");
  expect(qmp.takeEvents()).toEqual([{ name: "STOP", data: {} }]);
  expect(qmp.takeEvents()).toEqual([]);
});

it("reads a message that comes in single bytes", async () => {
  const fake = new FakeQemu();
  const qmp = await started(fake);
  for (const char of '{"event":"GUEST_PANICKED","data":{"action":"shutdown"}}\r\n') fake.say(char);
  await systemClock.sleep(10);
  expect(qmp.takeEvents()).toEqual([{ name: "GUEST_PANICKED", data: { action: "shutdown" } }]);
});

it("tells QEMU's own words when it refuses", async () => {
  const fake = new FakeQemu();
  const qmp = await started(fake);
  fake.answer = ({ id }) => `{"error":{"class":"CommandNotFound","desc":"no such command"},"id":${id}}\n`;
  await expect(qmp.execute("nonsense", {}, TIMEOUT_MS)).rejects.toThrow("QEMU refused: no such command");
});

it("a silent QEMU is a timeout, not a wait for ever", async () => {
  const fake = new FakeQemu();
  await expect(QmpClient.start(fake.conn, systemClock, 50)).rejects.toThrow("the greeting within 50 ms");
});

it.each([
  ["a line that is no JSON", "nonsense\n"],
  ["a message of another shape", '{"id":"text"}\n'],
  ["a line without end", "x".repeat(300_000)],
])("%s ends the connection, and commands under way with it", async (_, text) => {
  const fake = new FakeQemu();
  const qmp = await started(fake);
  fake.answer = () => undefined;
  const waiting = qmp.execute("query-status", {}, 5_000);
  fake.say(text);
  await expect(waiting).rejects.toBeInstanceOf(QmpError);
  expect(qmp.closed).toBe(true);
  await expect(qmp.status(TIMEOUT_MS)).rejects.toBeInstanceOf(QmpError);
});

it("quit succeeds when QEMU is gone before it answered", async () => {
  const fake = new FakeQemu();
  const qmp = await started(fake);
  fake.answer = () => (fake.end(), undefined);
  await qmp.quit(TIMEOUT_MS);
  expect(qmp.closed).toBe(true);
});

it("keeps a bounded number of events that nobody takes", async () => {
  const fake = new FakeQemu();
  const qmp = await started(fake);
  fake.say('{"event":"RTC_CHANGE"}\n'.repeat(1000));
  await systemClock.sleep(20);
  expect(qmp.takeEvents()).toHaveLength(256);
});

it.skipIf((await findProgram(QEMU)) === undefined)("talks to a real QEMU and ends it", async () => {
  const dir = await Deno.makeTempDir({ prefix: "gh-" });
  const socket = join(dir, "qmp.sock");
  const qemu = await spawnDetached(
    [
      QEMU,
      "-machine",
      "none",
      "-nodefaults",
      "-display",
      "none",
      "-S",
      "-qmp",
      `unix:${socket},server=on,wait=off`,
    ],
    join(dir, "log"),
  );
  try {
    const qmp = await connectQmp(socket, systemClock, 5_000, () => isAlive(qemu));
    expect(await qmp?.status(TIMEOUT_MS)).toBe("prelaunch");
    await qmp?.quit(TIMEOUT_MS);
    expect(await waitForExit(qemu, 3_000, systemClock)).toBe(true);
  } finally {
    await endProcess(qemu, 1_000, systemClock);
    await Deno.remove(dir, { recursive: true });
  }
});

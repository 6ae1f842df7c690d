// Floods: handshakes begun and dropped, connections that do nothing, what a proven client may repeat without end, answers
// that nobody reads. The edge's memory and descriptors come back, and the good client's calls go on meanwhile.
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { concat, FRAME, frame, grpcRequest, message as grpcMessage, PREFACE } from "../lib/raw_http2.ts";
import { Door } from "./door.ts";
import { dialTcp, hit } from "./sockets.ts";
import { Tls13Client } from "./tls13_client.ts";
import { RECORD } from "./tls13_keys.ts";
import { helloRecord, keyUpdate } from "./tls13_messages.ts";

const MIB = 1024 * 1024;
const FRAME_BYTES = 16_000;
/** Limits that don't hold the floods up: what is asked here is what they cost. */
const MANY = {
  max_connections_per_peer: 2_000,
  handshakes_per_second: 4_000,
  handshakes_per_second_per_peer: 2_000,
};

/** Begun and dropped. */
const DROPPED = 10_000;
/** At once, from each address: below what one peer may have. */
const AT_ONCE = 100;
const ADDRESSES = ["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"];
/** What the allocator keeps after a flood. */
const KEPT_BYTES = 48 * MIB;
const SETTLED_MS = 15_000;

let door: Door;
beforeAll(async () => {
  door = await Door.open(() => ({
    limits: MANY,
  }));
}, 60_000);
afterAll(() => door.stop());
afterEach(() => door.goesOn());

async function proven(edge = door.edge): Promise<Tls13Client> {
  const one = new Tls13Client(await dialTcp(edge.at()));
  await one.shake(door.client);
  return one;
}

test(`${DROPPED} handshakes begun and dropped leave neither memory nor descriptors behind`, async () => {
  const descriptors = await door.edge.descriptors();
  const before = await door.edge.residentBytes();
  const hello = helloRecord();
  let left = DROPPED;
  let answered = 0;
  await Promise.all(
    ADDRESSES.flatMap((address) =>
      Array.from({ length: AT_ONCE }, async () => {
        // Half of them wait for the server's flight, which costs a signature.
        while (left-- > 0) {
          if (await hit(door.edge.at(), address, hello, left % 2 === 0)) answered++;
        }
      })
    ),
  );
  await expect.poll(() => door.edge.descriptors(), { timeout: SETTLED_MS }).toBeLessThanOrEqual(descriptors);
  expect(answered).toBeGreaterThan(DROPPED * 0.45);
  const after = await door.edge.residentBytes();
  expect(after - before).toBeLessThan(KEPT_BYTES);
}, 60_000);

const updateKeys = (one: Tls13Client, asking: boolean): Uint8Array => {
  const record = one.sealHandshake(keyUpdate(asking));
  one.updateSending();
  return record;
};

test.each<[name: string, why: string, record: (one: Tls13Client) => Uint8Array]>([
  ["KeyUpdates that ask for an answer", "TooManyKeyUpdateRequests", (one) => updateKeys(one, true)],
  ["KeyUpdates that ask for none", "TooManyKeyUpdateRequests", (one) => updateKeys(one, false)],
  ["warning alerts", "TooManyWarningAlerts", (one) => one.sending.seal(RECORD.ALERT, Uint8Array.of(1, 90))],
  [
    "empty records",
    "TooManyEmptyFragments",
    (one) => one.sending.seal(RECORD.APPLICATION_DATA, new Uint8Array()),
  ],
])("a flood of %s is closed, with the reason in the log", async (_name, why, record) => {
  const from = door.edge.logged;
  const one = await proven();
  const flood = async () => {
    while (true) await one.write(record(one));
  };
  await expect(flood()).rejects.toThrow(/reset|pipe/i);
  one.conn.close();
  await door.edge.line(why, from);
});

/** Idle, each known to the agent. */
const IDLE = 1_000;
/** TLS's state and buffers, two sockets' entries; 10 KiB measured. */
const MAX_IDLE_BYTES = 20 * 1024;
const AT_ONCE_IDLE = 20;

test(`${IDLE} idle connections cost the edge at most ${MAX_IDLE_BYTES / 1024} KiB each`, async () => {
  const edge = await door.fresh({ limits: MANY });
  const before = await edge.residentBytes();
  const opening = concat(PREFACE, frame(FRAME.SETTINGS, 0, 0));
  const idle: Tls13Client[] = [];
  while (idle.length < IDLE) {
    const some = await Promise.all(Array.from({ length: AT_ONCE_IDLE }, () => proven(edge)));
    for (const one of some) await one.write(one.sending.seal(RECORD.APPLICATION_DATA, opening));
    idle.push(...some);
  }
  await Promise.all(idle.map((one) => one.readRecord()));
  const each = (await edge.residentBytes() - before) / IDLE;
  expect(await door.echo("amid", door.client, edge.at())).toBe("amid");
  for (const { conn } of idle) conn.close();
  await edge.stop();
  expect(each).toBeLessThan(MAX_IDLE_BYTES);
}, 30_000);

const READERS = 8;
/** Calls of each, answered by what they said. */
const STREAMS = [1, 3, 5, 7];
const ANSWER_BYTES = MIB;
/** A queue each way, and what the allocator rounds up; 90 KiB measured. */
const MAX_UNREAD_BYTES = 256 * 1024;
const ANSWERED_MS = 1_000;

test(`answers of ${STREAMS.length} MiB that nobody reads cost the edge a bounded buffer`, async () => {
  const edge = await door.fresh({ limits: MANY });
  const before = await edge.residentBytes();
  const readers = await Promise.all(Array.from({ length: READERS }, () => proven(edge)));
  for (const one of readers) await askForMuch(one);
  await new Promise((resolve) => setTimeout(resolve, ANSWERED_MS));
  const each = (await edge.residentBytes() - before) / READERS;
  for (const { conn } of readers) conn.close();
  await edge.stop();
  expect(each).toBeLessThan(MAX_UNREAD_BYTES);
}, 30_000);

/** Opens every window, and echoes ANSWER_BYTES on each stream. */
async function askForMuch(one: Tls13Client): Promise<void> {
  const largest = Uint8Array.of(0x7f, 0, 0, 0);
  const frames = [
    PREFACE,
    frame(FRAME.SETTINGS, 0, 0, concat(Uint8Array.of(0, 4), largest)),
    frame(FRAME.WINDOW_UPDATE, 0, 0, largest),
  ];
  const echo = grpcMessage(echoRequest(ANSWER_BYTES));
  for (const stream of STREAMS) {
    frames.push(frame(FRAME.HEADERS, 4, stream, grpcRequest("/echo.EchoService/Echo")));
    for (let at = 0; at < echo.length; at += FRAME_BYTES) {
      const last = at + FRAME_BYTES >= echo.length;
      frames.push(frame(FRAME.DATA, last ? 1 : 0, stream, echo.subarray(at, at + FRAME_BYTES)));
    }
  }
  for (const bytes of frames) await one.write(one.sending.seal(RECORD.APPLICATION_DATA, bytes));
}

/** An EchoRequest with a payload of so many bytes. */
function echoRequest(length: number): Uint8Array {
  const varint: number[] = [];
  for (let rest = length; rest > 0; rest >>>= 7) varint.push((rest & 127) | (rest > 127 ? 128 : 0));
  return concat(Uint8Array.of(10, ...varint), new Uint8Array(length).fill(97));
}

// Old and odd TLS, and what is no TLS at all: refused by an alert or the close, while good calls go on.
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { concat, readUntilClose } from "../lib/raw_http2.ts";
import { ascii, plainRecord, RECORD } from "./tls13_keys.ts";
import { helloRecord } from "./tls13_messages.ts";
import { Door } from "./door.ts";
import { Tls13Client } from "./tls13_client.ts";
import { TlsServer } from "./s_server.ts";
import { as, command, shake, speak } from "./s_client.ts";
import { dialTcp } from "./sockets.ts";

const ALERT = {
  DECODE_ERROR: 50,
  ILLEGAL_PARAMETER: 47,
  HANDSHAKE_FAILURE: 40,
  NO_APPLICATION_PROTOCOL: 120,
};
/** Shorter than the time of a handshake: the edge must not wait for more. */
const AT_ONCE_MS = 3_000;

let door: Door;
beforeAll(async () => {
  door = await Door.open();
}, 60_000);
afterAll(() => door.stop());
afterEach(() => door.goesOn());

/** What an alert in the clear looks like. */
const fatal = (alert: number): Uint8Array => plainRecord(RECORD.ALERT, Uint8Array.of(2, alert));

/** What the edge answers until it closes. */
async function answerTo(bytes: Uint8Array): Promise<{ bytes: Uint8Array; closed: boolean }> {
  const conn = await dialTcp(door.edge.at());
  try {
    for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at)).catch(() => bytes.length);
    return await readUntilClose(conn, AT_ONCE_MS);
  } finally {
    conn.close();
  }
}

test.each(["-tls1_1", "-tls1"])(
  "TLS of an old version is refused, though openssl speaks it: %s",
  async (version) => {
    const old = [version, "-cipher", "ALL:@SECLEVEL=0"];
    const server = await TlsServer.start(door.prepared.root, old);
    expect(await shake(server.at, old)).toContain("Cipher is ECDHE");
    await server.stop();
    const { reached, alert } = await speak(door.edge.at(), [...as(door.client), ...old]);
    // Such a hello names no signature algorithms, which is what the edge misses first.
    expect({ reached, alert }).toEqual({ reached: false, alert: ALERT.HANDSHAKE_FAILURE });
  },
);

test.each(["-tls1_3", "-tls1_2"])("a client without ALPN is refused, %s", async (version) => {
  const { reached, alert } = await speak(door.edge.at(), [...as(door.client), version, "-no-alpn"]);
  expect({ reached, alert }).toEqual({ reached: false, alert: ALERT.NO_APPLICATION_PROTOCOL });
});

test.each(["http/1.1", "h2c", "h3,http/1.1", "H2"])("ALPN without h2 is refused: %s", async (alpn) => {
  const { reached, alert } = await speak(door.edge.at(), [...as(door.client), "-alpn", alpn]);
  expect({ reached, alert }).toEqual({ reached: false, alert: ALERT.NO_APPLICATION_PROTOCOL });
});

test("a client that asks for renegotiation in TLS 1.2 is refused it", async () => {
  const text = await command(door.edge.at(), [...as(door.client), "-tls1_2"], "R\n", /no renegotiation/i);
  expect(text).toContain("RENEGOTIATING");
  expect(text).toMatch(/no renegotiation/i);
});

test.each([["alone", [1]], ["beside none", [1, 0]]])(
  "TLS compression is refused, offered %s",
  async (_, compression) => {
    const { bytes, closed } = await answerTo(helloRecord({ compression }));
    expect({ bytes, closed }).toEqual({ bytes: fatal(ALERT.ILLEGAL_PARAMETER), closed: true });
  },
);

test("a heartbeat before and after the handshake is refused", async () => {
  // Asks for 16 KiB and sends one byte (CVE-2014-0160).
  const heartbeat = Uint8Array.of(1, 0x40, 0, 97);
  const { bytes, closed } = await answerTo(plainRecord(RECORD.HEARTBEAT, heartbeat));
  expect(closed).toBe(true);
  expect(bytes.length).toBeLessThanOrEqual(fatal(0).length);
  const client = new Tls13Client(await dialTcp(door.edge.at()));
  await client.shake(door.client);
  await client.write(client.sending.seal(RECORD.HEARTBEAT, heartbeat));
  expect(await client.readAlert()).toBe(ALERT.DECODE_ERROR);
  client.conn.close();
});

/** A handshake message in records of a size. */
const inRecords = (message: Uint8Array, size: number): Uint8Array[] => {
  const records: Uint8Array[] = [];
  for (let at = 0; at < message.length; at += size) {
    records.push(plainRecord(RECORD.HANDSHAKE, message.subarray(at, at + size)));
  }
  return records;
};
test.each<[name: string, bytes: () => Uint8Array]>([
  ["HTTP/1.1 without TLS", () => ascii("GET / HTTP/1.1\r\nhost: a\r\n\r\n")],
  ["HTTP/2 without TLS", () => ascii("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")],
  ["noise", () => Uint8Array.from({ length: 4_096 }, (_, i) => (i * 1_103_515_245 + 12_345) >>> 16 & 255)],
  ["zeros", () => new Uint8Array(65_536)],
  [
    "an SSL 2 ClientHello",
    () => Uint8Array.of(0x80, 0x2e, 1, 0, 2, 0, 0x15, 0, 0, 0, 0x10, ...Array(37).fill(7)),
  ],
  [
    "a record longer than records are",
    () => concat(Uint8Array.of(22, 3, 1, 0xff, 0xff), new Uint8Array(70_000)),
  ],
  [
    "a message of 16 MiB",
    () => concat(...inRecords(concat(Uint8Array.of(1, 255, 255, 255), new Uint8Array(80_000)), 16_384)),
  ],
  ["an alert for a greeting", () => fatal(0)],
  ["application data for a greeting", () => plainRecord(RECORD.APPLICATION_DATA, new Uint8Array(100))],
  ["a change of cipher for a greeting", () => plainRecord(RECORD.CHANGE_CIPHER_SPEC, Uint8Array.of(1))],
  ["an empty handshake record", () => plainRecord(RECORD.HANDSHAKE, new Uint8Array())],
])("%s is answered by an alert at most, and closed at once", async (_name, bytes) => {
  const answer = await answerTo(bytes());
  expect(answer.closed).toBe(true);
  expect(answer.bytes.length).toBeLessThanOrEqual(fatal(0).length);
});

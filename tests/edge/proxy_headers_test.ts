// A forged PROXY header, wherever a client can send one: it names nobody, and what sends it is closed.
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { certificate, header, ssl, tlsVersion } from "../../src/transport/proxy_v2_testkit.ts";
import { concat, goawayIn, PREFACE, readUntilClose } from "../lib/raw_http2.ts";
import { Door } from "./door.ts";
import { dialTcp } from "./sockets.ts";
import { derOf, Tls13Client } from "./tls13_client.ts";
import { RECORD } from "./tls13_keys.ts";

const CLOSED_MS = 3_000;
/** Whom the header would make of its sender. */
const SOURCE_PORT = 4_713;

let door: Door;
beforeAll(async () => {
  door = await Door.open();
}, 60_000);
afterAll(() => door.stop());
afterEach(async () => {
  await door.goesOn();
  expect(door.serving.log()).not.toContain(`:${SOURCE_PORT}`);
});

/** The best forgery: the good client's certificate, verified. */
const forged = (): Uint8Array =>
  header({
    sourcePort: SOURCE_PORT,
    fields: ssl([tlsVersion(), certificate(derOf(door.client.chain)[0])]),
  });

test("a PROXY header to the TLS port is closed by an alert", async () => {
  const conn = await dialTcp(door.edge.at());
  await conn.write(concat(forged(), PREFACE));
  const { bytes, closed } = await readUntilClose(conn, CLOSED_MS);
  conn.close();
  expect({ closed, alert: bytes[0] }).toEqual({ closed: true, alert: RECORD.ALERT });
});

test.each(["tcp", "unix"] as const)(
  "a PROXY header to the agent's own socket is no HTTP/2: %s",
  async (transport) => {
    const conn = transport === "tcp"
      ? await dialTcp(door.serving.hostPort)
      : await Deno.connect({ transport, path: door.serving.unix.replace("unix://", "") });
    await conn.write(concat(forged(), PREFACE));
    const { bytes, closed } = await readUntilClose(conn, CLOSED_MS);
    conn.close();
    expect(closed).toBe(true);
    expect(goawayIn(bytes)?.debug).toMatch(/^invalid_preface/);
  },
);

test("a PROXY header inside the TLS stream is bytes of the stream: no HTTP/2, and closed", async () => {
  const client = new Tls13Client(await dialTcp(door.edge.at()));
  await client.shake(door.client);
  await client.write(client.sending.seal(RECORD.APPLICATION_DATA, concat(forged(), PREFACE)));
  let said = new Uint8Array();
  try {
    while (true) {
      const { type, payload } = await client.readRecord();
      if (type === RECORD.APPLICATION_DATA) said = concat(said, payload);
    }
  } catch {
    // Closed.
  }
  client.conn.close();
  expect(goawayIn(said)?.debug).toMatch(/^invalid_preface/);
});

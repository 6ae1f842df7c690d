// Peers that take their time: each step of a connection has a limit, and whoever passes it is closed and named in the log.
import { afterAll, beforeAll, expect, test } from "vitest";
import { Door } from "./door.ts";
import { dialTcp } from "./sockets.ts";
import { Tls13Client } from "./tls13_client.ts";
import { helloRecord } from "./tls13_messages.ts";

/** As in dataplane/edge/src/limits.rs: HANDSHAKE_TIME and FIRST_BYTE_TIME. */
const LIMIT_MS = 10_000;
/** What a busy machine adds. */
const SLACK_MS = 3_000;
const BYTE_EVERY_MS = 50;

let door: Door;
beforeAll(async () => {
  door = await Door.open();
}, 60_000);
afterAll(() => door.stop());

const connect = async (): Promise<Tls13Client> => new Tls13Client(await dialTcp(door.edge.at()));

/** Sends a byte now and then until nobody takes them. */
async function drip(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  try {
    for (const byte of bytes) {
      await conn.write(Uint8Array.of(byte));
      await new Promise((resolve) => setTimeout(resolve, BYTE_EVERY_MS));
    }
  } catch {
    // Closed, as it should be.
  }
}

const SLOW: [name: string, reach: () => Promise<{ client: Tls13Client; dripping?: Promise<void> }>][] = [
  ["a client that says nothing", async () => ({ client: await connect() })],
  ["a ClientHello that comes byte by byte", async () => {
    const client = await connect();
    return {
      client,
      dripping: drip(client.conn, helloRecord({ more: [{ type: 21, body: new Uint8Array(1_000) }] })),
    };
  }],
  ["a client that stops after its ClientHello", async () => {
    const client = await connect();
    await client.write(client.hello());
    await client.readServerFlight();
    return { client };
  }],
  ["a client that stops before Finished", async () => {
    const client = await connect();
    await client.write(client.hello());
    await client.readServerFlight();
    await client.write(client.sealHandshake(client.certificate(door.client)));
    return { client };
  }],
  ["a client that says nothing after Finished", async () => {
    const client = await connect();
    await client.shake(door.client);
    return { client };
  }],
];

test.concurrent.each(SLOW)("%s is closed when its time is over", async (_name, reach) => {
  const began = performance.now();
  const { client, dripping } = await reach();
  await client.readAlert();
  const took = performance.now() - began;
  await dripping;
  client.conn.close();
  expect(took).toBeGreaterThan(LIMIT_MS - 100);
  expect(took).toBeLessThan(LIMIT_MS + SLACK_MS);
}, 20_000);

test("meanwhile the good client went on, and each is in the log", async () => {
  await door.goesOn();
  await door.edge.line("the handshake took too long");
  await door.edge.line("nothing came from it for the agent");
});

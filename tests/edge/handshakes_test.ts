// Handshakes by a crafted client: broken off at every step, with wrong proofs, with certificates without measure.
// None reaches the agent, none leaves a descriptor behind or takes more than its share of the core.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { concat } from "../lib/raw_http2.ts";
import { Door } from "./door.ts";
import { Authority, CLIENT, type Identity } from "./pki.ts";
import { dialTcp } from "./sockets.ts";
import { Tls13Client } from "./tls13_client.ts";
import { plainRecord, RECORD } from "./tls13_keys.ts";
import { certificateMessage, helloRecord, MESSAGE, message } from "./tls13_messages.ts";

const ALERT = {
  UNEXPECTED_MESSAGE: 10,
  DECRYPT_ERROR: 51,
  BAD_RECORD_MAC: 20,
  BAD_CERTIFICATE: 42,
  REQUIRED: 116,
};
/** What verifying one certificate may cost, and what else a busy machine puts on the account. */
const MAX_CPU_MS = 1_000;

let door: Door;
let other: Identity;
beforeAll(async () => {
  door = await Door.open();
  other = await door.prepared.root.issue("other");
}, 60_000);
afterAll(() => door.stop());

let descriptors: number;
beforeEach(async () => {
  descriptors = await door.edge.descriptors();
});
afterEach(async () => {
  await door.goesOn();
  await expect.poll(() => door.edge.descriptors(), { timeout: 5_000 }).toBeLessThanOrEqual(descriptors);
});

const client = async (): Promise<Tls13Client> => new Tls13Client(await dialTcp(door.edge.at()));

/** Up to the point at which the client proves who it is. */
async function greeted(): Promise<Tls13Client> {
  const one = await client();
  await one.write(one.hello());
  await one.readServerFlight();
  return one;
}

/** What is said to a client whose last flight is this. */
async function toldAfter(flight: (one: Tls13Client) => Uint8Array): Promise<number | undefined> {
  const one = await greeted();
  try {
    await one.write(flight(one));
    // Where the client's own keys are of no use any more, its last word is the close.
    return await one.readAlert();
  } finally {
    one.conn.close();
  }
}

test.each<[name: string, alert: number | undefined, flight: (one: Tls13Client) => Uint8Array]>([
  [
    "a certificate whose key the client hasn't",
    ALERT.DECRYPT_ERROR,
    (one) => one.sealHandshake(one.certificate(door.client), one.certificateVerify(other), one.finished()),
  ],
  [
    "another handshake's Finished",
    ALERT.DECRYPT_ERROR,
    (one) =>
      one.sealHandshake(
        one.certificate(door.client),
        one.certificateVerify(door.client),
        message(MESSAGE.FINISHED, new Uint8Array(32)),
      ),
  ],
  [
    "a certificate without its proof",
    ALERT.UNEXPECTED_MESSAGE,
    (one) => one.sealHandshake(one.certificate(door.client), one.finished()),
  ],
  ["a Finished without a certificate", ALERT.UNEXPECTED_MESSAGE, (one) => one.sealHandshake(one.finished())],
  [
    "an empty list of certificates",
    ALERT.REQUIRED,
    (one) => one.sealHandshake(one.certificate({ chain: "" }), one.finished()),
  ],
  [
    "application data before Finished",
    ALERT.UNEXPECTED_MESSAGE,
    (one) => one.sending.seal(RECORD.APPLICATION_DATA, new Uint8Array(100)),
  ],
  [
    "a certificate that is none",
    ALERT.BAD_CERTIFICATE,
    (one) => {
      const noise = certificateMessage([crypto.getRandomValues(new Uint8Array(2_000))]);
      return one.sealHandshake(noise, one.certificateVerify(other), one.finished());
    },
  ],
  [
    "a Certificate message of 16 MiB",
    undefined, // the edge never reads that far,
    (one) =>
      one.sealHandshake(concat(Uint8Array.of(MESSAGE.CERTIFICATE, 255, 255, 255), new Uint8Array(50_000))),
  ],
])("%s is refused", async (_name, alert, flight) => {
  expect(await toldAfter(flight)).toBe(alert);
});

/** Where a client may leave, in the order of a handshake. */
const STEPS: [name: string, reach: () => Promise<Tls13Client>][] = [
  ["at once", client],
  ["within its ClientHello", async () => {
    const one = await client();
    await one.write(one.hello().subarray(0, 100));
    return one;
  }],
  ["after its ClientHello, with the answer unread", async () => {
    const one = await client();
    await one.write(one.hello());
    return one;
  }],
  ["after the server's flight", greeted],
  ["within its Certificate", async () => {
    const one = await greeted();
    await one.write(one.sealHandshake(one.certificate(door.client)).subarray(0, 200));
    return one;
  }],
  ["after its Certificate", async () => {
    const one = await greeted();
    await one.write(one.sealHandshake(one.certificate(door.client)));
    return one;
  }],
  ["after Finished, with its tickets unread", async () => {
    const one = await client();
    await one.shake(door.client);
    return one;
  }],
  ["within its first record", async () => {
    const one = await client();
    await one.shake(door.client);
    await one.write(one.sending.seal(RECORD.APPLICATION_DATA, new Uint8Array(100)).subarray(0, 50));
    return one;
  }],
  ["after its first byte", async () => {
    const one = await client();
    await one.shake(door.client);
    await one.write(one.sending.seal(RECORD.APPLICATION_DATA, Uint8Array.of(80)));
    return one;
  }],
];
const LEAVING = 10;

test.each(STEPS)("clients that leave %s, by FIN or reset, cost nothing that stays", async (_name, reach) => {
  for (let i = 0; i < LEAVING; i++) {
    const one = await reach();
    if (i % 2 === 0) await one.conn.closeWrite?.();
    // Closed with bytes unread, the kernel sends a reset.
    one.conn.close();
  }
});

test("a ClientHello cut at any byte is closed without harm", async () => {
  const hello = helloRecord();
  for (let at = 1; at < hello.length; at += 7) {
    const conn = await dialTcp(door.edge.at());
    await conn.write(hello.subarray(0, at));
    await conn.closeWrite();
    while (await conn.read(new Uint8Array(100)).catch(() => null) !== null);
    conn.close();
  }
});

/** What the edge spent while `attack` ran. */
async function cpuOf(attack: () => Promise<void>): Promise<number> {
  const before = await door.edge.cpuMs();
  await attack();
  return await door.edge.cpuMs() - before;
}

test("a certificate of 50 KB is refused, though its authority signed it", async () => {
  const large = await door.prepared.root.issue("large", {
    extensions: `${CLIENT}nsComment=${"x".repeat(50_000)}\n`,
  });
  const from = door.edge.logged;
  const one = await client();
  await one.shake(large);
  expect(await door.edge.line("connection refused", from)).toContain("too large");
  expect(await one.readAlert()).toBeUndefined(); // closed
  one.conn.close();
});

test("a hundred certificates, all of one name, are refused at a bounded cost", async () => {
  const { dir } = door.prepared;
  const names: Authority[] = [];
  for (let i = 0; i < 10; i++) names.push(await Authority.root(dir, "loop"));
  const leaf = await names[0].issue("leaf");
  const chain = leaf.chain + names.map(({ anchor }) => anchor).join("").repeat(10);
  const cpu = await cpuOf(async () => {
    const told = await toldAfter((one) =>
      one.sealHandshake(one.certificate({ chain }), one.certificateVerify(leaf), one.finished())
    );
    expect(told).toBeDefined();
  });
  expect(cpu).toBeLessThan(MAX_CPU_MS);
});

test("a second plain ClientHello behind the first is refused at once", async () => {
  const one = await client();
  await one.write(concat(one.hello(), plainRecord(RECORD.HANDSHAKE, helloRecord().subarray(5))));
  await one.readServerFlight();
  expect(await one.readAlert()).toBe(ALERT.BAD_RECORD_MAC);
  one.conn.close();
});

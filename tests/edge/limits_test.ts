// The limits as they stand when nobody sets any: what one peer may take, and that others get theirs beside it.
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Door } from "./door.ts";
import { hit, hostAndPort } from "./sockets.ts";
import { helloRecord } from "./tls13_messages.ts";

/** As in dataplane/edge/src/limits.rs. */
const CONNECTIONS_PER_PEER = 512;
const HANDSHAKES_PER_SECOND_PER_PEER = 100;
/** A good client's handshake among those of others. */
const SOON_MS = 1_000;

let door: Door;
beforeAll(async () => {
  door = await Door.open();
}, 60_000);
afterAll(() => door.stop());

test("a peer has its places and no more, while another gets in", async () => {
  const { hostname: host, port } = hostAndPort(door.edge.at());
  const open = new Set<Socket>();
  let closed = 0;
  for (let i = 0; i < CONNECTIONS_PER_PEER + 20; i++) {
    const socket = connect({ host, port, localAddress: "127.0.0.9" });
    open.add(socket);
    socket.on("error", () => {});
    socket.on("data", () => {});
    socket.on("close", () => {
      open.delete(socket);
      closed++;
    });
  }
  await expect.poll(() => closed, { timeout: 5_000 }).toBe(20);
  await door.goesOn();
  for (const socket of open) socket.destroy();
});

test("peers that begin handshakes without end get so many a second, while another's begin soon", async () => {
  const hello = helloRecord();
  const until = performance.now() + 3_000;
  let answered = 0;
  const addresses = ["127.0.1.1", "127.0.1.2", "127.0.1.3"];
  const flood = Promise.all(addresses.flatMap((address) =>
    Array.from({ length: 150 }, async () => {
      while (performance.now() < until) if (await hit(door.edge.at(), address, hello, true)) answered++;
    })
  ));
  const took: number[] = [];
  while (performance.now() < until) {
    const began = performance.now();
    expect(await door.echo("new")).toBe("new");
    took.push(performance.now() - began);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  await flood;
  expect(Math.max(...took)).toBeLessThan(SOON_MS);
  // Three seconds' worth, what was saved up before, and the last ones that wait.
  expect(answered).toBeLessThan(addresses.length * HANDSHAKES_PER_SECOND_PER_PEER * 7);
  expect(answered).toBeGreaterThan(addresses.length * HANDSHAKES_PER_SECOND_PER_PEER);
  await door.goesOn();
}, 30_000);

test(
  "an edge without descriptors for more neither spins nor drops whom it has, and takes new ones again",
  async () => {
    const edge = await door.fresh({ descriptors: 64 });
    const held = door.caller(door.client, edge.at());
    expect(await held.echo("before")).toBe("before");
    const { hostname: host, port } = hostAndPort(edge.at());
    const crowd = Array.from({ length: 200 }, () => connect({ host, port }).on("error", () => {}));
    await edge.line("no connection can be accepted now");
    const before = await edge.cpuMs();
    for (let i = 0; i < 20; i++) {
      expect(await held.echo("in the crowd")).toBe("in the crowd");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(await edge.cpuMs() - before).toBeLessThan(300);
    for (const socket of crowd) socket.destroy();
    await expect.poll(() => door.echo("after", door.client, edge.at()).catch(() => ""), { timeout: 5_000 })
      .toBe("after");
    expect(held.dials).toBe(1);
    held.close();
    await edge.stop();
  },
  30_000,
);

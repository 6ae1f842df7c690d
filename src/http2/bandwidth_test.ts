import { describe, expect, it } from "vitest";
import { BandwidthProbe } from "./bandwidth.ts";
import { Connection, type Http2Config } from "./connection.ts";
import { QUIET, REQUEST } from "./testkit.ts";

const LINK_BYTES_PER_MS = 100_000;
const CHUNK = new Uint8Array(65_536);

/** Body bytes that a client brings to a server in `ms` over a path with that delay each way. */
function upload(delayMs: number, ms: number, config: Partial<Http2Config> = {}): number {
  let received = 0;
  let backedOff = false;
  const client = new Connection("client", {}, { ...QUIET, onWritable: () => backedOff = false }, 0);
  const server: Connection = new Connection("server", config, {
    ...QUIET,
    onData(id, data) {
      received += data.length;
      server.consume(id, data.length);
    },
  }, 0);
  const way = (from: Connection, to: Connection) => {
    const under: { atMs: number; bytes: Uint8Array }[] = [];
    return (nowMs: number) => {
      for (let room = LINK_BYTES_PER_MS; room > 0;) {
        const bytes = from.takeOutput(room);
        if (bytes === undefined) break;
        under.push({ atMs: nowMs + delayMs, bytes: bytes.slice() });
        room -= bytes.length;
      }
      while (under.length > 0 && under[0].atMs <= nowMs) to.receive(under.shift()?.bytes ?? CHUNK, nowMs);
    };
  };
  const up = way(client, server), down = way(server, client);
  let id = -1;
  for (let nowMs = 0; nowMs < ms; nowMs++) {
    if (id < 0) id = client.request(REQUEST, false);
    if (id > 0) { while (!backedOff) backedOff = !client.sendData(id, CHUNK, false); }
    up(nowMs);
    down(nowMs);
  }
  expect(server.error).toBeUndefined();
  expect(client.error).toBeUndefined();
  return received;
}

describe("windows on a long path", () => {
  it("grow until the path is full, not the window", () => {
    const fixed = upload(50, 3_000, { maxWindowBytes: 0 });
    expect(upload(50, 3_000)).toBeGreaterThan(10 * fixed);
  });

  it("stop at their bound", () => {
    const bound = 1_048_576;
    const roundTrips = 3_000 / 100;
    expect(upload(50, 3_000, { maxWindowBytes: bound })).toBeLessThan(roundTrips * bound);
  });

  it("stay where a round trip does not fill them", () => {
    const probe = new BandwidthProbe();
    probe.start(0);
    probe.received(100_000);
    expect(probe.finish(1, 262_144)).toBe(0);
  });

  it("stay where a full window brings no more than before", () => {
    const probe = new BandwidthProbe();
    probe.start(0);
    probe.received(262_144);
    const grown = probe.finish(10, 262_144);
    expect(grown).toBeGreaterThan(262_144);
    probe.start(10);
    probe.received(grown);
    expect(probe.finish(210, grown)).toBe(0);
  });
});

// Two connections wired together: what one end sends the other gets, whatever the splits, windows and turns.
// Must never lose, repeat or reorder a byte, nor stop before everything has arrived.
import fc from "fast-check";
import { Connection, type ConnectionEvents, type HeaderList, type Http2Config } from "../../src/http2/mod.ts";
import { GOAWAY_PING_TIMEOUT_MS } from "../../src/http2/limits.ts";
import { random } from "../../src/http2/testkit.ts";
import { check } from "./wire_judge.ts";

interface Body {
  sizes: number[];
  trailers: number;
}
/** One call: what each side sends, and after how many rounds it begins. */
interface Call {
  at: number;
  request: Body;
  response: Body;
  metadata: [string, string][];
  /** The client resets it after so many rounds; -1: never. */
  cancelAt: number;
}
export interface PairCase {
  seed: number;
  piece: number;
  client: Partial<Http2Config>;
  server: Partial<Http2Config>;
  /** Bytes are consumed so many rounds late. */
  lag: number;
  calls: Call[];
}

/** Rounds in which nothing moves before a run counts as stuck. */
const STILL_ROUNDS = 20;
const MAX_ROUNDS = 200_000;
/** Slow enough that small windows, which need many WINDOW_UPDATE frames, are no flood. */
const ROUND_MS = 1_000;
const REQUEST = [":method", "POST", ":scheme", "http", ":path", "/s/M", ":authority", "h"];

interface Side {
  headers: HeaderList | undefined;
  trailers: HeaderList | undefined;
  got: number;
  ended: boolean;
  /** Sum over the bytes with their place: a byte lost, changed or out of order shows. */
  sum: number;
}

const newSide = (): Side => ({ headers: undefined, trailers: undefined, got: 0, ended: false, sum: 0 });
const byteAt = (id: number, at: number) => (id * 31 + at * 7 + (at >>> 8)) & 0xff;
const total = (body: Body) => body.sizes.reduce((sum, size) => sum + size, 0);

function chunk(id: number, from: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = byteAt(id, from + i);
  return bytes;
}

class End implements ConnectionEvents {
  connection!: Connection;
  readonly seen = new Map<number, Side>();
  readonly resets = new Map<number, number>();
  readonly writable = new Set<number>();
  owed: { id: number; bytes: number; round: number }[] = [];
  closed = false;
  /** A client may not count on the server's limits before. */
  settled = false;
  round = 0;
  onRequest: (id: number) => void = () => {};

  onHeaders(id: number, headers: HeaderList, end: boolean, kind: string): void {
    const side = this.seen.get(id) ?? newSide();
    this.seen.set(id, side);
    if (kind === "trailers") side.trailers = headers;
    else side.headers = headers;
    side.ended = end;
    if (kind === "initial") this.onRequest(id);
  }
  onData(id: number, data: Uint8Array, end: boolean): void {
    const side = this.seen.get(id) as Side;
    for (const byte of data) {
      check(byte === byteAt(id, side.got++), `a wrong byte at ${side.got - 1} of stream ${id}`);
    }
    side.ended = end;
    this.owed.push({ id, bytes: data.length, round: this.round });
  }
  onReset(id: number, code: number): void {
    check(!this.resets.has(id), `stream ${id} was reset twice`);
    this.resets.set(id, code);
  }
  onWritable(id: number): void {
    this.writable.add(id);
  }
  onGoaway(): void {}
  onSettings(): void {
    this.settled = true;
  }
  onClosed(error?: Error): void {
    check(error === undefined, `the connection failed: ${error?.message}`);
    this.closed = true;
  }
  /** @returns whether anything was given back */
  consume(lag: number): boolean {
    const due = this.owed.filter(({ round }) => round + lag <= this.round);
    this.owed = this.owed.filter(({ round }) => round + lag > this.round);
    for (const { id, bytes } of due) this.connection.consume(id, bytes);
    return due.length > 0;
  }
}

/** One direction of one call. */
class Sender {
  #next = 0;
  #sent = 0;
  #blocked = false;
  done = false;

  constructor(readonly end: End, readonly id: number, readonly body: Body) {}

  /** Sends until told to back off. */
  go(): boolean {
    if (this.done) return false;
    if (this.#blocked && !this.end.writable.delete(this.id)) return false;
    this.#blocked = false;
    const { sizes, trailers } = this.body;
    let moved = false;
    while (!this.#blocked && !this.done) {
      moved = true;
      if (this.#next < sizes.length) {
        const size = sizes[this.#next++];
        const last = this.#next === sizes.length && trailers === 0;
        this.#blocked = !this.end.connection.sendData(this.id, chunk(this.id, this.#sent, size), last);
        this.#sent += size;
        this.done = last;
      } else {
        if (trailers > 0) this.end.connection.sendHeaders(this.id, trailersOf(this.body), true);
        else this.end.connection.sendData(this.id, new Uint8Array(0), true);
        this.done = true;
      }
    }
    return moved;
  }
}

const trailersOf = (body: Body): HeaderList => ["grpc-status", "0", "x-pad", "t".repeat(body.trailers)];

/** @throws Error that says what didn't arrive */
export function runPair(one: PairCase): void {
  const chance = random(one.seed);
  const client = new End(), server = new End();
  client.connection = new Connection("client", one.client, client, 0);
  server.connection = new Connection("server", one.server, server, 0);
  const calls = new Map<number, Call>();
  const senders: Sender[] = [];
  const cancelled = new Set<number>();
  const waiting = one.calls.toSorted((a, b) => a.at - b.at);
  server.onRequest = (id) => {
    const call = calls.get(id) as Call;
    server.connection.sendHeaders(id, [":status", "200", ...call.metadata.flat()], false);
    senders.push(new Sender(server, id, call.response));
  };
  let still = 0;
  let round = 0;
  for (; still < STILL_ROUNDS; round++) {
    check(round < MAX_ROUNDS, "two connections never come to rest");
    client.round = server.round = round;
    let moved = client.consume(one.lag);
    moved = server.consume(one.lag) || moved;
    while (
      mayBegin(one, client) && waiting.length > 0 && waiting[0].at <= round && client.connection.canOpenStream
    ) {
      const call = waiting.shift() as Call;
      const id = client.connection.request([...REQUEST, ...call.metadata.flat()], false);
      calls.set(id, call);
      senders.push(new Sender(client, id, call.request));
      moved = true;
    }
    for (const [id, call] of calls) {
      if (call.cancelAt < 0 || round < call.at + call.cancelAt || cancelled.has(id)) continue;
      cancelled.add(id);
      client.connection.reset(id, 8);
    }
    for (const sender of senders) {
      if (!cancelled.has(sender.id) && !sender.end.resets.has(sender.id)) moved = sender.go() || moved;
    }
    moved = move(client.connection, server.connection, round, one.piece, chance) || moved;
    moved = move(server.connection, client.connection, round, one.piece, chance) || moved;
    still = moved || one.calls.some(({ at, cancelAt }) => round < at + Math.max(0, cancelAt) + one.lag)
      ? 0
      : still + 1;
  }
  check(waiting.length === 0, `${waiting.length} calls never began`);
  for (const [id, call] of calls) {
    if (cancelled.has(id)) continue;
    verify(`request ${id}`, server, id, call.request, call.metadata);
    verify(`response ${id}`, client, id, call.response, call.metadata);
  }
  for (const end of [client, server]) {
    check(end.connection.openStreams === 0, `${end.connection.openStreams} streams are left`);
    check(end.connection.queuedBytes === 0, `${end.connection.queuedBytes} bytes are left`);
    check(end.connection.nextTimeoutMs(0) === undefined, "a connection at rest waits for something");
  }
  server.connection.goaway(0);
  for (let moved = true; moved;) {
    moved = move(server.connection, client.connection, round, one.piece, chance);
    moved = move(client.connection, server.connection, round, one.piece, chance) || moved;
  }
  server.connection.tick(round * ROUND_MS);
  server.connection.tick(round * ROUND_MS + GOAWAY_PING_TIMEOUT_MS); // a client that is done answers no PING
  check(client.closed && server.closed, "a graceful end left a connection open");
}

/** Before the server's SETTINGS a client may not count on more than it happens to know here. */
const mayBegin = (one: PairCase, client: End) =>
  client.settled || client.connection.openStreams < (one.server.maxConcurrentStreams ?? 1);

function verify(what: string, end: End, id: number, body: Body, metadata: [string, string][]): void {
  const side = end.seen.get(id);
  check(side !== undefined && !end.resets.has(id), `${what} was reset or never came`);
  check(
    side.got === total(body) && side.ended,
    `${what} has ${side.got} of ${total(body)} bytes, ended: ${side.ended}`,
  );
  const headers = (side.headers ?? []).join("\n");
  check(headers.endsWith(metadata.flat().join("\n")), `${what} has other headers`);
  const trailers = body.trailers > 0 ? trailersOf(body).join("\n") : "";
  check((side.trailers ?? []).join("\n") === trailers, `${what} has other trailers`);
}

function move(from: Connection, to: Connection, round: number, piece: number, chance: () => number): boolean {
  let moved = false;
  for (let turns = 0; turns < 1 + 8 * chance(); turns++) {
    const output = from.takeOutput(chance() < 0.5 ? undefined : 1 + Math.floor(chance() * piece * 3));
    if (output === undefined) break;
    moved = true;
    for (let at = 0; at < output.length;) {
      const size = 1 + Math.floor(chance() * piece);
      to.receive(output.slice(at, at + size), round * ROUND_MS);
      at += size;
    }
  }
  return moved;
}

const config = fc.record({
  streamWindowBytes: fc.oneof(
    fc.integer({ min: 32, max: 200 }),
    fc.constantFrom(1_000, 20_000, 65_535, 262_144),
  ),
  connectionWindowBytes: fc.constantFrom(65_535, 100_000, 1_048_576),
  maxFrameBytes: fc.constantFrom(16_384, 20_000),
  maxConcurrentStreams: fc.integer({ min: 1, max: 10 }),
  sendHighWaterBytes: fc.constantFrom(1, 5_000, 65_536),
  sendLowWaterBytes: fc.constantFrom(0, 1_000),
});
const body = (large: boolean): fc.Arbitrary<Body> =>
  fc.record({
    sizes: fc.array(fc.oneof(fc.nat({ max: 40 }), fc.nat({ max: large ? 70_000 : 3_000 })), { maxLength: 6 }),
    trailers: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 300 })),
  });
const metadata = fc.array(
  fc.tuple(
    fc.constantFrom("x-a", "x-b-bin", "cookie", "authorization", "user-agent", "grpc-timeout", "te"),
    fc.oneof(
      fc.constantFrom("trailers", "a", ""),
      fc.string({ maxLength: 30 }).map((text) => text.replace(/[^!-~]/g, "")),
    ),
  ).map(([name, value]): [string, string] => [name, name === "te" ? "trailers" : value]),
  { maxLength: 6 },
);

export const pairCase: fc.Arbitrary<PairCase> = fc.boolean().chain((large) =>
  fc.record({
    seed: fc.nat(),
    piece: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(1_000, 70_000)),
    // Tiny windows with large bodies take millions of rounds.
    client: large
      ? config.map((one) => ({ ...one, streamWindowBytes: one.streamWindowBytes + 9_000 }))
      : config,
    server: large
      ? config.map((one) => ({ ...one, streamWindowBytes: one.streamWindowBytes + 9_000 }))
      : config,
    lag: fc.nat({ max: 3 }),
    calls: fc.array(
      fc.record({
        at: fc.nat({ max: 30 }),
        request: body(large),
        response: body(large),
        metadata,
        cancelAt: fc.oneof({ weight: 5, arbitrary: fc.constant(-1) }, {
          weight: 1,
          arbitrary: fc.nat({ max: 12 }),
        }),
      }),
      { maxLength: 8 },
    ),
  })
);

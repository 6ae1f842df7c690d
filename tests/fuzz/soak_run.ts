// The same turn of a connection's life over and over: the live heap may not grow with the number of turns.
// Must never keep anything of a turn itself, or it would measure itself.
import fc from "fast-check";
import { Connection, type ConnectionEvents } from "../../src/http2/mod.ts";
import { CLIENT_PREFACE, Flag, FrameType } from "../../src/http2/frame.ts";
import { frame, u32 } from "../../src/http2/testkit.ts";
import { dataFrame, headerFrames, literals, settingsFrame } from "./peer_frames.ts";
import { check } from "./wire_judge.ts";

type Move = { do: number; size: number };
export interface SoakCase {
  role: "server" | "client";
  moves: Move[];
  /** Who ends what a turn leaves open: 0 the peer, 1 the application, 2 time, by stall. */
  end: number;
}

const WARM_TURNS = 60;
const TURNS = 300;
/** A turn that leaks, leaks a stream, a chunk or a header: more than so many bytes. */
const LEAK_BYTES_PER_TURN = 200;
/** What the heap may grow by itself: compiled code, caches that fill. */
const NOISE_BYTES = 100_000;
/** Every bucket of floods.ts is full again. */
const TURN_MS = 100_000;
const REQUEST = [":method", "POST", ":scheme", "http", ":path", "/s/M", ":authority", "h"];

class Soak implements ConnectionEvents {
  readonly connection: Connection;
  #nowMs = 0;
  #nextId = 1;
  #turn = 0;

  constructor(readonly one: SoakCase) {
    this.connection = new Connection(one.role, { sendStallTimeoutMs: 50_000 }, this, 0);
    if (one.role === "server") this.#send(CLIENT_PREFACE);
    this.#send(settingsFrame([]));
    this.#take();
    this.#send(frame(FrameType.SETTINGS, Flag.ACK, 0));
  }

  onHeaders(): void {}
  onData(): void {}
  onReset(): void {}
  onWritable(): void {}
  onGoaway(): void {}
  onClosed(): void {}

  #send(bytes: Uint8Array): void {
    this.connection.receive(bytes, this.#nowMs);
  }

  #take(): void {
    while (this.connection.takeOutput() !== undefined);
  }

  turn(): void {
    const { connection, one } = this;
    const first = this.#nextId;
    this.#turn++;
    for (const { do: move, size } of one.moves) this.#move(move, size, Math.max(first, this.#nextId - 2));
    for (let id = first; id < this.#nextId; id += 2) {
      if (one.end === 0) this.#send(frame(FrameType.RST_STREAM, 0, id, u32(8)));
      else if (one.end === 1) connection.reset(id, 8);
    }
    for (let i = 0; i < 4; i++) {
      this.#nowMs += TURN_MS / 4;
      this.#take();
      connection.tick(this.#nowMs);
    }
    // What waits for the peer's END_STREAM waits for ever: time ends only what has something to send.
    for (let id = first; id < this.#nextId; id += 2) connection.reset(id, 8);
    this.#take();
  }

  #move(move: number, size: number, id: number): void {
    const { connection } = this;
    const isServer = this.one.role === "server";
    const fresh = ["x-turn", String(this.#turn), `x-${this.#turn % 50}`, "v".repeat(size % 90)];
    try {
      switch (move) {
        case 0:
        case 1:
          if (isServer) {
            this.#send(headerFrames(this.#nextId, literals([...REQUEST, ...fresh], 1), move === 1, 0));
          } else if (connection.request([...REQUEST, ...fresh], move === 1) < 0) return;
          this.#nextId += 2;
          return;
        case 2:
          if (isServer) connection.sendHeaders(id, [":status", "200", ...fresh], false);
          connection.sendData(id, new Uint8Array(size * 10), false);
          return;
        case 3:
          if (isServer) return connection.sendHeaders(id, ["grpc-status", "0", ...fresh], true);
          return void connection.sendData(id, new Uint8Array(size), true);
        case 4:
          if (!isServer) this.#send(headerFrames(id, literals([":status", "200", ...fresh], 1), false, 0));
          return this.#send(dataFrame(id, size % 16_384, false, 3));
        case 5:
          return this.#send(headerFrames(id, literals(["x-end", "1"], 1), true, 4));
        case 6:
          return this.#send(frame(FrameType.WINDOW_UPDATE, 0, size % 2 ? id : 0, u32(size)));
        case 7:
          return this.#send(settingsFrame([[4, size], [1, size]]));
        case 8:
          return this.#send(frame(FrameType.PING, 0, 0, new Uint8Array(8)));
        case 9:
          return connection.consume(id, size);
        case 10:
          return this.#take();
        default:
          this.#send(headerFrames(isServer ? this.#nextId : id, literals(["Bad", "1"], 1), false, 0));
          if (isServer) this.#nextId += 2;
      }
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // not in this state: the next move is as good
    }
  }
}

/** Without `--expose-gc` there is nothing to measure. */
export const canSoak = "gc" in globalThis;

function liveBytes(): number {
  (globalThis as unknown as { gc(): void }).gc();
  return Deno.memoryUsage().heapUsed;
}

/** @throws Error when turns cost memory that does not come back */
export function runSoak(one: SoakCase): void {
  const soak = new Soak(one);
  const turns = (count: number) => {
    for (let i = 0; i < count && !soak.connection.closed; i++) soak.turn();
  };
  turns(WARM_TURNS);
  // Noise comes once; what leaks comes again, and twice as much of it.
  for (let count = TURNS; !soak.connection.closed; count *= 2) {
    const before = liveBytes();
    turns(count);
    const grown = liveBytes() - before;
    if (grown < NOISE_BYTES + LEAK_BYTES_PER_TURN * count) return;
    check(count < TURNS * 8, `${count} turns took ${grown} bytes that did not come back`);
  }
}

export const soakCase: fc.Arbitrary<SoakCase> = fc.record({
  role: fc.constantFrom("server" as const, "client" as const),
  moves: fc.array(
    fc.record({
      do: fc.oneof({ weight: 2, arbitrary: fc.nat({ max: 2 }) }, {
        weight: 3,
        arbitrary: fc.nat({ max: 11 }),
      }),
      size: fc.oneof(fc.nat({ max: 200 }), fc.nat({ max: 20_000 })),
    }),
    { minLength: 1, maxLength: 12 },
  ),
  end: fc.nat({ max: 2 }),
});

// The peer of a run: its stream ids, its windows, and its bytes cut as the steps say.
// Must never look into the engine: it knows what the wire told it.
import type { Connection } from "../../src/http2/mod.ts";
import type { EventJudge } from "./event_judge.ts";
import { dataFrame } from "./peer_frames.ts";
import type { Step } from "./steps.ts";
import { check, type WireJudge } from "./wire_judge.ts";

export class Peer {
  nextId = 1;
  /** Reads are of so many bytes; 0: as written, -1: kept back until the next cut. */
  cut = 0;
  #kept: Uint8Array[] = [];

  constructor(
    readonly connection: Connection,
    readonly wire: WireJudge,
    readonly events: EventJudge,
    /** The end under test is a server, so that the peer opens streams. */
    readonly isServer: boolean,
    readonly nowMs: () => number,
    /** What the application did inside events so far, each of which may end a stream. */
    readonly reactions: () => number,
  ) {}

  newId(by: number): number {
    const id = this.nextId + 2 * (by - 1);
    this.nextId = id + 2;
    return id;
  }

  headersId(ref: number): number {
    return this.isServer && (ref === 1 || ref === 2) ? this.newId(ref === 1 ? 1 : 4) : this.id(ref);
  }

  /** A stream by its part in the run, see steps.ts. */
  id(ref: number): number {
    switch (ref) {
      case 0:
        return 0;
      case 1:
        return this.isServer ? this.nextId : this.wire.lastId + 2;
      case 2:
        return this.nextId + 8;
      case 3:
        return 2;
      case 4:
        return 0x7fff_ffff;
      default:
        return Math.max(1, this.newestId - 2 * (ref - 5));
    }
  }

  get newestId(): number {
    return this.isServer ? this.nextId - 2 : this.wire.lastId;
  }

  /** Sends, split or kept back as the last cut said. */
  send(bytes: Uint8Array): void {
    this.#kept.push(bytes);
    if (this.cut >= 0) this.deliver();
  }

  deliver(): void {
    const length = this.#kept.reduce((sum, bytes) => sum + bytes.length, 0);
    const all = new Uint8Array(length);
    let to = 0;
    for (const bytes of this.#kept) {
      all.set(bytes, to);
      to += bytes.length;
    }
    this.#kept = [];
    const size = this.cut > 0 ? this.cut : Math.max(1, length);
    for (let at = 0; at < length; at += size) {
      const piece = all.slice(at, at + size);
      const before = this.events.events;
      this.wire.input(piece);
      if (this.isServer) this.nextId = Math.max(this.nextId, this.wire.lastId + 2);
      this.connection.receive(piece, this.nowMs());
      // A frame has 9 bytes; each may end its stream, and one may end them all and the connection.
      const most = piece.length + 10 + this.reactions() * 4 + 2 * this.events.streams.size;
      check(
        this.events.events - before <= most,
        `${piece.length} bytes made ${this.events.events - before} events`,
      );
      piece.fill(0xee); // the engine may keep no view of what it read
    }
  }

  data(step: Step & { do: "data" }): void {
    const id = this.id(step.stream);
    const padding = step.pad >= 0 ? step.pad + 1 : 0;
    let size = Math.min(step.size, 100_000);
    if (step.fit) {
      size = Math.min(
        size,
        this.wire.announcedBytes - padding,
        this.wire.streamRoom(id) - padding,
        16_384 - padding,
      );
      if (size < 0) return;
    }
    this.send(dataFrame(id, size, step.end, step.pad));
  }
}

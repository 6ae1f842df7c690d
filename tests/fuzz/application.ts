// The application of a run: it commands the connection as its contract allows, also from inside events.
// Must never break the contract: a TypeError is an application's defect and no finding.
import type { Connection } from "../../src/http2/mod.ts";
import type { EventJudge, StreamView } from "./event_judge.ts";
import { APP_REQUESTS } from "./peer_frames.ts";
import type { Policy } from "./steps.ts";
import { check } from "./wire_judge.ts";

const TRAILERS = ["grpc-status", "0"];
const OK = [":status", "200"];
/** Handlers that outlive their streams. */
const MAX_HELD = 3;
/** Reactions inside events, so that an application can't answer itself for ever. */
const MAX_REACTIONS = 200;

export class Application {
  reactions = 0;
  /** Places taken by handlers that outlive their streams. */
  held = 0;
  /** The last stream that a client opened; -1: none. */
  newestId = -1;

  constructor(
    readonly connection: Connection,
    readonly events: EventJudge,
    readonly policy: Policy,
    readonly isServer: boolean,
  ) {}

  /** From now on nothing is done inside events but giving bytes back. */
  calm(): void {
    this.reactions = MAX_REACTIONS + 1;
  }

  request(headers: string[], end: boolean): void {
    if (this.isServer) return;
    const could = this.connection.canOpenStream;
    const id = this.connection.request(headers, end);
    check(could === (id > 0), `canOpenStream is ${could} and request gave ${id}`);
    if (id < 0) return;
    this.newestId = id;
    const stream = this.events.opened(id);
    stream.headersSent = true;
    stream.localEnded = end;
  }

  respond(stream: StreamView | undefined, headers: string[], end: boolean): void {
    if (stream === undefined || stream.localEnded) return;
    const first = headers[0]?.startsWith(":") ?? false;
    const informational = first && headers[1].startsWith("1");
    const legal = first
      ? this.isServer && !stream.headersSent && !(informational && end)
      : stream.headersSent && end;
    if (!legal) return;
    if (!informational) stream.headersSent = true;
    if (end) stream.localEnded = true;
    this.connection.sendHeaders(stream.id, headers, end);
  }

  send(stream: StreamView | undefined, size: number, end: boolean): void {
    if (stream === undefined || stream.localEnded || !stream.headersSent) return;
    if (end) stream.localEnded = true;
    const queued = this.connection.queuedBytes;
    this.connection.sendData(stream.id, new Uint8Array(size).fill(0x61), end);
    const more = this.connection.queuedBytes - queued;
    check(more === 0 || more === size || this.connection.closed, `sendData of ${size} queued ${more}`);
  }

  reset(stream: StreamView | undefined, code: number): void {
    if (stream === undefined) return;
    if (code === 0 && stream.localEnded) stream.mayBeGone = true;
    else stream.gone = true;
    this.connection.reset(stream.id, code);
  }

  consume(stream: StreamView | undefined, size: number): void {
    if (stream === undefined) return;
    const bytes = Math.min(size, stream.unconsumed);
    stream.unconsumed -= bytes;
    this.connection.consume(stream.id, bytes);
  }

  /** A handler that outlives its stream, and its end. */
  hold(hold: boolean): void {
    if (!this.isServer || this.held === (hold ? MAX_HELD : 0)) return;
    if (hold) this.connection.holdSlot();
    else this.connection.releaseSlot();
    this.held += hold ? 1 : -1;
  }

  react(event: string, stream: StreamView | undefined, bytes: number): void {
    const { policy } = this;
    if (event === "data" && policy.consume) this.consume(stream, bytes);
    if (this.reactions++ > MAX_REACTIONS) return;
    const others = () => this.events.live.find((one) => one !== stream);
    switch (event) {
      case "headers":
        if (policy.onHeaders === 1) this.respond(stream, OK, true);
        else if (policy.onHeaders === 2) {
          this.respond(stream, OK, false);
          this.send(stream, 5_000, false);
          this.respond(stream, TRAILERS, true);
          if (stream?.remoteEnded === false) this.reset(stream, 0);
        } else if (policy.onHeaders === 3) this.reset(stream, 8);
        else if (policy.onHeaders === 4) this.connection.goaway(0);
        else if (policy.onHeaders === 5) this.connection.goaway(2);
        else if (policy.onHeaders === 6) this.hold(true);
        return;
      case "data":
        if (policy.onData === 1) this.reset(stream, 8);
        else if (policy.onData === 2) {
          this.respond(stream, OK, false);
          this.send(stream, bytes, false);
        } else if (policy.onData === 3) this.reset(others(), 8);
        else if (policy.onData === 4) this.connection.goaway(2);
        else if (policy.onData === 5) this.request(APP_REQUESTS[0], false);
        return;
      case "reset":
      case "goaway":
        if (policy.onReset === 1) this.reset(others(), 8);
        else if (policy.onReset === 2) this.send(others(), 100, true);
        else if (policy.onReset === 3) this.connection.goaway(0);
        else if (policy.onReset === 4) this.request(APP_REQUESTS[0], true);
        return;
      case "writable":
        if (policy.onWritable === 1) this.send(stream, 70_000, false);
        else if (policy.onWritable === 2) this.reset(stream, 8);
    }
  }
}

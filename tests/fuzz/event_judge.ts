// What the application sees of one connection, held against the order that ConnectionEvents promises.
// Must never be lenient: each stream has one beginning and one end, and nothing comes after onClosed.
import type { ConnectionEvents, HeaderList, HeadersKind, Http2Error } from "../../src/http2/mod.ts";
import { check } from "./wire_judge.ts";

export interface StreamView {
  readonly id: number;
  remoteEnded: boolean;
  /** The application gave END_STREAM. */
  localEnded: boolean;
  headersReceived: boolean;
  headersSent: boolean;
  unconsumed: number;
  gone: boolean;
  /** reset(NO_ERROR) after the whole answer: the engine may still wait with it. */
  mayBeGone: boolean;
}

/** `react` is the application's answer inside an event. */
export class EventJudge implements ConnectionEvents {
  readonly streams = new Map<number, StreamView>();
  closed = false;
  closes = 0;
  error: Http2Error | undefined;
  events = 0;
  goawayFrom = Infinity;
  react: (event: string, stream: StreamView | undefined, bytes: number) => void = () => {};

  constructor(readonly isServer: boolean) {}

  /** The application opened it, or the peer did. */
  opened(id: number): StreamView {
    const stream: StreamView = {
      id,
      remoteEnded: false,
      localEnded: false,
      headersReceived: false,
      headersSent: false,
      unconsumed: 0,
      gone: false,
      mayBeGone: false,
    };
    this.streams.set(id, stream);
    return stream;
  }

  /** Streams that the application still counts on. */
  get live(): StreamView[] {
    return [...this.streams.values()].filter((one) => !one.gone);
  }

  onHeaders(id: number, headers: HeaderList, endStream: boolean, kind: HeadersKind): void {
    this.#event();
    let stream = this.streams.get(id);
    if (this.isServer && kind === "initial") {
      check(stream === undefined, `stream ${id} began twice`);
      stream = this.opened(id);
    }
    const seen = this.#alive(stream, id, "headers");
    check(
      headers.length % 2 === 0 && (headers.length > 0 || kind === "trailers"),
      `an odd header list on stream ${id}`,
    );
    if (kind === "initial") {
      check(!seen.headersReceived, `stream ${id} got its headers twice`);
      seen.headersReceived = true;
    } else if (kind === "trailers") {
      check(seen.headersReceived && endStream, `early trailers on stream ${id}`);
    } else check(!this.isServer && !seen.headersReceived && !endStream, `a late 1xx on stream ${id}`);
    if (endStream) seen.remoteEnded = true;
    this.react("headers", seen, 0);
  }

  onData(id: number, data: Uint8Array, endStream: boolean): void {
    this.#event();
    const stream = this.#alive(this.streams.get(id), id, "data");
    check(stream.headersReceived, `data before headers on stream ${id}`);
    stream.unconsumed += data.length;
    if (endStream) stream.remoteEnded = true;
    this.react("data", stream, data.length);
  }

  onReset(id: number): void {
    this.#event();
    const stream = this.streams.get(id);
    check(stream !== undefined && !stream.gone, `stream ${id} ended twice, or never began`);
    stream.gone = true;
    this.react("reset", stream, 0);
  }

  onWritable(id: number): void {
    this.#event();
    const stream = this.streams.get(id);
    check(stream !== undefined && !stream.gone, `stream ${id} is writable after its end`);
    this.react("writable", stream, 0);
  }

  onGoaway(lastStreamId: number): void {
    this.#event();
    this.goawayFrom = lastStreamId;
    this.react("goaway", undefined, 0);
  }

  onSettings(): void {
    this.#event();
    this.react("settings", undefined, 0);
  }

  onPong(): void {
    this.#event();
  }

  onPing(): void {
    this.#event();
    this.react("ping", undefined, 0);
  }

  onStreamError(): void {
    this.#event();
  }

  onClosed(error: Http2Error | undefined): void {
    this.#event();
    this.closed = true;
    this.closes++;
    this.error = error;
    for (const stream of this.live) {
      const ended = stream.mayBeGone || (stream.remoteEnded && stream.localEnded);
      check(ended, `the connection closed and stream ${stream.id} heard nothing`);
    }
  }

  #event(): void {
    this.events++;
    check(!this.closed, "an event after onClosed");
  }

  #alive(stream: StreamView | undefined, id: number, what: string): StreamView {
    check(stream !== undefined, `${what} on stream ${id}, which never began`);
    check(!stream.gone && !stream.remoteEnded, `${what} on stream ${id} after its end`);
    return stream;
  }
}

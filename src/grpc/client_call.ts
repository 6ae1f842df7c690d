// One call of the client: from the caller's wishes to a stream's frames, and back to metadata, messages, a status.
// Must never give a second status, nor repeat a call of which the server may have seen anything.
import type { Buffer } from "node:buffer";
import { Metadata, status } from "@grpc/grpc-js";
import { ErrorCode, type HeaderList, type HeadersKind } from "../http2/mod.ts";
import type { CallListener, CallStart } from "./call_start.ts";
import type { ClientConnection } from "./client_connection.ts";
import { accepts, type Encoding, knownEncoding } from "./compression.ts";
import type { Expiring } from "./deadline_queue.ts";
import { headerValue, isProtoContentType } from "./headers.ts";
import { ClientOutbox } from "./client_outbox.ts";
import { frameMessage, MessageReader } from "./message.ts";
import { appendMetadata, metadataFrom } from "./metadata.ts";
import type { RequestHeaders } from "./request_headers.ts";
import { statusFromError } from "./status.ts";
import { type FullStatus, statusFromReset, statusFromResponse } from "./client_status.ts";
import { formatTimeout } from "./timeout.ts";

/** What a call needs of its channel. */
export interface CallHome {
  readonly maxReceiveMessageBytes: number;
  readonly maxSendMessageBytes: number;
  readonly encoding: Encoding;
  readonly headers: RequestHeaders;
  nowMs(): number;
  /** Gives the call a stream, now or later, or fails it. */
  place(call: ClientCall): void;
  /** The server doesn't read that encoding. */
  refusedEncoding(encoding: Encoding): void;
  /** The call has ended: forget it. */
  ended(call: ClientCall): void;
  /** What a call that waits for a connection waits for, in words. */
  waitingFor(): string;
}

/** A time and a deadline made of it differ by a hair more than was asked for, which would round up to a millisecond. */
const ROUNDING_MS = 1e-6;
const EMPTY = new Uint8Array(0);
const NO_COMPRESS = 2; // WriteFlags.NoCompress of grpc-js

export class ClientCall implements Expiring {
  queueIndex = -1;
  ended = false;
  readonly waitForReady: boolean;
  /** It was placed later than at its start: what is left of its time is less than all. */
  hasWaited = false;
  /** The same for all calls of its method. */
  readonly #headers: HeaderList;
  /** Its own: metadata. */
  readonly #ownHeaders: HeaderList = [];
  /** What its messages are compressed with. */
  #encoding: Encoding;
  #connection: ClientConnection | undefined;
  #streamId = -1;
  readonly #outbox = new ClientOutbox();
  readonly #reader: MessageReader;
  readonly #inbox: (Buffer | Compressed)[] = [];
  #wanted = 0;
  #unconsumedBytes = 0;
  #answered = false;
  /** Came with the trailers; told once the messages before it are read. */
  #ending: FullStatus | undefined;

  /**
   * @param startedMs on the channel's clock; any number when there is no deadline
   * @param deadlineMs on the same, the earliest of all that apply
   */
  constructor(
    private readonly home: CallHome,
    start: CallStart,
    readonly startedMs: number,
    readonly deadlineMs: number,
    private readonly listener: CallListener,
  ) {
    this.waitForReady = start.waitForReady ?? false;
    this.#encoding = start.encoding ?? home.encoding;
    this.#headers = home.headers.of(start.path, this.#encoding, start.host);
    if (start.metadata !== undefined) appendMetadata(this.#ownHeaders, start.metadata);
    this.#reader = new MessageReader(home.maxReceiveMessageBytes, "identity", true);
  }

  /** The address at the other end, once there is one. */
  get peer(): string | undefined {
    return this.#connection?.peer.address;
  }

  /** Opens the stream. False: this connection has no room. */
  attach(connection: ClientConnection): boolean {
    const streamId = connection.open(this, this.#headers, this.#withTimeout());
    if (streamId < 0) return false;
    this.#connection = connection;
    this.#streamId = streamId;
    this.#pump();
    return true;
  }

  /** Sends a message; `sent` when the next may come. After the end it goes nowhere. */
  send(message: Uint8Array, flags = 0, sent?: () => void): void {
    if (this.ended || this.#outbox.halfClosed || !this.#maySend(message)) return sent?.();
    this.#outbox.push(frameMessage(message, (flags & NO_COMPRESS) === 0 ? this.#encoding : "identity"), sent);
    this.#pump();
  }

  /** Sends the only message and the end together. */
  sendLast(message: Uint8Array): void {
    if (this.ended || !this.#maySend(message)) return;
    this.#outbox.push(frameMessage(message, this.#encoding), undefined);
    this.halfClose();
  }

  halfClose(): void {
    if (this.#outbox.halfClosed || this.ended) return;
    this.#outbox.halfClosed = true;
    this.#pump();
  }

  /** Asks for one more message. */
  read(): void {
    this.#wanted++;
    this.#deliver();
  }

  cancel(code: status, details: string): void {
    this.#fail({ code, details, metadata: new Metadata() });
  }

  expire(): void {
    this.#fail(this.#deadlineExceeded());
  }

  onHeaders(headers: HeaderList, endStream: boolean, kind: HeadersKind): void {
    if (this.ended || kind === "informational") return;
    if (this.#encoding !== "identity" && kind === "initial") this.#checkEncoding(headers);
    if (kind === "trailers" || endStream) {
      this.#outbox.commit();
      this.#end(this.#reader.idle ? statusFromResponse(headers) : cutShort(statusFromResponse(headers)));
      return;
    }
    this.#answered = true;
    this.#outbox.commit();
    const httpStatus = headerValue(headers, ":status");
    const contentType = headerValue(headers, "content-type") ?? "";
    if (httpStatus !== "200" || !isProtoContentType(contentType)) {
      return this.#fail(statusFromResponse(headers));
    }
    const encoding = knownEncoding(headerValue(headers, "grpc-encoding") ?? "identity");
    if (encoding === undefined) {
      const name = headerValue(headers, "grpc-encoding");
      // UNIMPLEMENTED is the server's answer to a client; the client's own is this (grpc/grpc doc/compression.md).
      return this.cancel(
        status.INTERNAL,
        `Received message compressed with unsupported encoding "${name}"`,
      );
    }
    this.#reader.setEncoding(encoding);
    this.listener.onMetadata(metadataFrom(headers));
  }

  onData(chunk: Uint8Array, endStream: boolean): void {
    this.#unconsumedBytes += chunk.length;
    if (!this.ended) {
      try {
        for (let one = this.#reader.next(chunk); one !== undefined; one = this.#reader.next(chunk)) {
          this.#inbox.push(this.#reader.compressed ? new Compressed(one) : one);
        }
      } catch (error) {
        const { code, details } = statusFromError(error);
        this.cancel(code, details);
      }
    }
    this.#deliver();
    if (endStream) this.#end(statusFromReset(ErrorCode.NO_ERROR, "peer", undefined));
  }

  onReset(code: number, by: "peer" | "local"): void {
    if (this.ended || this.#ending !== undefined) return;
    // A server that keeps the deadline too may be the first to act on it.
    const late = code === ErrorCode.CANCEL && by === "peer" && this.home.nowMs() >= this.deadlineMs
      ? this.#deadlineExceeded()
      : undefined;
    const connection = this.#connection;
    this.#connection = undefined;
    if (code === ErrorCode.REFUSED_STREAM && this.#outbox.repeatable && !this.#answered) {
      // Not processed (RFC 9113 section 8.7): repeat it unseen, but only once.
      this.#outbox.rewind();
      this.hasWaited = true;
      this.home.place(this);
      return;
    }
    this.#streamId = -1;
    this.#fail(late ?? statusFromReset(code, by, connection?.lost));
  }

  onWritable(): void {
    this.#outbox.unblock();
    this.#pump();
  }

  #deadlineExceeded(): FullStatus {
    const seconds = ((this.home.nowMs() - this.startedMs) / 1000).toFixed(3);
    const where = this.peer === undefined
      ? `waiting for ${this.home.waitingFor()}`
      : `remote_addr=${this.peer}`;
    const details = `Deadline exceeded after ${seconds}s,${where}`;
    return { code: status.DEADLINE_EXCEEDED, details, metadata: new Metadata() };
  }

  #withTimeout(): HeaderList {
    if (this.deadlineMs === Infinity) return this.#ownHeaders;
    const nowMs = this.hasWaited ? this.home.nowMs() : this.startedMs;
    const leftMs = this.deadlineMs - nowMs - ROUNDING_MS;
    return ["grpc-timeout", formatTimeout(leftMs), ...this.#ownHeaders];
  }

  #maySend(message: Uint8Array): boolean {
    const limit = this.home.maxSendMessageBytes;
    if (message.length <= limit) return true;
    this.cancel(
      status.RESOURCE_EXHAUSTED,
      `Attempted to send message with a size larger than ${limit} (${message.length} bytes)`,
    );
    return false;
  }

  /** A server that says what it reads gets no more of what it doesn't, in this call and in later ones. */
  #checkEncoding(headers: HeaderList): void {
    const readable = headerValue(headers, "grpc-accept-encoding");
    if (readable === undefined || accepts(readable, this.#encoding)) return;
    this.home.refusedEncoding(this.#encoding);
    this.#encoding = "identity";
  }

  #pump(): void {
    if (this.#connection !== undefined && !this.ended) this.#outbox.pump(this.#connection, this.#streamId);
  }

  #deliver(): void {
    while (this.#wanted > 0 && this.#inbox.length > 0 && !this.ended) {
      this.#wanted--;
      const message = this.#opened(this.#inbox.shift() as Buffer | Compressed);
      if (message !== undefined) this.listener.onMessage(message);
    }
    if (this.#unconsumedBytes > 0 && (this.#inbox.length === 0 || this.ended)) {
      this.#connection?.consume(this.#streamId, this.#unconsumedBytes);
      this.#unconsumedBytes = 0;
    }
    if (this.#inbox.length === 0 && this.#ending !== undefined && !this.ended) this.#finish(this.#ending);
  }

  /** Undefined: it can't be opened, and the call has ended for it. */
  #opened(message: Buffer | Compressed): Buffer | undefined {
    if (!(message instanceof Compressed)) return message;
    try {
      return this.#reader.inflate(message.body);
    } catch (error) {
      const { code, details } = statusFromError(error);
      this.cancel(code, details);
      return undefined;
    }
  }

  /** The server has ended the call: close our half, tell the status after the messages. */
  #end(ending: FullStatus): void {
    if (this.ended || this.#ending !== undefined) return;
    this.#ending = ending;
    if (!this.#outbox.endSent) {
      this.#outbox.endSent = true;
      if (this.#outbox.blocked) this.#connection?.reset(this.#streamId, ErrorCode.CANCEL);
      else this.#connection?.send(this.#streamId, EMPTY, true);
    }
    this.#connection?.forget(this.#streamId);
    this.#deliver();
  }

  /** Ends the call from here: what is unread is dropped, the server is told to stop. */
  #fail(ending: FullStatus): void {
    if (this.ended) return;
    if (this.#ending === undefined) this.#connection?.reset(this.#streamId, ErrorCode.CANCEL);
    this.#inbox.length = 0;
    this.#finish(ending);
  }

  #finish(ending: FullStatus): void {
    this.ended = true;
    this.#connection?.forget(this.#streamId);
    this.home.ended(this);
    this.#outbox.drop();
    this.listener.onStatus(ending);
  }
}

/** A message that waits as it came: a window full of gzip may be hundreds of MiB, and the window bounds what waits. */
class Compressed {
  constructor(readonly body: Buffer) {}
}

/** A message that is not whole must not pass for the good end of a stream. */
function cutShort(ending: FullStatus): FullStatus {
  if (ending.code !== status.OK) return ending;
  return { ...ending, code: status.INTERNAL, details: "The response stream ended inside a message" };
}

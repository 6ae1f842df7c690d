// The wire half of one call on the server: DATA -> messages, messages and a status -> frames.
// Must never run a handler's code (its subclasses do) nor outlive its stream in the connection's table.
import type { Buffer } from "node:buffer";
import { type Metadata, type sendUnaryData, status } from "@grpc/grpc-js";
import { ErrorCode, type HeaderList, headerListBytes } from "../http2/mod.ts";
import type { CallTrace } from "./call_trace.ts";
import { accepts, type Encoding, knownEncoding } from "./compression.ts";
import type { Expiring } from "./deadline_queue.ts";
import { fittingStatus, type RequestHead, responseHeaders, trailers } from "./headers.ts";
import { HELD_TOO_MUCH } from "./held_bytes.ts";
import { HELD_FREE_BYTES, REQUEST_STALL_MIN_BYTES } from "./limits.ts";
import { frameInScratch, frameMessage, MessageReader, PREFIX_BYTES } from "./message.ts";
import { appendMetadata, metadataFrom, READABLE_REQUEST } from "./metadata.ts";
import type { Method } from "./method.ts";
import type { ServerLink } from "./server_link.ts";
import { CallLimit } from "./server_observer.ts";
import { type CallStatus, DEADLINE_STATUS, GrpcError, OK_STATUS, statusFromError } from "./status.ts";

/** WriteFlags.NoCompress of grpc-js, which exports it as a type only. */
const NO_COMPRESS = 2;

export abstract class ServerCall implements Expiring {
  deadlineMs = Infinity;
  queueIndex = -1;
  readonly startedMs: number;
  /** A status was sent, or the stream is gone: nothing more goes out. */
  ended = false;
  /** It ended without a status of its handler's. */
  cancelled = false;
  protected requestEnded = false;
  /** sendData said to back off. */
  protected blocked = false;
  protected readonly reader: MessageReader;
  #responseStarted = false;
  readonly #encoding: Encoding;
  #unconsumedBytes = 0;
  /** What this call has taken of `link.held`. */
  #heldBytes = 0;
  #metadata: Metadata | undefined;
  #error: unknown;

  constructor(
    readonly link: ServerLink,
    readonly streamId: number,
    readonly method: Method,
    readonly head: RequestHead,
    readonly headers: HeaderList,
    readonly trace: CallTrace | undefined,
  ) {
    this.startedMs = link.turnMs;
    const encoding = knownEncoding(head.encoding) ?? "identity";
    this.reader = new MessageReader(link.maxReceiveMessageBytes, encoding, false, link.held);
    // A caller that compresses gets the same back, if it can read it.
    this.#encoding = encoding !== "identity" && accepts(head.acceptEncoding, encoding)
      ? encoding
      : "identity";
    if (head.timeoutMs !== Infinity) {
      this.deadlineMs = this.startedMs + head.timeoutMs;
      link.deadlines.add(this);
    }
  }

  /** The request's metadata; read at first use, since most handlers never look. */
  get metadata(): Metadata {
    return this.#metadata ??= metadataFrom(this.headers, READABLE_REQUEST);
  }

  /** Milliseconds since 1970, Infinity without a deadline. */
  get deadline(): number {
    if (this.deadlineMs === Infinity) return Infinity;
    return this.link.clock.epochMs() + this.deadlineMs - this.link.clock.nowMs();
  }

  /** One whole request message has come. */
  protected abstract onMessage(message: Buffer): void;
  /** The caller will send no more. */
  protected abstract onHalfClose(): void;
  /** The call is over without the handler's doing. */
  protected abstract onCancel(): void;
  /** The handler answered a call that is over. */
  protected onLateAnswer(): void {}
  /** The stream takes data again. */
  abstract onWritable(): void;
  /** Complete messages wait for the handler: hold back the peer. */
  protected get backlogged(): boolean {
    return false;
  }

  /** A message has begun, or must come, and is not whole. */
  get awaitsBytes(): boolean {
    return !this.ended && !this.requestEnded && (this.method.kind === "unary" ||
      this.method.kind === "serverStream" || !this.reader.idle);
  }

  /** The request comes too slowly. */
  stalled(): void {
    this.link.observer?.limited(CallLimit.REQUEST_TOO_SLOW);
    this.endWith({
      code: status.DEADLINE_EXCEEDED,
      details: `The request came too slowly: fewer than ${REQUEST_STALL_MIN_BYTES} bytes in the time it has`,
    });
  }

  /** Bytes of whole messages that wait for the end of the request, or for the handler, or are in its hands. */
  protected abstract get messageBytes(): number;

  receive(chunk: Uint8Array, endStream: boolean): void {
    this.#unconsumedBytes += chunk.length;
    try {
      for (let message = this.reader.next(chunk); message !== undefined; message = this.reader.next(chunk)) {
        this.method.observer?.received(this.link.transport, message.length);
        this.onMessage(message);
        if (this.ended) break;
      }
    } catch (error) {
      this.#unreadable(statusFromError(error));
    }
    const { excessBytes } = this.reader;
    if (excessBytes > 0) {
      this.reader.excessBytes = 0;
      this.link.inflated(excessBytes);
    }
    if (endStream) this.receiveEnd();
    if (!this.ended) this.account();
    this.giveBack();
  }

  #unreadable(ending: CallStatus): void {
    if (ending.code === status.RESOURCE_EXHAUSTED) {
      const held = ending.details === HELD_TOO_MUCH;
      this.link.observer?.limited(held ? CallLimit.HELD_BYTES : CallLimit.REQUEST_TOO_LARGE);
    }
    this.endWith(ending);
  }

  /** Takes or gives back what this call holds now; ends the call when there is no room. */
  protected account(): void {
    const bytes = this.ended ? 0 : this.reader.heldBytes + this.messageBytes;
    if (bytes === this.#heldBytes) return;
    if (this.link.held.holdRequest(bytes - this.#heldBytes)) {
      this.#heldBytes = bytes;
    } else {
      this.link.observer?.limited(CallLimit.HELD_BYTES);
      this.endWith({ code: status.RESOURCE_EXHAUSTED, details: HELD_TOO_MUCH });
    }
  }

  receiveEnd(): void {
    this.requestEnded = true;
    if (this.ended) return;
    if (this.reader.idle) {
      this.onHalfClose();
      if (!this.ended) this.account();
    } else this.endWith({ code: status.INTERNAL, details: "The request stream ended inside a message" });
  }

  /** The stream is gone: reset by the peer, or its connection ended. */
  reset(): void {
    if (this.ended) return;
    this.#end(status.CANCELLED);
    this.#cancel();
  }

  expire(): void {
    if (this.ended) return;
    this.endWith(DEADLINE_STATUS);
  }

  /**
   * Sends response headers, once; later ones are ignored, as in grpc-js.
   * @throws TypeError for a name that is legal as metadata and not in HTTP/2 (`a:b`)
   * @throws RangeError for more than the caller takes
   */
  sendMetadata(metadata?: Metadata): void {
    if (this.#responseStarted || this.ended) return;
    let headers = responseHeaders(this.#encoding);
    if (metadata !== undefined) {
      headers = headers.slice();
      appendMetadata(headers, metadata);
      const bytes = headerListBytes(headers), most = this.link.connection.peerMaxHeaderListBytes;
      if (bytes > most) {
        throw new RangeError(`The response metadata has ${bytes} bytes, the caller takes at most ${most}`);
      }
    }
    this.link.connection.sendHeaders(this.streamId, headers, false);
    this.#responseStarted = true;
    this.link.wake();
  }

  /**
   * Sends one message. False: back off until `onWritable`.
   * A value that can't be serialized ends the call with INTERNAL, as in grpc-js.
   */
  protected sendMessage(value: unknown, flags = 0): boolean {
    if (this.ended) return true;
    const message = this.#serialized(value);
    if (message === undefined) return true;
    const { connection } = this.link;
    const encoding = (flags & NO_COMPRESS) === 0 ? this.#encoding : "identity";
    if (encoding === "identity" && connection.queuedBytes === 0 && this.#sentInPlace(message)) return true;
    const framed = frameMessage(message, encoding);
    const { queuedBytes } = connection;
    if ((queuedBytes > 0 || framed.length > HELD_FREE_BYTES) && !this.#roomFor(framed.length)) return true;
    this.#sent(message.length);
    this.sendMetadata();
    this.blocked = !connection.sendData(this.streamId, framed, false);
    this.link.wake();
    return !this.blocked;
  }

  /** Good until the next message is serialized. Undefined: the call has ended for it. */
  #serialized(value: unknown): Uint8Array | undefined {
    try {
      const message = this.method.serialize(value);
      if (!(message instanceof Uint8Array)) throw new TypeError("a serializer must give bytes");
      const limit = this.link.maxSendMessageBytes;
      if (message.length <= limit) return message;
      this.link.observer?.limited(CallLimit.RESPONSE_TOO_LARGE);
      const details = `The response has ${message.length} bytes, this server sends at most ${limit}`;
      this.endWith({ code: status.RESOURCE_EXHAUSTED, details });
    } catch (error) {
      this.#error = error;
      this.endWith({ code: status.INTERNAL, details: "Error serializing response" });
    }
    return undefined;
  }

  /** Sends a message that may leave at once without an array of its own. */
  #sentInPlace(message: Uint8Array): boolean {
    const shared = frameInScratch(message);
    if (shared === undefined) return false;
    this.sendMetadata();
    if (!this.link.connection.sendNow(this.streamId, shared, PREFIX_BYTES + message.length)) return false;
    this.#sent(message.length);
    this.link.wake();
    return true;
  }

  #sent(bytes: number): void {
    this.method.observer?.sent(this.link.transport, bytes);
  }

  /** False when the peer reads too little for so much more: the call has ended then. */
  #roomFor(bytes: number): boolean {
    const { connection, held } = this.link;
    held.setOutput(connection.queuedBytes, connection.takenSlots);
    if (held.hasRoom(bytes)) return true;
    this.link.observer?.limited(CallLimit.UNREAD_RESPONSES);
    this.endWith({
      code: status.RESOURCE_EXHAUSTED,
      details: "The peer leaves too much unread; read responses before asking for more",
    });
    return false;
  }

  /** The handler's own ending. */
  sendStatus(ending: CallStatus, error?: unknown): void {
    if (this.ended) return;
    this.#error ??= error;
    const { connection } = this.link;
    let code = ending.code;
    try {
      const fitting = fittingStatus(ending, connection.peerMaxHeaderListBytes);
      code = fitting.code;
      connection.sendHeaders(this.streamId, trailers(fitting, !this.#responseStarted), true);
    } catch (unsendable) {
      this.#error ??= unsendable;
      code = status.INTERNAL;
      const plain = { code, details: "The handler's trailing metadata can't be sent over HTTP/2" };
      connection.sendHeaders(this.streamId, trailers(plain, !this.#responseStarted), true);
    }
    // Trailers before the caller's end: tell it to stop sending (PROTOCOL-HTTP2.md, "Responses").
    if (!this.requestEnded) connection.reset(this.streamId, ErrorCode.NO_ERROR);
    this.link.wake();
    this.#end(code);
  }

  /** Ends the call against the handler: its request was bad or too late. */
  protected endWith(ending: CallStatus): void {
    if (this.ended) return;
    if (this.blocked) {
      // Trailers would wait behind data that the peer doesn't take.
      this.link.connection.reset(this.streamId, ErrorCode.CANCEL);
      this.link.wake();
      this.#end(ending.code);
    } else {
      this.sendStatus(ending);
    }
    this.#cancel();
  }

  /** `sendUnaryData` of this call: for kinds with one response. */
  protected readonly respond: sendUnaryData<unknown> = (error, value, trailer, flags) => {
    if (this.ended) return this.onLateAnswer();
    if (error) {
      this.sendStatus(statusFromError(error, trailer), error);
      return;
    }
    this.sendMessage(value, flags);
    if (this.ended) return this.onLateAnswer();
    this.sendStatus(trailer === undefined ? OK_STATUS : { ...OK_STATUS, metadata: trailer });
  };

  /** @throws GrpcError INTERNAL when the bytes are no such message */
  protected deserialize(message: Buffer): unknown {
    try {
      return this.method.deserialize(message);
    } catch (error) {
      this.#error = error;
      throw new GrpcError(status.INTERNAL, "Error deserializing request");
    }
  }

  /** Gives received bytes back to the peer's window, unless messages wait: then the window bounds them. */
  protected giveBack(): void {
    if (this.#unconsumedBytes === 0 || (this.backlogged && !this.ended)) return;
    this.link.connection.consume(this.streamId, this.#unconsumedBytes);
    this.#unconsumedBytes = 0;
    this.link.wake();
  }

  #end(code: status): void {
    this.ended = true;
    if (this.#heldBytes > 0) {
      this.link.held.holdRequest(-this.#heldBytes);
      this.#heldBytes = 0;
    }
    this.link.deadlines.remove(this);
    this.link.ended(this, code, this.#error);
  }

  #cancel(): void {
    this.cancelled = true;
    this.onCancel();
  }
}

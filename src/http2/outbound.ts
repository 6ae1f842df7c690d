// What the application sends: header lists and body chunks, packed at once or queued in their stream.
// Must never send past a window, nor let one stream keep the others waiting for more than its turn.
import { Closed } from "./closed_streams.ts";
import type { Core } from "./core.ts";
import { ErrorCode } from "./errors.ts";
import type { HeaderList } from "./events.ts";
import { assertSendable } from "./header_check.ts";
import { HpackEncoder } from "./hpack_encoder.ts";
import {
  DATA_TURN_BYTES,
  DIRECT_DATA_BYTES,
  DRIBBLE_DATA_BYTES,
  MAX_STREAM_ID,
  OUTPUT_BUFFER_BYTES,
  REFUSED_LIST_COST,
} from "./limits.ts";
import { type Stream, Wait } from "./stream.ts";

const COLON = 0x3a;
/** Sent part of a queue that is cut off at once. */
const QUEUE_TRIM = 64;

/** The sending half of a connection. */
export class Outbound {
  readonly #core: Core;
  readonly encoder = new HpackEncoder();
  /** Streams that drained under the low watermark since the last takeOutput. */
  #writable: Stream[] = [];

  constructor(core: Core) {
    this.#core = core;
  }

  get canOpenStream(): boolean {
    const core = this.#core;
    return !core.isServer && !core.closed && !core.draining && !core.goawayReceived &&
      core.nextOwnId <= MAX_STREAM_ID && core.streams.size < core.peer.maxConcurrentStreams;
  }

  request(headers: HeaderList, endStream: boolean, more?: HeaderList): number {
    if (!this.canOpenStream) return -1;
    const core = this.#core;
    const length = this.encoder.encode(headers, more);
    const stream = core.open(core.nextOwnId);
    core.nextOwnId += 2;
    stream.headersSent = true;
    stream.bodyless = isHead(headers);
    core.output.headers(stream.id, this.encoder.block, length, endStream, core.peer.maxFrameBytes);
    if (endStream) this.#ended(stream);
    return stream.id;
  }

  sendHeaders(streamId: number, headers: HeaderList, endStream: boolean): void {
    const core = this.#core;
    const stream = core.find(streamId);
    if (stream === undefined) return; // gone meanwhile, and the application heard of it
    const informational = isInformational(stream, headers, endStream, core.isServer);
    if (stream.hasQueue || core.output.packedBytes >= OUTPUT_BUFFER_BYTES) {
      assertSendable(headers); // now, not when its turn comes
      if (endStream) stream.localEnded = true;
      this.#enqueue(stream, headers);
    } else {
      this.#packHeaders(stream, headers, endStream);
    }
    if (!informational) stream.headersSent = true;
  }

  sendData(streamId: number, data: Uint8Array, endStream: boolean): boolean {
    const core = this.#core;
    const stream = core.find(streamId);
    if (stream === undefined) return true; // gone: nothing to wait for
    if (stream.localEnded || !stream.headersSent) {
      throw new TypeError(`stream ${streamId} can't send data now`);
    }
    const length = data.length;
    if (endStream) stream.localEnded = true;
    if (
      !stream.hasQueue && length <= DIRECT_DATA_BYTES && core.output.packedBytes < OUTPUT_BUFFER_BYTES &&
      ((length <= stream.sendWindowBytes && length <= core.sendWindowBytes) || length === 0)
    ) {
      this.#packData(stream, data, 0, length, endStream);
      return true;
    }
    this.#enqueue(stream, data);
    stream.queuedBytes += length;
    core.queuedBytes += length;
    if (stream.queuedBytes < core.config.sendHighWaterBytes) return true;
    stream.backedOff = true;
    return false;
  }

  sendNow(streamId: number, bytes: Uint8Array, length: number): boolean {
    const core = this.#core;
    const stream = core.find(streamId);
    if (stream === undefined || stream.hasQueue || stream.localEnded || !stream.headersSent) return false;
    if (length > stream.sendWindowBytes || length > core.sendWindowBytes) return false;
    if (core.output.packedBytes >= OUTPUT_BUFFER_BYTES) return false;
    const { maxFrameBytes } = core.peer;
    for (let at = 0; at < length; at += maxFrameBytes) {
      this.#packData(stream, bytes, at, Math.min(maxFrameBytes, length - at), false);
    }
    return true;
  }

  reset(streamId: number, code: number): void {
    const core = this.#core;
    const stream = core.find(streamId);
    if (stream === undefined) return;
    // RFC 9113 section 8.1: a complete answer may be followed by RST_STREAM NO_ERROR, but must come first.
    if (code === ErrorCode.NO_ERROR && stream.localEnded && !stream.endSent) stream.resetAfterEnd = code;
    else core.resetNow(stream, code);
  }

  /** The connection's window grew. */
  unblockConnection(): void {
    const { ready, connectionBlocked } = this.#core;
    for (let stream = connectionBlocked.first; stream !== undefined; stream = connectionBlocked.first) {
      connectionBlocked.remove(stream);
      stream.wait = Wait.READY;
      ready.push(stream);
    }
  }

  /** The stream's window grew. */
  unblockStream(stream: Stream): void {
    if (stream.wait !== Wait.STREAM_WINDOW) return;
    stream.wait = Wait.READY;
    this.#core.ready.push(stream);
  }

  /** Packs queued frames, a turn for each stream, until `maxBytes` are packed or nothing may be sent. */
  fill(maxBytes: number): void {
    const { ready, output } = this.#core;
    for (let stream = ready.first; stream !== undefined; stream = ready.first) {
      if (output.packedBytes >= maxBytes) return;
      ready.remove(stream);
      stream.wait = Wait.NOWHERE;
      this.#turn(stream);
    }
  }

  /** Tells the streams that have room again. Outside fill(): the application sends from here. */
  notifyWritable(): void {
    if (this.#writable.length === 0) return;
    const streams = this.#writable;
    this.#writable = [];
    for (const stream of streams) {
      if (this.#core.find(stream.id) === stream) this.#core.events.onWritable(stream.id);
    }
  }

  #turn(stream: Stream): void {
    const core = this.#core;
    let turnBytes = DATA_TURN_BYTES;
    while (stream.hasQueue) {
      const item = stream.queue[stream.queueAt];
      if (!(item instanceof Uint8Array)) {
        this.#dequeue(stream);
        this.#packHeaders(stream, item, stream.localEnded && !stream.hasQueue);
        continue;
      }
      const rest = item.length - stream.headOffset;
      const size = Math.min(
        rest,
        turnBytes,
        core.peer.maxFrameBytes,
        stream.sendWindowBytes,
        core.sendWindowBytes,
      );
      if (size <= 0 && rest > 0) {
        this.#park(stream, turnBytes);
        break;
      }
      const offset = stream.headOffset;
      const sent = Math.max(size, 0); // an empty chunk passes a closed window
      stream.headOffset += sent;
      stream.queuedBytes -= sent;
      core.queuedBytes -= sent;
      stream.stallSentBytes += sent;
      turnBytes -= sent;
      if (sent === rest) this.#dequeue(stream);
      else if (sent < DRIBBLE_DATA_BYTES) core.dribbledFrames++;
      this.#packData(stream, item, offset, sent, stream.localEnded && !stream.hasQueue);
    }
    if (stream.backedOff && stream.queuedBytes <= core.config.sendLowWaterBytes) {
      stream.backedOff = false;
      if (!stream.localEnded) this.#writable.push(stream);
    }
  }

  #park(stream: Stream, turnBytes: number): void {
    const core = this.#core;
    if (core.sendWindowBytes <= 0) {
      stream.wait = Wait.CONNECTION_WINDOW;
      core.connectionBlocked.push(stream);
    } else if (stream.sendWindowBytes <= 0) {
      stream.wait = Wait.STREAM_WINDOW;
    } else if (turnBytes <= 0) {
      stream.wait = Wait.READY;
      core.ready.push(stream);
    }
  }

  #enqueue(stream: Stream, item: Uint8Array | HeaderList): void {
    if (!stream.hasQueue) {
      this.#core.queuedStreams++;
      stream.stallSinceMs = -1;
      stream.stallSentBytes = 0;
    }
    stream.queue.push(item);
    if (stream.wait === Wait.NOWHERE) {
      stream.wait = Wait.READY;
      this.#core.ready.push(stream);
    }
  }

  #dequeue(stream: Stream): void {
    stream.queueAt++;
    stream.headOffset = 0;
    if (!stream.hasQueue) {
      stream.clearQueue();
      stream.stallSinceMs = -1;
      this.#core.queuedStreams--;
    } else if (stream.queueAt >= QUEUE_TRIM) {
      stream.queue.splice(0, stream.queueAt);
      stream.queueAt = 0;
    }
  }

  #packHeaders(stream: Stream, headers: HeaderList, endStream: boolean): void {
    const core = this.#core;
    const length = this.encoder.encode(headers);
    core.output.headers(stream.id, this.encoder.block, length, endStream, core.peer.maxFrameBytes);
    if (endStream) this.#ended(stream);
  }

  #packData(stream: Stream, data: Uint8Array, start: number, length: number, endStream: boolean): void {
    const core = this.#core;
    stream.sendWindowBytes -= length;
    core.sendWindowBytes -= length;
    core.output.data(stream.id, data, start, length, endStream);
    if (endStream) this.#ended(stream);
  }

  #ended(stream: Stream): void {
    stream.localEnded = true;
    stream.endSent = true;
    this.#core.endIfDone(stream);
  }

  /** Answers a request whose header list is too large, for which no stream was made: a stream error, and counted as one. */
  refuseHeaderList(streamId: number, requestEnded: boolean): void {
    const core = this.#core;
    const { output, closedStreams, peer } = core;
    const length = this.encoder.encode(HEADER_LIST_TOO_LARGE);
    output.headers(streamId, this.encoder.block, length, true, peer.maxFrameBytes);
    if (requestEnded) closedStreams.remember(streamId, Closed.ENDED);
    else {
      output.resetStream(streamId, ErrorCode.NO_ERROR);
      closedStreams.remember(streamId, Closed.RESET_BY_US);
    }
    output.controlFrames++;
    if (core.calm(core.floods.streamError(core.nowMs, REFUSED_LIST_COST))) core.checkQueuedControl();
  }
}

/** RFC 6585 section 5. */
const HEADER_LIST_TOO_LARGE: HeaderList = [":status", "431"];

/** Informational or not; throws for what an application may not send in this state. */
function isInformational(
  stream: Stream,
  headers: HeaderList,
  endStream: boolean,
  isServer: boolean,
): boolean {
  if (stream.localEnded) throw new TypeError(`stream ${stream.id} has sent its end already`);
  const first = headers.length > 0 && headers[0].charCodeAt(0) === COLON;
  if (!first) {
    if (!stream.headersSent) throw new TypeError(`stream ${stream.id} needs :status before trailers`);
    if (!endStream) throw new TypeError(`trailers of stream ${stream.id} must end it`);
    return false;
  }
  if (!isServer || stream.headersSent) {
    throw new TypeError(`stream ${stream.id} has sent its headers already`);
  }
  const informational = headers[0] === ":status" && headers[1].startsWith("1");
  if (informational && endStream) throw new TypeError("an informational response can't end its stream");
  return informational;
}

function isHead(headers: HeaderList): boolean {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === ":method") return headers[i + 1] === "HEAD";
  }
  return false;
}

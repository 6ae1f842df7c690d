// What the peer sends, frame by frame (RFC 9113 section 6): checked, counted, and given to its place.
// Must never throw for a peer's bytes: every mistake is a stream error or a connection error.
import { BandwidthProbe } from "./bandwidth.ts";
import { Closed } from "./closed_streams.ts";
import type { Core } from "./core.ts";
import { ErrorCode } from "./errors.ts";
import {
  Flag,
  frameName,
  frameRuleError,
  FrameType,
  GOAWAY_FIXED_BYTES,
  PRIORITY_FIELD_BYTES,
  readU31,
  readU32,
} from "./frame.ts";
import { FrameReader } from "./frame_reader.ts";
import { HeaderBlock } from "./header_block.ts";
import { HeaderSections } from "./header_sections.ts";
import { INITIAL_WINDOW_BYTES, MAX_GOAWAY_DEBUG_BYTES, MAX_WINDOW_BYTES } from "./limits.ts";
import type { Outbound } from "./outbound.ts";
import type { Stream } from "./stream.ts";

/** The receiving half of a connection. */
export class Inbound {
  readonly #core: Core;
  readonly #outbound: Outbound;
  readonly #reader: FrameReader;
  readonly #sections: HeaderSections;
  readonly block = new HeaderBlock();
  /** The peer's first SETTINGS came. */
  settingsReceived = false;
  /** The payload of a PING of ours was answered; the connection compares. */
  onPong: (opaque: Uint8Array) => void = () => {};
  /** A PING with PROBE_PING is wanted. */
  onProbe: () => void = () => {};
  readonly #probe = new BandwidthProbe();

  constructor(core: Core, outbound: Outbound) {
    this.#core = core;
    this.#outbound = outbound;
    this.#reader = new FrameReader(core.config.maxFrameBytes);
    this.#sections = new HeaderSections(core, outbound);
  }

  /** Frames from `bytes[from..]`. */
  receive(bytes: Uint8Array, from: number): void {
    const reader = this.#reader;
    reader.push(bytes, from);
    while (!this.#core.closed && reader.next()) this.#frame(reader);
  }

  #frame(frame: FrameReader): void {
    const core = this.#core;
    if (!this.settingsReceived && (frame.type !== FrameType.SETTINGS || (frame.flags & Flag.ACK) !== 0)) {
      const what = frame.type === 0x50 && frame.length === 0x485454 ? "HTTP/1 answer" : frameName(frame.type);
      return this.#fail(ErrorCode.PROTOCOL_ERROR, `${what} where SETTINGS must come first`);
    }
    if (frame.tooLarge) {
      return this.#fail(
        ErrorCode.FRAME_SIZE_ERROR,
        `${frameName(frame.type)} of ${frame.length} bytes is too large`,
      );
    }
    const code = frameRuleError(frame.type, frame.flags, frame.streamId, frame.length);
    if (code !== 0) {
      return this.#fail(code, `${frameName(frame.type)} with a wrong length or stream ${frame.streamId}`);
    }
    if (this.block.streamId !== 0 ? !this.#continues(frame) : frame.type === FrameType.CONTINUATION) {
      return this.#fail(
        ErrorCode.PROTOCOL_ERROR,
        `${frameName(frame.type)} out of place around a header block`,
      );
    }
    switch (frame.type) {
      case FrameType.DATA:
        return this.#data(frame);
      case FrameType.HEADERS:
        return this.#headers(frame);
      case FrameType.CONTINUATION:
        return this.#addToBlock(frame, frame.start, frame.end);
      case FrameType.PRIORITY:
        return this.#priority(frame);
      case FrameType.RST_STREAM:
        return this.#resetStream(frame);
      case FrameType.SETTINGS:
        return this.#settings(frame);
      case FrameType.PUSH_PROMISE:
        return this.#fail(ErrorCode.PROTOCOL_ERROR, "PUSH_PROMISE, which we do not allow");
      case FrameType.PING:
        return this.#ping(frame);
      case FrameType.GOAWAY:
        return this.#goaway(frame);
      case FrameType.WINDOW_UPDATE:
        return this.#windowUpdate(frame);
      default:
        core.calm(core.floods.ignored(core.nowMs));
    }
  }

  #fail(code: number, message: string): void {
    this.#core.fail(code, message, "peer");
  }

  #continues(frame: FrameReader): boolean {
    return frame.type === FrameType.CONTINUATION && frame.streamId === this.block.streamId;
  }

  #data(frame: FrameReader): void {
    const core = this.#core;
    const { streamId, bytes, length } = frame;
    let { start, end } = frame;
    if ((frame.flags & Flag.PADDED) !== 0) {
      const padding = length > 0 ? bytes[start++] : 1;
      end -= padding;
      if (end < start) return this.#fail(ErrorCode.PROTOCOL_ERROR, "DATA has more padding than payload");
    }
    if (!core.receiveWindow.receive(length)) {
      return this.#fail(ErrorCode.FLOW_CONTROL_ERROR, "DATA beyond the connection's window");
    }
    this.#probe.received(length);
    const endStream = (frame.flags & Flag.END_STREAM) !== 0;
    const size = end - start;
    if (!core.calm(core.floods.data(size, endStream, core.nowMs))) return;
    const stream = core.find(streamId);
    if (stream === undefined || stream.remoteEnded) {
      core.consumeOnConnection(length);
      if (stream !== undefined) {
        return core.streamError(streamId, ErrorCode.STREAM_CLOSED, "DATA after END_STREAM");
      }
      return this.#onGoneStream(frame);
    }
    if (!stream.receiveWindow.receive(length)) {
      core.consumeOnConnection(length);
      return core.streamError(streamId, ErrorCode.FLOW_CONTROL_ERROR, "DATA beyond the stream's window");
    }
    stream.unconsumedBytes += length;
    stream.receivedBytes += size;
    const wrong = this.#sections.bodyError(stream, endStream);
    if (wrong !== "") return core.streamError(streamId, ErrorCode.PROTOCOL_ERROR, wrong);
    if (endStream) stream.remoteEnded = true;
    if (length > size) this.consume(streamId, length - size); // padding is nobody's to consume
    if (size > 0 || endStream) core.events.onData(streamId, bytes.subarray(start, end), endStream);
    if (endStream) core.endIfDone(stream);
  }

  /** Consumed body bytes go back to both windows. */
  consume(streamId: number, consumedBytes: number): void {
    const core = this.#core;
    const stream = core.find(streamId);
    if (stream === undefined) return; // gone: its bytes went back when it went
    const bytes = Math.min(consumedBytes, stream.unconsumedBytes);
    if (bytes <= 0) return;
    stream.unconsumedBytes -= bytes;
    if (core.consumeOnConnection(bytes)) this.#startProbe();
    if (stream.remoteEnded) return;
    const increment = stream.receiveWindow.consume(bytes);
    if (increment === 0) return;
    core.output.windowUpdate(streamId, increment);
    this.#startProbe();
  }

  /** A window was half used: whether it holds the peer back is worth one PING. */
  #startProbe(): void {
    const core = this.#core;
    const grown = core.streamWindowBytes >= core.config.maxWindowBytes;
    if (this.#probe.running || grown || !core.settingsAcked || core.settingsPending > 0) return;
    this.#probe.start(core.nowMs);
    this.onProbe();
  }

  /** The answer to `onProbe`. */
  probed(): void {
    const core = this.#core;
    if (!this.#probe.running) return;
    const wanted = this.#probe.finish(core.nowMs, core.streamWindowBytes);
    if (wanted > 0) core.growWindows(wanted);
  }

  #headers(frame: FrameReader): void {
    const core = this.#core;
    const { streamId, bytes } = frame;
    let { start, end } = frame;
    if (streamId % 2 === 0 || (!core.isServer && streamId >= core.nextOwnId)) {
      return this.#fail(
        ErrorCode.PROTOCOL_ERROR,
        `HEADERS on stream ${streamId}, which the peer may not open`,
      );
    }
    if ((frame.flags & Flag.PADDED) !== 0) end -= start < end ? bytes[start++] : 1;
    let selfDependent = false;
    if ((frame.flags & Flag.PRIORITY) !== 0) {
      selfDependent = end - start >= PRIORITY_FIELD_BYTES && readU31(bytes, start) === streamId;
      start += PRIORITY_FIELD_BYTES;
    }
    if (end < start) return this.#fail(ErrorCode.PROTOCOL_ERROR, "HEADERS has more padding than payload");
    const endStream = (frame.flags & Flag.END_STREAM) !== 0;
    if ((frame.flags & Flag.END_HEADERS) !== 0) {
      return this.#sections.receive(streamId, endStream, selfDependent, bytes, start, end);
    }
    this.block.begin(streamId, endStream, selfDependent, core.nowMs);
    this.#addToBlock(frame, start, end);
  }

  #addToBlock(frame: FrameReader, start: number, end: number): void {
    const block = this.block;
    if (!this.#core.calm(block.add(frame.bytes, start, end)) || (frame.flags & Flag.END_HEADERS) === 0) {
      return;
    }
    const { streamId, endStream, selfDependent, bytes, length } = block;
    block.finish();
    this.#sections.receive(streamId, endStream, selfDependent, bytes, 0, length);
  }

  #priority(frame: FrameReader): void {
    const core = this.#core;
    const { streamId } = frame;
    if (!core.calm(core.floods.priority(core.nowMs))) return;
    let code: number = ErrorCode.NO_ERROR;
    if (frame.length !== PRIORITY_FIELD_BYTES) code = ErrorCode.FRAME_SIZE_ERROR;
    else if (readU31(frame.bytes, frame.start) === streamId) code = ErrorCode.PROTOCOL_ERROR;
    if (code === ErrorCode.NO_ERROR) return;
    // RST_STREAM on an idle stream would itself be an error (section 6.4).
    if (core.isIdle(streamId)) this.#fail(code, "PRIORITY is malformed");
    else core.streamError(streamId, code, "PRIORITY is malformed");
  }

  #resetStream(frame: FrameReader): void {
    const core = this.#core;
    const { streamId } = frame;
    if (core.isIdle(streamId)) {
      return this.#fail(ErrorCode.PROTOCOL_ERROR, `RST_STREAM on stream ${streamId}, which is idle`);
    }
    const stream = core.find(streamId);
    // A caller may answer our own reset with one: after trailers that came before its end, every call has it.
    const crossed = stream === undefined && core.howClosed(streamId) === Closed.RESET_BY_US;
    if (core.isServer && !crossed && !core.calm(core.floods.reset(core.nowMs))) return;
    if (stream === undefined) return void core.calm(core.floods.ignored(core.nowMs));
    core.remove(stream, Closed.RESET_BY_PEER);
    core.events.onReset(streamId, readU32(frame.bytes, frame.start), "peer");
    core.closeIfDrained();
  }

  #settings(frame: FrameReader): void {
    const core = this.#core;
    if ((frame.flags & Flag.ACK) !== 0) {
      if (core.settingsPending === 0) return void core.calm(core.floods.ignored(core.nowMs));
      core.settingsPending--;
      core.settingsSentMs = core.nowMs;
      if (core.settingsAcked) return;
      core.settingsAcked = true;
      const size = core.streamWindowBytes;
      if (size < INITIAL_WINDOW_BYTES) {
        for (const stream of core.streams.values()) this.#resizeWindow(stream, size);
      }
      return;
    }
    this.settingsReceived = true;
    if (!core.calm(core.floods.settings(core.nowMs))) return;
    const peer = core.peer;
    const windowBefore = peer.initialWindowBytes;
    const code = peer.apply(frame.bytes, frame.start, frame.end, !core.isServer);
    if (code !== 0) return this.#fail(code, peer.problem);
    this.#outbound.encoder.limitTable(Math.min(peer.smallestTableBytes, peer.headerTableBytes));
    this.#outbound.encoder.limitTable(peer.headerTableBytes);
    if (
      peer.initialWindowBytes !== windowBefore && !this.#shiftWindows(peer.initialWindowBytes - windowBefore)
    ) {
      return this.#fail(
        ErrorCode.FLOW_CONTROL_ERROR,
        "INITIAL_WINDOW_SIZE takes a stream's window above 2^31-1",
      );
    }
    core.output.settingsAck();
    core.checkQueuedControl();
    if (!core.closed) core.events.onSettings?.();
  }

  /** What was consumed may be enough for an update of the smaller window, and nothing else would send it. */
  #resizeWindow(stream: Stream, sizeBytes: number): void {
    stream.receiveWindow.resize(sizeBytes);
    const increment = stream.remoteEnded ? 0 : stream.receiveWindow.consume(0);
    if (increment > 0) this.#core.output.windowUpdate(stream.id, increment);
  }

  /** Section 6.9.2: the change applies to every stream, and may make windows negative. */
  #shiftWindows(bytes: number): boolean {
    for (const stream of this.#core.streams.values()) {
      stream.sendWindowBytes += bytes;
      if (stream.sendWindowBytes > MAX_WINDOW_BYTES) return false;
      if (stream.sendWindowBytes > 0) this.#outbound.unblockStream(stream);
    }
    return true;
  }

  #ping(frame: FrameReader): void {
    const core = this.#core;
    if ((frame.flags & Flag.ACK) !== 0) return this.#pong(frame);
    if (!core.calm(core.floods.ping(core.nowMs))) return;
    core.output.ping(frame.bytes, frame.start, true);
    core.checkQueuedControl();
    if (!core.closed) core.events.onPing?.(core.nowMs);
  }

  #pong(frame: FrameReader): void {
    const core = this.#core;
    if (core.pingsOut === 0) return void core.calm(core.floods.ignored(core.nowMs));
    core.pingsOut--;
    this.onPong(frame.bytes.slice(frame.start, frame.end));
  }

  #goaway(frame: FrameReader): void {
    const core = this.#core;
    if (!core.calm(core.floods.ignored(core.nowMs))) return;
    core.goawayReceived = true;
    const lastId = readU31(frame.bytes, frame.start);
    const debugStart = frame.start + GOAWAY_FIXED_BYTES;
    const debug = frame.bytes.slice(debugStart, Math.min(frame.end, debugStart + MAX_GOAWAY_DEBUG_BYTES));
    core.events.onGoaway(lastId, readU32(frame.bytes, frame.start + 4), debug);
    if (!core.isServer && !core.closed) {
      for (const stream of core.streams.values()) {
        if (stream.id <= lastId || core.find(stream.id) !== stream) continue;
        core.remove(stream, Closed.RESET_BY_US);
        core.events.onReset(stream.id, ErrorCode.REFUSED_STREAM, "local");
      }
    }
    core.closeIfDrained();
  }

  #windowUpdate(frame: FrameReader): void {
    const core = this.#core;
    const { streamId } = frame;
    const increment = readU31(frame.bytes, frame.start);
    if (!core.calm(core.floods.windowUpdate(core.output.dataFrames - core.dribbledFrames, core.nowMs))) {
      return;
    }
    if (streamId === 0) {
      if (increment === 0) return this.#fail(ErrorCode.PROTOCOL_ERROR, "WINDOW_UPDATE of 0");
      core.sendWindowBytes += increment;
      if (core.sendWindowBytes > MAX_WINDOW_BYTES) {
        return this.#fail(ErrorCode.FLOW_CONTROL_ERROR, "the connection's window went above 2^31-1");
      }
      return this.#outbound.unblockConnection();
    }
    const stream = core.find(streamId);
    if (stream === undefined) {
      // After the end of a stream WINDOW_UPDATE is late, not wrong (section 5.1, closed).
      if (core.isIdle(streamId)) {
        this.#fail(ErrorCode.PROTOCOL_ERROR, `WINDOW_UPDATE on idle stream ${streamId}`);
      }
      return;
    }
    if (increment === 0) return core.streamError(streamId, ErrorCode.PROTOCOL_ERROR, "WINDOW_UPDATE of 0");
    stream.sendWindowBytes += increment;
    if (stream.sendWindowBytes > MAX_WINDOW_BYTES) {
      return core.streamError(
        streamId,
        ErrorCode.FLOW_CONTROL_ERROR,
        "the stream's window went above 2^31-1",
      );
    }
    if (stream.sendWindowBytes > 0) this.#outbound.unblockStream(stream);
  }

  /** DATA where no stream is. */
  #onGoneStream(frame: FrameReader): void {
    const core = this.#core;
    const { streamId } = frame;
    const name = frameName(frame.type);
    if (core.isIdle(streamId)) {
      return this.#fail(ErrorCode.PROTOCOL_ERROR, `${name} on stream ${streamId}, which is idle`);
    }
    switch (core.howClosed(streamId)) {
      case Closed.RESET_BY_US:
      case Closed.FORGOTTEN: // sent before the peer knew (section 5.1)
        return void core.calm(core.floods.ignored(core.nowMs));
      case Closed.RESET_BY_PEER:
        return core.streamError(streamId, ErrorCode.STREAM_CLOSED, `${name} after RST_STREAM`);
      default:
        return this.#fail(ErrorCode.STREAM_CLOSED, `${name} on stream ${streamId}, which is closed`);
    }
  }
}

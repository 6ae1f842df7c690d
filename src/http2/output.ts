// The single writer: control frames, header blocks and DATA of one turn, packed into one array.
// Must never reorder what depends on order: HEADERS, SETTINGS ACK and RST_STREAM keep their places.
import { Flag, FrameType, PING_BYTES, writeU32 } from "./frame.ts";
import { FrameBuffer } from "./frame_buffer.ts";
import { writeLatin1 } from "./latin1.ts";

/** A buffer that grew beyond this is not kept while there is nothing to send. */
const IDLE_KEEP_BYTES = 65_536;
/** Below this a loop is faster than Uint8Array.set with its view. */
const LOOP_COPY_BYTES = 48;

/** Two lanes: what may overtake (the first SETTINGS, PING answers, WINDOW_UPDATE), and what may not. */
export class Output {
  #urgent = new FrameBuffer();
  #ordered = new FrameBuffer();
  #spare = new FrameBuffer();
  #rest: Uint8Array | undefined;
  /** Answers and resets since the last take: what a peer that does not read makes us queue. */
  controlFrames = 0;
  /** DATA frames ever packed. */
  dataFrames = 0;
  /** HEADERS, CONTINUATION and DATA frames packed so far. */
  streamFrames = 0;
  /** How often bytes were taken: the sign that the transport moves. */
  takes = 0;

  /** Bytes packed and not taken, without urgent frames. */
  get packedBytes(): number {
    return this.#ordered.length;
  }

  get isEmpty(): boolean {
    return this.#ordered.length === 0 && this.#urgent.length === 0 && this.#rest === undefined;
  }

  /** Bytes that come before every frame: the client's preface, or an answer that is not HTTP/2. */
  raw(bytes: Uint8Array): void {
    this.#urgent.append(bytes);
  }

  /** @param settings identifier, value, identifier, value ... */
  settings(settings: readonly number[]): void {
    const lane = this.#urgent;
    let at = lane.frame((settings.length / 2) * 6, FrameType.SETTINGS, 0, 0);
    for (let i = 0; i < settings.length; i += 2, at += 6) {
      lane.bytes[at] = settings[i] >>> 8;
      lane.bytes[at + 1] = settings[i];
      writeU32(lane.bytes, at + 2, settings[i + 1]);
    }
  }

  /** In order: header blocks packed before it still follow the old settings. */
  settingsAck(): void {
    this.controlFrames++;
    this.#ordered.frame(0, FrameType.SETTINGS, Flag.ACK, 0);
  }

  ping(opaque: Uint8Array, start: number, ack: boolean): void {
    this.controlFrames++;
    // An answer may overtake; a question may not, since GOAWAY's PING must follow it.
    const lane = ack ? this.#urgent : this.#ordered;
    const at = lane.frame(PING_BYTES, FrameType.PING, ack ? Flag.ACK : 0, 0);
    for (let i = 0; i < PING_BYTES; i++) lane.bytes[at + i] = opaque[start + i];
  }

  windowUpdate(streamId: number, incrementBytes: number): void {
    const lane = this.#urgent;
    const at = lane.frame(4, FrameType.WINDOW_UPDATE, 0, streamId);
    writeU32(lane.bytes, at, incrementBytes);
  }

  resetStream(streamId: number, code: number): void {
    this.controlFrames++;
    const lane = this.#ordered;
    const at = lane.frame(4, FrameType.RST_STREAM, 0, streamId);
    writeU32(lane.bytes, at, code);
  }

  /** @param debug latin1 */
  goaway(lastStreamId: number, code: number, debug: string): void {
    const lane = this.#ordered;
    const at = lane.frame(8 + debug.length, FrameType.GOAWAY, 0, 0);
    writeU32(lane.bytes, at, lastStreamId);
    writeU32(lane.bytes, at + 4, code);
    writeLatin1(debug, lane.bytes, at + 8);
  }

  /** HEADERS, and CONTINUATION where `block[0..length)` is more than the peer's frame size. */
  headers(
    streamId: number,
    block: Uint8Array,
    length: number,
    endStream: boolean,
    maxFrameBytes: number,
  ): void {
    let type: number = FrameType.HEADERS;
    let flags: number = endStream ? Flag.END_STREAM : 0;
    let sent = 0;
    do {
      const size = Math.min(length - sent, maxFrameBytes);
      if (sent + size === length) flags |= Flag.END_HEADERS;
      this.#payload(type, flags, streamId, block, sent, size);
      sent += size;
      type = FrameType.CONTINUATION;
      flags = 0;
    } while (sent < length);
  }

  /** One DATA frame of `bytes[start..start+length)`. */
  data(streamId: number, bytes: Uint8Array, start: number, length: number, endStream: boolean): void {
    this.dataFrames++;
    this.#payload(FrameType.DATA, endStream ? Flag.END_STREAM : 0, streamId, bytes, start, length);
  }

  #payload(
    type: number,
    flags: number,
    streamId: number,
    from: Uint8Array,
    start: number,
    length: number,
  ): void {
    this.streamFrames++;
    const lane = this.#ordered;
    const at = lane.frame(length, type, flags, streamId);
    const into = lane.bytes;
    if (length <= LOOP_COPY_BYTES) {
      for (let i = 0; i < length; i++) into[at + i] = from[start + i];
    } else {
      into.set(start === 0 && length === from.length ? from : from.subarray(start, start + length), at);
    }
  }

  /** The next bytes, at most `maxBytes`, valid until the next take. */
  take(maxBytes: number): Uint8Array | undefined {
    let view = this.#rest;
    this.#rest = undefined;
    if (view === undefined) {
      if (this.#urgent.length > 0) this.#ordered.prepend(this.#urgent);
      const full = this.#ordered;
      if (full.length === 0) {
        this.#releaseIdle();
        return undefined;
      }
      view = full.bytes.subarray(0, full.length);
      this.#ordered = this.#spare;
      this.#ordered.length = 0;
      this.#spare = full;
      this.controlFrames = 0;
    }
    this.takes++;
    if (view.length <= maxBytes) return view;
    this.#rest = view.subarray(maxBytes);
    return view.subarray(0, maxBytes);
  }

  #releaseIdle(): void {
    if (this.#spare.bytes.length > IDLE_KEEP_BYTES) this.#spare = new FrameBuffer();
    if (this.#ordered.bytes.length > IDLE_KEEP_BYTES) this.#ordered = new FrameBuffer();
  }
}

// What the two directions of a connection share: streams, windows, settings, and how things end.
// Must never be seen outside this folder: connection.ts is the interface.
import { StreamTable } from "./stream_table.ts";
import { Closed, ClosedStreams } from "./closed_streams.ts";
import { ErrorCode, type ErrorOrigin, Http2Error } from "./errors.ts";
import type { ConnectionEvents } from "./events.ts";
import { Floods } from "./floods.ts";
import { ReceiveWindow } from "./flow.ts";
import {
  type Http2Config,
  INITIAL_WINDOW_BYTES,
  MAX_GOAWAY_DEBUG_BYTES,
  MAX_QUEUED_CONTROL_FRAMES,
  MAX_STREAM_ID,
} from "./limits.ts";
import { Output } from "./output.ts";
import { INITIAL_WINDOW_SIZE, PeerSettings } from "./settings.ts";
import { Stream, StreamList, Wait } from "./stream.ts";

/** The connection's shared state. Its methods are the few moves that both directions make. */
export class Core {
  readonly output = new Output();
  readonly peer = new PeerSettings();
  readonly floods: Floods;
  readonly streams = new StreamTable<Stream>();
  readonly closedStreams = new ClosedStreams();
  readonly receiveWindow: ReceiveWindow;
  /** What we may still send on the connection (RFC 9113 section 6.9). */
  sendWindowBytes = INITIAL_WINDOW_BYTES;

  /** Streams that may send, in turn, and those that wait for the connection's window. */
  readonly ready = new StreamList();
  readonly connectionBlocked = new StreamList();
  /** DATA frames that the peer's window cut short. */
  dribbledFrames = 0;
  /** Streams with a queue, wherever they wait. */
  queuedStreams = 0;
  /** PINGs of ours without an answer. */
  pingsOut = 0;
  /** Body bytes in the queues of all streams. */
  queuedBytes = 0;
  /** Streams that are gone while their handler still runs. */
  heldSlots = 0;

  nowMs: number;
  /** Our first SETTINGS were acknowledged. */
  settingsAcked = false;
  /** SETTINGS of ours that are not acknowledged, and since when there are any. */
  settingsPending = 0;
  settingsSentMs = 0;
  /** Receive window of a new stream; grows with the path (bandwidth.ts). */
  streamWindowBytes: number;
  /** Highest id that the peer opened. */
  lastPeerId = 0;
  /** Next id that we open. */
  nextOwnId: number;
  /** Peer streams above this are not ours to answer: the final GOAWAY named it. */
  lastServedId = MAX_STREAM_ID;
  goawayReceived = false;
  /** The final GOAWAY is out: the connection ends with its last stream. */
  draining = false;

  closed = false;
  error: Http2Error | undefined;
  #lastFound: Stream | undefined;

  constructor(
    readonly isServer: boolean,
    readonly config: Http2Config,
    readonly events: ConnectionEvents,
    nowMs: number,
  ) {
    this.nowMs = nowMs;
    this.floods = new Floods(nowMs);
    this.receiveWindow = new ReceiveWindow(config.connectionWindowBytes);
    this.streamWindowBytes = config.streamWindowBytes;
    this.nextOwnId = isServer ? 2 : 1;
  }

  find(streamId: number): Stream | undefined {
    const last = this.#lastFound;
    if (last !== undefined && last.id === streamId) return last;
    const stream = this.streams.get(streamId);
    if (stream !== undefined) this.#lastFound = stream;
    return stream;
  }

  open(streamId: number): Stream {
    const size = this.streamWindowBytes;
    // Until our SETTINGS are acknowledged the peer may still count with the RFC's window.
    const window = this.settingsAcked ? size : Math.max(size, INITIAL_WINDOW_BYTES);
    const stream = new Stream(streamId, this.peer.initialWindowBytes, new ReceiveWindow(window));
    this.streams.set(streamId, stream);
    this.#lastFound = stream;
    return stream;
  }

  /** Never opened by either side (RFC 9113 section 5.1, idle). We neither push nor accept a push. */
  isIdle(streamId: number): boolean {
    if (streamId % 2 === 0) return true;
    return this.isServer ? streamId > this.lastPeerId : streamId >= this.nextOwnId;
  }

  /** Streams gone long ago are all the same. */
  howClosed(streamId: number): number {
    if (this.isServer && streamId > this.lastServedId) return Closed.RESET_BY_US;
    return this.closedStreams.recall(streamId, this.isServer ? this.lastPeerId : this.nextOwnId - 2);
  }

  /** @param settings identifier, value, identifier, value ... */
  sendSettings(settings: readonly number[]): void {
    if (this.settingsPending++ === 0) this.settingsSentMs = this.nowMs;
    this.output.settings(settings);
  }

  /** Widens both receive windows where they are smaller. */
  growWindows(wantedBytes: number): void {
    const bytes = Math.min(wantedBytes, this.config.maxWindowBytes);
    if (bytes > this.streamWindowBytes) {
      this.streamWindowBytes = bytes;
      for (const stream of this.streams.values()) stream.receiveWindow.resize(bytes);
      this.sendSettings([INITIAL_WINDOW_SIZE, bytes]);
    }
    const more = bytes - this.receiveWindow.sizeBytes;
    if (more <= 0) return;
    this.receiveWindow.resize(bytes);
    this.output.windowUpdate(0, more);
  }

  /** Body bytes go back to the connection's window; true when the peer is told. */
  consumeOnConnection(bytes: number): boolean {
    const increment = this.receiveWindow.consume(bytes);
    if (increment === 0 || this.closed) return false;
    this.output.windowUpdate(0, increment);
    return true;
  }

  /** Takes the stream out of every list; says nothing to anyone. */
  remove(stream: Stream, how: number): void {
    this.streams.delete(stream.id);
    if (this.#lastFound === stream) this.#lastFound = undefined;
    this.closedStreams.remember(stream.id, how);
    if (stream.wait === Wait.READY) this.ready.remove(stream);
    else if (stream.wait === Wait.CONNECTION_WINDOW) this.connectionBlocked.remove(stream);
    stream.wait = Wait.NOWHERE;
    if (stream.hasQueue) this.queuedStreams--;
    this.queuedBytes -= stream.queuedBytes;
    stream.clearQueue();
    if (stream.unconsumedBytes > 0) {
      const bytes = stream.unconsumedBytes;
      stream.unconsumedBytes = 0;
      this.consumeOnConnection(bytes);
    }
  }

  /** Both sides ended: the stream goes without an event. */
  endIfDone(stream: Stream): void {
    if (!stream.endSent || !this.streams.has(stream.id)) return;
    if (stream.remoteEnded) {
      this.remove(stream, Closed.ENDED);
      this.closeIfDrained();
    } else if (stream.resetAfterEnd >= 0) {
      this.resetNow(stream, stream.resetAfterEnd);
    }
  }

  /** RST_STREAM, and the stream is gone. The application knows already. */
  resetNow(stream: Stream, code: number): void {
    this.remove(stream, Closed.RESET_BY_US);
    this.output.resetStream(stream.id, code);
    if (this.isServer) this.checkQueuedControl(); // a client resets what it asked for itself
    this.closeIfDrained();
  }

  /** A stream error that the peer caused (RFC 9113 section 5.4.2): counted, since such resets can be provoked. */
  streamError(streamId: number, code: number, message: string): void {
    this.events.onStreamError?.(new Http2Error(code, message, "peer", streamId));
    const stream = this.streams.get(streamId);
    if (stream !== undefined) this.remove(stream, Closed.RESET_BY_US);
    else this.closedStreams.remember(streamId, Closed.RESET_BY_US);
    this.output.resetStream(streamId, code);
    if (stream !== undefined) this.events.onReset(streamId, code, "local");
    if (this.calm(this.floods.streamError(this.nowMs))) this.checkQueuedControl();
    this.closeIfDrained();
  }

  /** Ends the connection when a limit has a name. */
  calm(limit: string): boolean {
    if (limit === "") return true;
    this.fail(ErrorCode.ENHANCE_YOUR_CALM, limit, "peer");
    return false;
  }

  /** After anything that makes us answer: a peer that does not read must not fill our memory. */
  checkQueuedControl(): void {
    if (this.output.controlFrames > MAX_QUEUED_CONTROL_FRAMES) this.calm("too_many_queued_control_frames");
  }

  /** Connection error (RFC 9113 section 5.4.1): GOAWAY with the reason, then the end. */
  fail(code: number, message: string, origin: ErrorOrigin): void {
    if (this.closed) return;
    this.output.goaway(
      this.isServer ? Math.min(this.lastPeerId, this.lastServedId) : 0,
      code,
      goawayDebug(message),
    );
    this.finish(new Http2Error(code, message, origin));
  }

  /** The last stream of a drained connection is gone. */
  closeIfDrained(): void {
    if (this.closed || this.streams.size > 0) return;
    if (this.draining || (this.goawayReceived && !this.isServer)) this.finish(undefined);
  }

  /** The end: every live stream is reset, then the application hears of the connection. */
  finish(error: Http2Error | undefined): void {
    if (this.closed) return;
    this.closed = true;
    this.error = error;
    const code = error?.code ?? ErrorCode.NO_ERROR;
    for (const stream of this.streams.values()) {
      if (this.streams.get(stream.id) !== stream) continue; // the application reset it in an event before
      this.remove(stream, Closed.RESET_BY_US);
      this.events.onReset(stream.id, code, "local");
    }
    this.events.onClosed(error);
  }
}

function goawayDebug(message: string): string {
  return message.slice(0, MAX_GOAWAY_DEBUG_BYTES).replace(/[^\x20-\x7e]/g, "?");
}

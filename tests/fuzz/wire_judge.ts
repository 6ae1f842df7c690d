// Reads both directions of one HTTP/2 connection and says where the end under test breaks RFC 9113.
// Must never ask the engine for its opinion: it counts frames, windows and streams by itself. Only the
// header blocks go through the engine's HPACK decoder, which tests/conformance/hpack judges.
import { Flag, FrameType, readU16, readU24, readU31, readU32 } from "../../src/http2/frame.ts";
import { HpackDecoder } from "../../src/http2/hpack_decoder.ts";

const HEADER = 9;
const PREFACE_BYTES = 24;
const RFC_WINDOW = 65_535;
const MAX_WINDOW = 0x7fff_ffff;
/** More than any list that a test sends. */
const ANY_LIST_BYTES = 1 << 20;

interface PeerSettings {
  initialWindow: number;
  maxFrame: number;
  /** The smallest since the last one that was acknowledged. */
  tableBytes: number;
}

interface StreamSeen {
  /** A final header section went out. */
  headers: boolean;
  ended: boolean;
  reset: boolean;
  /** WINDOW_UPDATE minus DATA, towards the peer. */
  credit: number;
  /** The same, from the peer: what it may send beyond our initial window. */
  announced: number;
  /** The peer sent DATA. */
  spoken: boolean;
}

/** `who` is the role of the end under test. */
export class WireJudge {
  readonly streams = new Map<number, StreamSeen>();
  /** What the peer may send on the connection, as it knows. */
  announcedBytes = RFC_WINDOW;
  /** Our SETTINGS_INITIAL_WINDOW_SIZE, once the peer has it. */
  ownInitialWindow = RFC_WINDOW;
  inputDataFrames = 0;
  outputBytes = 0;
  /** PINGs of ours that wait for an answer. */
  readonly pings: number[][] = [];
  settingsSeen = 0;
  settingsAcksOwed = 0;
  goaways = 0;
  goawayCode = -1;
  /** The highest id that the other end opened; the end under test when that is a client. */
  lastId = 0;
  /** What the end under test sends, for those who want to know. */
  onBlock: (id: number, headers: readonly string[]) => void = () => {};
  onBody: (id: number, bytes: number) => void = () => {};

  #input: Uint8Array = new Uint8Array(0);
  #prefaceLeft: number;
  #ownPrefaceLeft: number;
  #output: Uint8Array = new Uint8Array(0);
  readonly #pending: PeerSettings[] = [];
  #acked: PeerSettings = { initialWindow: RFC_WINDOW, maxFrame: 16_384, tableBytes: 4_096 };
  #connectionCredit = RFC_WINDOW;
  readonly #pingAnswers: string[] = [];
  readonly #decoder = new HpackDecoder(4_096, ANY_LIST_BYTES, ANY_LIST_BYTES);
  #tableUpdateOwed = -1;
  #block: { id: number; end: boolean; parts: number[] } | undefined;
  #inputBlock = false;
  #lastGoawayId = MAX_WINDOW;

  constructor(readonly who: "server" | "client", readonly streamWindow: number, public window: number) {
    this.#prefaceLeft = who === "server" ? PREFACE_BYTES : 0;
    this.#ownPrefaceLeft = who === "client" ? PREFACE_BYTES : 0;
  }

  /** Nothing is half said: a whole frame may follow. */
  get atFrameStart(): boolean {
    return this.#input.length === 0 && this.#prefaceLeft === 0 && !this.#inputBlock;
  }

  /** What may be sent to the peer on the connection. */
  get connectionCredit(): number {
    return this.#connectionCredit;
  }

  /** The peer's SETTINGS_INITIAL_WINDOW_SIZE, as acknowledged. */
  get peerInitialWindow(): number {
    return this.#acked.initialWindow;
  }

  /** What the peer may send on a stream. @param settled our SETTINGS were acknowledged before it opened */
  streamRoom(id: number, settled = false): number {
    const initial = settled
      ? this.ownInitialWindow
      : Math.min(this.ownInitialWindow, RFC_WINDOW, this.streamWindow);
    return initial + this.#seen(id).announced;
  }

  /** Bytes that the peer sends. */
  input(bytes: Uint8Array): void {
    const skipped = Math.min(this.#prefaceLeft, bytes.length);
    this.#prefaceLeft -= skipped;
    const all = joined(this.#input, bytes.subarray(skipped));
    let at = 0;
    while (all.length - at >= HEADER && all.length - at >= HEADER + readU24(all, at)) {
      const end = at + HEADER + readU24(all, at);
      this.#peerFrame(all[at + 3], all[at + 4], readU31(all, at + 5), all.subarray(at + HEADER, end));
      at = end;
    }
    this.#input = all.slice(at);
  }

  #seen(id: number): StreamSeen {
    let seen = this.streams.get(id);
    if (seen === undefined) {
      seen = { headers: false, ended: false, reset: false, credit: 0, announced: 0, spoken: false };
      this.streams.set(id, seen);
    }
    return seen;
  }

  #peerFrame(type: number, flags: number, id: number, payload: Uint8Array): void {
    switch (type) {
      case FrameType.DATA:
        this.inputDataFrames++;
        this.announcedBytes -= payload.length;
        this.#seen(id).announced -= payload.length;
        this.#seen(id).spoken = true;
        break;
      case FrameType.HEADERS:
        this.#inputBlock = (flags & Flag.END_HEADERS) === 0;
        if (this.who === "server" && id % 2 === 1) this.lastId = Math.max(this.lastId, id);
        break;
      case FrameType.CONTINUATION:
        if ((flags & Flag.END_HEADERS) !== 0) this.#inputBlock = false;
        break;
      case FrameType.WINDOW_UPDATE:
        if (payload.length !== 4) break;
        if (id === 0) this.#connectionCredit += readU31(payload, 0);
        else this.#seen(id).credit += readU31(payload, 0);
        break;
      case FrameType.PING:
        if (payload.length === 8 && (flags & Flag.ACK) === 0) this.#pingAnswers.push(String([...payload]));
        break;
      case FrameType.SETTINGS:
        if ((flags & Flag.ACK) !== 0) this.settingsAcksOwed--;
        else if (payload.length % 6 === 0) this.#peerSettings(payload);
    }
  }

  #peerSettings(payload: Uint8Array): void {
    const next = { ...(this.#pending.at(-1) ?? this.#acked) };
    next.tableBytes = Infinity;
    for (let at = 0; at < payload.length; at += 6) {
      const id = readU16(payload, at), value = readU32(payload, at + 2);
      if (id === 1) next.tableBytes = Math.min(next.tableBytes, value);
      if (id === 4) next.initialWindow = value;
      if (id === 5) next.maxFrame = value;
    }
    this.#pending.push(next);
  }

  /** Bytes that the end under test sends. @throws Error when they break a rule */
  output(bytes: Uint8Array): void {
    this.outputBytes += bytes.length;
    const all = joined(this.#output, bytes);
    let at = Math.min(this.#ownPrefaceLeft, all.length);
    this.#ownPrefaceLeft -= at;
    while (all.length - at >= HEADER && all.length - at >= HEADER + readU24(all, at)) {
      const end = at + HEADER + readU24(all, at);
      this.#ownFrame(all[at + 3], all[at + 4], readU31(all, at + 5), all.subarray(at + HEADER, end));
      at = end;
    }
    this.#output = all.slice(at);
  }

  /** After all output is taken: it ends with a whole frame. */
  get outputIsWhole(): boolean {
    return this.#output.length === 0 && this.#block === undefined;
  }

  #ownFrame(type: number, flags: number, id: number, payload: Uint8Array): void {
    const maxFrame = Math.max(this.#acked.maxFrame, ...this.#pending.map((one) => one.maxFrame));
    check(payload.length <= maxFrame, `a frame of ${payload.length} bytes where ${maxFrame} are allowed`);
    check(this.settingsSeen > 0 || type === FrameType.SETTINGS, `frame type ${type} before SETTINGS`);
    check(
      (this.#block === undefined) === (type !== FrameType.CONTINUATION),
      `frame type ${type} around a header block`,
    );
    // WINDOW_UPDATE may overtake the HEADERS of a stream on which the peer spoke before it could know of it.
    const early = type === FrameType.WINDOW_UPDATE && this.#seen(id).spoken;
    check(
      id === 0 || type === FrameType.HEADERS || id <= this.lastId || early,
      `frame type ${type} on idle stream ${id}`,
    );
    switch (type) {
      case FrameType.DATA:
        return this.#ownData(flags, id, payload.length);
      case FrameType.HEADERS: {
        const seen = this.#seen(id);
        check(id % 2 === 1, `HEADERS on stream ${id}`);
        check(!seen.ended && !seen.reset, `HEADERS on stream ${id} after its end`);
        if (this.who === "client") {
          check(seen.headers || id > this.lastId, `stream ${id} opened below ${this.lastId}`);
          this.lastId = Math.max(this.lastId, id);
        } else check(id <= this.lastId, `HEADERS on idle stream ${id}`);
        this.#block = { id, end: (flags & Flag.END_STREAM) !== 0, parts: [...payload] };
        if ((flags & Flag.END_HEADERS) !== 0) this.#ownBlock();
        return;
      }
      case FrameType.CONTINUATION:
        check(this.#block?.id === id, `CONTINUATION on stream ${id}`);
        this.#block?.parts.push(...payload);
        if ((flags & Flag.END_HEADERS) !== 0) this.#ownBlock();
        return;
      case FrameType.RST_STREAM:
        check(payload.length === 4 && id !== 0, "a malformed RST_STREAM");
        this.#seen(id).reset = true;
        return;
      case FrameType.SETTINGS:
        return this.#ownSettings(flags, payload);
      case FrameType.PING:
        check(payload.length === 8 && id === 0, "a malformed PING");
        if ((flags & Flag.ACK) === 0) this.pings.push([...payload]);
        else check(this.#pingAnswers.shift() === String([...payload]), "an answer to no PING");
        return;
      case FrameType.GOAWAY: {
        const last = readU31(payload, 0);
        check(id === 0 && last <= this.#lastGoawayId, `GOAWAY rose to ${last}`);
        this.#lastGoawayId = last;
        this.goaways++;
        this.goawayCode = readU32(payload, 4);
        return;
      }
      case FrameType.WINDOW_UPDATE:
        return this.#ownWindowUpdate(id, payload);
      default:
        check(false, `a frame of type ${type}`);
    }
  }

  #ownData(flags: number, id: number, length: number): void {
    const seen = this.#seen(id);
    check(seen.headers, `DATA on stream ${id} before its headers`);
    check(!seen.ended && !seen.reset, `DATA on stream ${id} after its end`);
    this.#connectionCredit -= length;
    seen.credit -= length;
    check(length === 0 || this.#connectionCredit >= 0, "DATA beyond the connection's window");
    check(
      length === 0 || this.#acked.initialWindow + seen.credit >= 0,
      `DATA beyond the window of stream ${id}`,
    );
    if ((flags & Flag.END_STREAM) !== 0) seen.ended = true;
    this.onBody(id, length);
  }

  #ownBlock(): void {
    const { id, end, parts } = this.#block as { id: number; end: boolean; parts: number[] };
    this.#block = undefined;
    const bytes = Uint8Array.from(parts);
    if (this.#tableUpdateOwed >= 0) {
      const told = tableUpdate(bytes);
      check(told >= 0 && told <= this.#tableUpdateOwed, `no table size update to ${this.#tableUpdateOwed}`);
      this.#tableUpdateOwed = -1;
    }
    const decoded = this.#decoder.decode(bytes, 0, bytes.length);
    check(decoded !== undefined, `a header block that can't be decoded: ${this.#decoder.error}`);
    const headers = decoded?.headers ?? [];
    const seen = this.#seen(id);
    const first = headers[0]?.startsWith(":") ?? false;
    if (seen.headers) check(end && !first, `a second header section on stream ${id} that is no trailers`);
    else check(first, `trailers first on stream ${id}`);
    if (!(headers[0] === ":status" && headers[1].startsWith("1"))) seen.headers = true;
    if (end) seen.ended = true;
    this.onBlock(id, headers);
  }

  #ownSettings(flags: number, payload: Uint8Array): void {
    if ((flags & Flag.ACK) === 0) {
      check(payload.length % 6 === 0, "malformed SETTINGS");
      this.settingsAcksOwed++;
      for (let at = 0; at < payload.length; at += 6) {
        if (readU16(payload, at) !== 4) continue;
        this.ownInitialWindow = readU32(payload, at + 2);
        // Later ones are of windows that grow with the path, the connection's too.
        if (this.settingsSeen > 0) this.window = Math.max(this.window, this.ownInitialWindow);
      }
      this.settingsSeen++;
      return;
    }
    const settings = this.#pending.shift();
    check(settings !== undefined && payload.length === 0, "an ACK of no SETTINGS");
    if (settings === undefined) return;
    const before = this.#acked.tableBytes;
    this.#acked = {
      ...settings,
      tableBytes: settings.tableBytes === Infinity ? before : settings.tableBytes,
    };
    if (this.#acked.tableBytes < Math.min(before, 4_096)) {
      this.#tableUpdateOwed = this.#tableUpdateOwed < 0
        ? this.#acked.tableBytes
        : Math.min(this.#tableUpdateOwed, this.#acked.tableBytes);
    }
  }

  #ownWindowUpdate(id: number, payload: Uint8Array): void {
    const increment = readU31(payload, 0);
    check(payload.length === 4 && increment > 0, "a malformed WINDOW_UPDATE");
    if (id === 0) {
      this.announcedBytes += increment;
      check(this.announcedBytes <= this.window, `a connection window of ${this.announcedBytes}`);
      return;
    }
    const seen = this.#seen(id);
    check(!seen.reset, `WINDOW_UPDATE on stream ${id} after RST_STREAM`);
    seen.announced += increment;
    check(seen.announced <= 0, `stream ${id} got ${seen.announced} more than it sent`);
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  const all = new Uint8Array(first.length + second.length);
  all.set(first);
  all.set(second, first.length);
  return all;
}

/** RFC 7541 section 6.3 at the start of a block; -1: none. */
function tableUpdate(block: Uint8Array): number {
  if ((block[0] & 0xe0) !== 0x20) return -1;
  let value = block[0] & 0x1f;
  if (value < 0x1f) return value;
  for (let at = 1, shift = 0; at < block.length; at++, shift += 7) {
    value += (block[at] & 0x7f) << shift;
    if (block[at] < 0x80) break;
  }
  return value;
}

/** @throws Error the finding */
export function check(holds: boolean, finding: string): asserts holds {
  if (!holds) throw new Error(finding);
}

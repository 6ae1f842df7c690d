// What attacks are made of: an opening, requests on rising streams, and frames that are wrong in one way.
// Must never depend on the engine: its encoder would refuse to write some of these.
import { concat, FRAME, frame, grpcRequest, message } from "../lib/raw_http2.ts";

/** Flags of RFC 9113, section 6. */
export const ACK = 1;
export const END_STREAM = 1;
export const END_HEADERS = 4;
export const HAS_PRIORITY = 0x20;

/** SETTINGS identifiers of RFC 9113, section 6.5.2. */
export const HEADER_TABLE_SIZE = 1;
export const INITIAL_WINDOW_SIZE = 4;

export const CANCEL = 8;
export const LARGEST_WINDOW = 0x7fff_ffff;

export const ECHO = grpcRequest("/echo.EchoService/Echo");
/** An EchoRequest of two letters, with its prefix. */
export const CALL = message(Uint8Array.of(10, 2, 104, 105));

/** Two SETTINGS frames: our own, and the acknowledgement of the agent's. */
export const HELLO_FRAMES = 2;

/** @param settings identifier, value, identifier, value ... */
export function hello(...settings: number[]): Uint8Array {
  return concat(settingsFrame(...settings), frame(FRAME.SETTINGS, ACK, 0));
}

export function settingsFrame(...settings: number[]): Uint8Array {
  const payload = new Uint8Array(settings.length * 3);
  const view = new DataView(payload.buffer);
  for (let i = 0; i < settings.length; i += 2) {
    view.setUint16(i * 3, settings[i]);
    view.setUint32(i * 3 + 2, settings[i + 1]);
  }
  return frame(FRAME.SETTINGS, 0, 0, payload);
}

/** The i-th stream that a client opens. */
export const stream = (i: number): number => 2 * i + 1;

/** HEADERS of a whole block. */
export const headers = (i: number, block: Uint8Array = ECHO, flags = 0): Uint8Array =>
  frame(FRAME.HEADERS, END_HEADERS | flags, stream(i), block);

export const data = (i: number, payload: Uint8Array, flags = 0): Uint8Array =>
  frame(FRAME.DATA, flags, stream(i), payload);

export const reset = (i: number): Uint8Array => frame(FRAME.RST_STREAM, 0, stream(i), u32(CANCEL));

export const windowUpdate = (streamId: number, increment: number): Uint8Array =>
  frame(FRAME.WINDOW_UPDATE, 0, streamId, u32(increment));

/** A whole call. */
export const call = (i: number): Uint8Array => concat(headers(i), data(i, CALL, END_STREAM));

/** HEADERS whose stream depends on itself (RFC 9113, section 5.3.1): reset at once. */
export const selfDependent = (i: number): Uint8Array =>
  headers(i, concat(u32(stream(i)), Uint8Array.of(0), ECHO), HAS_PRIORITY);

export function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** An HPACK integer of 7 bits' prefix (RFC 7541, section 5.1), with `first` set above it. */
export function integer(value: number, first = 0, prefixBits = 7): number[] {
  const most = (1 << prefixBits) - 1;
  if (value < most) return [first | value];
  const bytes = [first | most];
  for (value -= most; value >= 128; value >>>= 7) bytes.push(value & 127 | 128);
  return [...bytes, value];
}

/** An EchoRequest with a text of as many bytes, with its prefix: as much comes back. */
export function echoOf(lengthBytes: number): Uint8Array {
  const text = new Uint8Array(lengthBytes).fill(0x61);
  return message(concat(Uint8Array.of(10), varint(lengthBytes), text));
}

/** Protobuf's variable-length integer. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (; value >= 128; value >>>= 7) bytes.push(value & 127 | 128);
  return Uint8Array.of(...bytes, value);
}

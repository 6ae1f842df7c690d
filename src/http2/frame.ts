// The frames of HTTP/2 (RFC 9113 sections 4 and 6): their header, their rules in one table, their fields.
// Must never keep state: what a frame means for a stream is decided elsewhere.
import { ErrorCode } from "./errors.ts";

/** Length 24, type 8, flags 8, reserved 1 and stream id 31 bits. */
export const FRAME_HEADER_BYTES = 9;

export const FrameType = {
  DATA: 0x0,
  HEADERS: 0x1,
  PRIORITY: 0x2,
  RST_STREAM: 0x3,
  SETTINGS: 0x4,
  PUSH_PROMISE: 0x5,
  PING: 0x6,
  GOAWAY: 0x7,
  WINDOW_UPDATE: 0x8,
  CONTINUATION: 0x9,
} as const;

export const Flag = {
  ACK: 0x1,
  END_STREAM: 0x1,
  END_HEADERS: 0x4,
  PADDED: 0x8,
  PRIORITY: 0x20,
} as const;

/** What a client sends first (RFC 9113 section 3.4). */
export const CLIENT_PREFACE: Uint8Array = new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** Stream id, weight and so on of HEADERS with the PRIORITY flag, and of PRIORITY: read past, never used. */
export const PRIORITY_FIELD_BYTES = 5;
export const PING_BYTES = 8;
/** Last stream id and error code; debug data follows. */
export const GOAWAY_FIXED_BYTES = 8;
/** Identifier 16, value 32 bits. */
export const SETTING_BYTES = 6;

const ANY_LENGTH = 0xff_ffff;

/** Where a frame may stand, and how long its payload may be. By type. */
const RULES: readonly { name: string; on: "connection" | "stream" | "either"; min: number; max: number }[] = [
  { name: "DATA", on: "stream", min: 0, max: ANY_LENGTH },
  { name: "HEADERS", on: "stream", min: 0, max: ANY_LENGTH },
  { name: "PRIORITY", on: "stream", min: 0, max: ANY_LENGTH }, // its length is a stream error (section 6.3)
  { name: "RST_STREAM", on: "stream", min: 4, max: 4 },
  { name: "SETTINGS", on: "connection", min: 0, max: ANY_LENGTH }, // a multiple of 6, 0 with ACK
  { name: "PUSH_PROMISE", on: "stream", min: 4, max: ANY_LENGTH },
  { name: "PING", on: "connection", min: PING_BYTES, max: PING_BYTES },
  { name: "GOAWAY", on: "connection", min: GOAWAY_FIXED_BYTES, max: ANY_LENGTH },
  { name: "WINDOW_UPDATE", on: "either", min: 4, max: 4 },
  { name: "CONTINUATION", on: "stream", min: 0, max: ANY_LENGTH },
];

/** A frame type's name for debug texts. */
export function frameName(type: number): string {
  return type < RULES.length ? RULES[type].name : `frame type ${type}`;
}

/** The connection error that a frame's header alone gives (RFC 9113 section 6), 0 for none. Unknown types pass. */
export function frameRuleError(type: number, flags: number, streamId: number, length: number): number {
  if (type >= RULES.length) return 0;
  const rule = RULES[type];
  if (streamId === 0 ? rule.on === "stream" : rule.on === "connection") return ErrorCode.PROTOCOL_ERROR;
  if (length < rule.min || length > rule.max) return ErrorCode.FRAME_SIZE_ERROR;
  if (type === FrameType.SETTINGS) {
    const wrong = (flags & Flag.ACK) !== 0 ? length !== 0 : length % SETTING_BYTES !== 0;
    if (wrong) return ErrorCode.FRAME_SIZE_ERROR;
  }
  return 0;
}

export function readU16(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1];
}

export function readU24(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 16) | (bytes[at + 1] << 8) | bytes[at + 2];
}

/** 31 bits: stream ids and increments, whose top bit is reserved and ignored. */
export function readU31(bytes: Uint8Array, at: number): number {
  return ((bytes[at] & 0x7f) << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
}

export function readU32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** Writes the 9 bytes of a frame header at `at`. */
export function writeFrameHeader(
  bytes: Uint8Array,
  at: number,
  length: number,
  type: number,
  flags: number,
  streamId: number,
): void {
  bytes[at] = length >>> 16;
  bytes[at + 1] = length >>> 8;
  bytes[at + 2] = length;
  bytes[at + 3] = type;
  bytes[at + 4] = flags;
  writeU32(bytes, at + 5, streamId);
}

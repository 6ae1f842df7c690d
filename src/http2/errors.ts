// What can go wrong on an HTTP/2 connection, and who began it.
// Must never hold peer bytes beyond a short debug text: errors end in logs.

/** RFC 9113 section 7, plus one code of our own that never goes on the wire. */
export const ErrorCode = {
  NO_ERROR: 0x0,
  PROTOCOL_ERROR: 0x1,
  INTERNAL_ERROR: 0x2,
  FLOW_CONTROL_ERROR: 0x3,
  SETTINGS_TIMEOUT: 0x4,
  STREAM_CLOSED: 0x5,
  FRAME_SIZE_ERROR: 0x6,
  REFUSED_STREAM: 0x7,
  CANCEL: 0x8,
  COMPRESSION_ERROR: 0x9,
  CONNECT_ERROR: 0xa,
  ENHANCE_YOUR_CALM: 0xb,
  INADEQUATE_SECURITY: 0xc,
  HTTP_1_1_REQUIRED: 0xd,
  /** Local only: the transport ended under a live stream. Given to `onReset`, never sent. */
  CONNECTION_LOST: -1,
} as const;

export type ErrorCode = typeof ErrorCode[keyof typeof ErrorCode];

const NAMES = new Map<number, string>(Object.entries(ErrorCode).map(([name, code]) => [code, name]));

/** The RFC's name of a code, or its hexadecimal form: an unknown code is legal (RFC 9113 section 7). */
export function errorName(code: number): string {
  return NAMES.get(code) ?? `0x${code.toString(16)}`;
}

/** Who began it: the peer broke a rule or said goodbye, we decided so, or the transport ended. */
export type ErrorOrigin = "peer" | "local" | "transport";

/** Why a connection or a stream ended. `message` names the limit or the rule, e.g. `too_many_resets`. */
export class Http2Error extends Error {
  override readonly name = "Http2Error";
  /**
   * @param code RFC 9113 section 7
   * @param origin who began it
   * @param streamId 0 for the whole connection
   */
  constructor(readonly code: number, message: string, readonly origin: ErrorOrigin, readonly streamId = 0) {
    super(message);
  }
}

// The grpc-message header: percent-encoded UTF-8 (grpc/grpc doc/PROTOCOL-HTTP2.md, "Status-Message").
// Must never throw: a broken message may not hide the status beside it.
import { MAX_STATUS_MESSAGE_BYTES } from "./limits.ts";

const PLAIN = /^[ -$&-~]*$/;
const utf8 = new TextEncoder();
const text = new TextDecoder();
const HEX = "0123456789ABCDEF";

/** Encodes, and cuts what would be longer than {@link MAX_STATUS_MESSAGE_BYTES}. */
export function encodeStatusMessage(message: string): string {
  if (message.length <= MAX_STATUS_MESSAGE_BYTES && PLAIN.test(message)) return message;
  let out = "";
  for (const character of message) {
    const encoded = PLAIN.test(character) ? character : percent(utf8.encode(character));
    if (out.length + encoded.length > MAX_STATUS_MESSAGE_BYTES) break;
    out += encoded;
  }
  return out;
}

/** Decodes; an invalid escape stands as it is, invalid UTF-8 becomes U+FFFD. */
export function decodeStatusMessage(encoded: string): string {
  if (!encoded.includes("%")) return encoded;
  const bytes = new Uint8Array(encoded.length);
  let length = 0;
  for (let i = 0; i < encoded.length; i++) {
    const escaped = encoded[i] === "%" ? hexByte(encoded, i + 1) : -1;
    if (escaped >= 0) i += 2;
    bytes[length++] = escaped >= 0 ? escaped : encoded.charCodeAt(i);
  }
  return text.decode(bytes.subarray(0, length));
}

function percent(bytes: Uint8Array): string {
  let out = "";
  for (const byte of bytes) out += "%" + HEX[byte >> 4] + HEX[byte & 15];
  return out;
}

function hexByte(from: string, at: number): number {
  const pair = from.slice(at, at + 2);
  return /^[0-9a-fA-F]{2}$/.test(pair) ? parseInt(pair, 16) : -1;
}

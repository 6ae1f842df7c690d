// What arrives on the port and is no HTTP/2: other protocols, noise.
// Must never be valid: each is refused with an answer that its sender can read, where there is one.
import { concat } from "../lib/raw_http2.ts";

export interface Opening {
  name: string;
  bytes: Uint8Array;
  /** What is said before the close. */
  answer: RegExp;
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** TLS 1.2's record and the beginning of a ClientHello (RFC 8446, section 4.1.2), as long as a browser's. */
const TLS_HELLO = concat(
  Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3),
  new Uint8Array(506).fill(0x5a),
);
/** The same noise each time: a linear congruential generator. */
const NOISE = Uint8Array.from({ length: 4_096 }, (_, i) => (i * 1_103_515_245 + 12_345) >>> 16 & 255);

const HTTP_1 = /^HTTP\/1\.1 505 .*HTTP\/2 only/s;
const GOAWAY = /invalid_preface/;

export const OPENINGS: Opening[] = [
  { name: "an HTTP/1.1 request", bytes: text("GET / HTTP/1.1\r\nhost: a\r\n\r\n"), answer: HTTP_1 },
  {
    name: "an HTTP/1.1 upload",
    bytes: concat(
      text("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 65536\r\n\r\n"),
      new Uint8Array(65_536),
    ),
    answer: HTTP_1,
  },
  { name: "a TLS ClientHello", bytes: TLS_HELLO, answer: GOAWAY },
  { name: "noise", bytes: NOISE, answer: GOAWAY },
  { name: "zeros", bytes: new Uint8Array(65_536), answer: GOAWAY },
  {
    name: "the preface of HTTP/2 with one letter wrong",
    bytes: text("PRI * HTTP/2.0\r\n\r\nSN\r\n\r\n"),
    answer: HTTP_1,
  },
];

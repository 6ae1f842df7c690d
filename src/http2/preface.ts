// The first bytes on a server's connection: the client's preface, an HTTP/1 request, or something else.
// Must never need more than the preface's 24 bytes to decide.
import { CLIENT_PREFACE } from "./frame.ts";

/** A method and the space after it: the longest that is registered has 17 characters, 8 tell the usual ones. */
const HTTP1_METHODS = [
  "GET ",
  "POST ",
  "PUT ",
  "HEAD ",
  "DELETE ",
  "OPTIONS ",
  "PATCH ",
  "CONNECT ",
  "TRACE ",
  "PRI ",
];

/** The answer to HTTP/1: readable by curl and by people. */
export const HTTP1_ANSWER: Uint8Array = new TextEncoder().encode(
  "HTTP/1.1 505 HTTP Version Not Supported\r\n" +
    "content-type: text/plain\r\nconnection: close\r\ncontent-length: 89\r\n\r\n" +
    "This port speaks HTTP/2 only, with prior knowledge (gRPC, curl --http2-prior-knowledge).\n",
);

export type PrefaceVerdict = "more" | "http2" | "http1" | "garbage";

/** Reads the preface across any split. */
export class PrefaceReader {
  readonly #seen = new Uint8Array(CLIENT_PREFACE.length);
  #length = 0;

  /** Bytes of the last read that belong to the preface. */
  taken = 0;

  read(bytes: Uint8Array): PrefaceVerdict {
    this.taken = 0;
    while (this.#length < this.#seen.length && this.taken < bytes.length) {
      this.#seen[this.#length++] = bytes[this.taken++];
    }
    return this.#verdict();
  }

  /** No more will come in time: what was it? */
  giveUp(): PrefaceVerdict {
    const verdict = this.#verdict();
    return verdict === "more" ? "garbage" : verdict;
  }

  #verdict(): PrefaceVerdict {
    let same = 0;
    while (same < this.#length && this.#seen[same] === CLIENT_PREFACE[same]) same++;
    if (same === CLIENT_PREFACE.length) return "http2";
    if (same === this.#length) return "more";
    const text = String.fromCharCode(...this.#seen.subarray(0, this.#length));
    for (const method of HTTP1_METHODS) {
      if (text.startsWith(method)) return "http1";
      if (method.startsWith(text)) return "more";
    }
    return "garbage";
  }
}

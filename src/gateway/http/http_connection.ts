// One client's HTTP/1.1 connection: requests in their order, one at a time, and what it owes to stay.
// Must never leave anything running when the client has gone.
import type { IncomingMessage, ServerResponse } from "node:http";
import { status } from "@grpc/grpc-js";
import type { Conn } from "../../grpc/conn.ts";
import { HeldBytes } from "../../grpc/held_bytes.ts";
import { REQUEST_STALL_MIN_BYTES } from "../../grpc/limits.ts";
import { CallLimit, HttpLimit } from "../../grpc/server_observer.ts";
import { GrpcError } from "../../grpc/status.ts";
import { errorResponse } from "../rest/http_status.ts";
import { ConnStream } from "./conn_stream.ts";
import type { HttpCore, HttpSession } from "./http_server.ts";
import { badRequestOf, hasBody, requestOf } from "./incoming.ts";
import { CHUNKING_GROWTH, IDLE_TIMEOUT_MS, MAX_PIPELINED, MAX_REQUESTS_PER_CONNECTION } from "./limits.ts";
import { send } from "./outgoing.ts";
import { rawAnswer } from "./raw_answer.ts";
import { RequestBody } from "./request_body.ts";

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** What a client owes bytes for: since when, and how many there were then. */
interface Owed {
  readonly sinceMs: number;
  readonly bytes: number;
}

export class HttpConnection {
  readonly stream: ConnStream;
  /** Ends with the connection. */
  readonly closed: Promise<void>;
  readonly #held: HeldBytes;
  readonly #session: HttpSession;
  readonly #waiting: Exchange[] = [];
  /** Of the request under way: its client has gone. */
  #gone = new AbortController();
  readonly #bornMs: number;
  #body: RequestBody | undefined;
  /** Of the request whose body is read: what had come before it. */
  #bodyFromBytes = 0;
  #busy = false;
  /** Bytes of a request's head have come, or must: the first one's. */
  #inHead = true;
  #sinceMs: number;
  #requests = 0;
  #last = false;
  #sending: Owed | undefined;
  #receiving: Owed | undefined;

  constructor(private readonly core: HttpCore, private readonly conn: Conn) {
    this.#bornMs = this.#sinceMs = core.clock.nowMs();
    this.#held = new HeldBytes(core.held);
    this.#session = core.open(conn.peer);
    this.stream = new ConnStream(conn, () => this.#received());
    this.closed = new Promise((resolve) =>
      this.stream.once("close", () => {
        this.#gone.abort();
        this.#session.close();
        this.#held.release();
        resolve();
      })
    );
  }

  get #settings() {
    return this.core.settings();
  }

  /** The next request's head is here. */
  take(request: IncomingMessage, response: ServerResponse): void {
    if (this.stream.destroyed) return;
    this.#inHead = false;
    this.#waiting.push({ request, response });
    if (this.#waiting.length > MAX_PIPELINED) return this.#cut(HttpLimit.PIPELINED);
    // Also the last one, whose head was under way when the connection was told to end.
    if (!this.#busy && !this.stream.writableEnded) void this.#serve();
  }

  /** What came is not HTTP/1.1. A request that is under way is cut: its end can't be known any more. */
  broken(code: string | undefined): void {
    const tooLarge = code === "HPE_HEADER_OVERFLOW";
    if (tooLarge) this.core.limited(HttpLimit.HEAD_TOO_LARGE);
    if (this.#busy || this.stream.writableEnded) return this.close();
    this.#end(
      tooLarge
        ? rawAnswer(431, `a request's head has at most ${this.#settings.headerBytes} bytes; send less`)
        : rawAnswer(400, "this is no HTTP/1.1 request; send one, or use gRPC at another address"),
    );
  }

  /** Answers what is under way, takes nothing more. */
  drain(): void {
    this.#last = true;
    if (!this.#busy && !this.#inHead) this.close();
  }

  close(): void {
    this.stream.destroy();
  }

  /** Looks after what the client owes; once a second. */
  sweep(nowMs: number): void {
    const { headTimeoutMs, requestStallTimeoutMs, sendStallTimeoutMs, maxAgeMs } = this.#settings;
    const { stream } = this;
    if (stream.destroyed) return;
    if (stream.writableLength === 0) this.#sending = undefined;
    else {
      this.#sending = owed(this.#sending, stream.sentBytes, nowMs);
      if (nowMs - this.#sending.sinceMs >= sendStallTimeoutMs) return this.#cut("send_stalled");
    }
    if (this.#body?.waiting !== true) this.#receiving = undefined;
    else {
      this.#receiving = owed(this.#receiving, stream.receivedBytes, nowMs);
      if (nowMs - this.#receiving.sinceMs >= requestStallTimeoutMs) {
        return this.#cut(CallLimit.REQUEST_TOO_SLOW);
      }
    }
    if (nowMs - this.#bornMs >= maxAgeMs) this.drain();
    if (this.#busy || stream.writableEnded) return;
    const waitedMs = nowMs - this.#sinceMs;
    if (!this.#inHead) {
      if (waitedMs >= IDLE_TIMEOUT_MS) this.close();
    } else if (waitedMs >= headTimeoutMs) {
      this.core.limited(HttpLimit.HEAD_TOO_SLOW);
      if (stream.receivedBytes === 0) this.close();
      else this.#end(rawAnswer(408, `the request's head was not whole in ${headTimeoutMs} ms`));
    }
  }

  #received(): void {
    const { stream } = this;
    if (!this.#busy && !this.#inHead) {
      this.#inHead = true;
      this.#sinceMs = this.core.clock.nowMs();
    }
    const { bodyBytes, headerBytes } = this.#settings;
    const most = bodyBytes * CHUNKING_GROWTH + headerBytes;
    if (this.#body !== undefined && stream.receivedBytes - this.#bodyFromBytes > most) {
      this.#cut(CallLimit.REQUEST_TOO_LARGE);
    }
  }

  async #serve(): Promise<void> {
    this.#busy = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const whole = await this.#answer(next);
      if (!whole) this.close();
      if (this.stream.destroyed) return;
      // What was pipelined behind the last answer is not looked at: its client sends it again elsewhere.
      if (this.#last) break;
    }
    this.#busy = false;
    this.#sinceMs = this.core.clock.nowMs();
    if (this.#last && !this.stream.writableEnded) this.stream.end();
  }

  /** Never rejects. */
  async #answer({ request, response }: Exchange): Promise<boolean> {
    this.#requests++;
    this.#gone = new AbortController();
    // A client that goes makes an error of each; the stream's close says all that there is to say.
    request.on("error", () => {});
    response.on("error", () => {});
    const body = hasBody(request) ? this.#bodyOf(request, response) : undefined;
    this.#body = body;
    this.#bodyFromBytes = this.stream.receivedBytes;
    const answer = await this.#answerTo(request, body);
    // Before the answer, which may be a stream of days. What the call still keeps of it, its server counts.
    body?.release();
    const sent = await send(answer, {
      to: response,
      held: this.#held,
      // An answer that doesn't wait for its request's end would be followed by the rest of that.
      last: () => this.#last ||= !request.complete || this.#requests >= MAX_REQUESTS_PER_CONNECTION,
    });
    this.#body = undefined;
    return sent;
  }

  async #answerTo(request: IncomingMessage, body: RequestBody | undefined): Promise<Response> {
    const bad = badRequestOf(request);
    if (bad !== undefined) {
      this.#last = true;
      return errorResponse(new GrpcError(status.INVALID_ARGUMENT, bad.message), bad.httpCode);
    }
    const scheme = this.conn.peer.tls === undefined ? "http" : "https";
    try {
      return await this.#session.fetch(requestOf(request, scheme, body?.stream, this.#gone.signal));
    } catch (error) {
      this.core.failed(error);
      return errorResponse(error);
    }
  }

  #bodyOf(request: IncomingMessage, response: ServerResponse): RequestBody {
    return new RequestBody(request, {
      limitBytes: this.#settings.bodyBytes,
      held: this.#held,
      limited: this.core.limited,
      onWanted: () => {
        if (request.headers.expect !== undefined) response.writeContinue();
      },
    });
  }

  #cut(limit: string): void {
    this.core.limited(limit);
    this.close();
  }

  /** The last word. */
  #end(answer: Uint8Array): void {
    this.#last = true;
    this.stream.discard();
    this.stream.end(answer);
  }
}

/** Starts anew whenever enough has come, or gone. */
function owed(before: Owed | undefined, bytes: number, nowMs: number): Owed {
  if (before !== undefined && bytes - before.bytes < REQUEST_STALL_MIN_BYTES) return before;
  return { sinceMs: nowMs, bytes };
}

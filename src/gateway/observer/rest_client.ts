// Asks a gateway by HTTP, as its caller or with a proof for each request. Used by the page and by `gatehouse top`.
// Must never have two proofs on their way at once: a nonce is of one connection, and a browser chooses among several.
import type { ChallengeJson } from "./http_proof.ts";
import { PROOF_HEADER, proofFor, type ProvenRequest } from "./http_proof.ts";
import { retryAfterMs } from "./backoff.ts";
import type { ErrorJson } from "./answers.ts";
import { type ServerSentEvent, SseParser } from "./sse.ts";
import type { WebKey } from "./web_key.ts";

/** An answer that takes longer is none. */
const TIMEOUT_MS = 10_000;
/** A silent stream is a broken one: the gateway sends a comment more often. */
const SILENCE_MS = 60_000;
/** A nonce that came by another connection is asked for again; by the third time that isn't why. */
const PROOF_ATTEMPTS = 3;

export type Send = (
  target: string,
  init: { method: string; headers: Record<string, string>; body?: string; signal: AbortSignal },
) => Promise<Response>;

/** What a caller can do about it. */
export type Trouble =
  /** Nobody answers. */
  | "unreachable"
  /** It asks to be left alone for a while. */
  | "overloaded"
  /** Another role, or a key, is needed. */
  | "not-allowed"
  | "failed";

export class RestError extends Error {
  override readonly name = "RestError";

  constructor(
    readonly trouble: Trouble,
    message: string,
    readonly details: { status?: number; reason?: string; retryAfterMs?: number } = {},
  ) {
    super(message);
  }
}

export class RestClient {
  #key: WebKey | undefined;
  #proving: Promise<unknown> = Promise.resolve();

  constructor(private readonly send: Send, private readonly nowMs: () => number = Date.now) {}

  /** Proves with this key from now on; undefined: calls as whoever the connection is. */
  useKey(key: WebKey | undefined): void {
    this.#key = key;
  }

  /** @throws RestError */
  async json<T>(target: string, signal?: AbortSignal): Promise<T> {
    return await this.#read(target, signal, async (response) => await response.json() as T);
  }

  /** @throws RestError */
  async text(target: string, signal?: AbortSignal): Promise<string> {
    return await this.#read(target, signal, (response) => response.text());
  }

  /** Leaving the loop ends the stream; so does its silence. @throws RestError, also while iterating */
  async *events(target: string, signal: AbortSignal, onOpen: () => void): AsyncGenerator<ServerSentEvent> {
    const left = new AbortController();
    const ended = AbortSignal.any([signal, left.signal]);
    let silence = setTimeout(() => left.abort(), TIMEOUT_MS);
    try {
      const response = await this.#call({ method: "GET", target, body: "" }, ended, "text/event-stream");
      if (response.body === null) throw new RestError("failed", "the stream has no body");
      onOpen();
      const parser = new SseParser();
      const decoder = new TextDecoder();
      const reader = response.body.getReader();
      for (;;) {
        clearTimeout(silence);
        silence = setTimeout(() => left.abort(), SILENCE_MS);
        const { done, value } = await reader.read();
        if (done) return;
        yield* parser.push(decoder.decode(value, { stream: true }));
      }
    } catch (error) {
      throw this.#explained(error);
    } finally {
      clearTimeout(silence);
      left.abort();
    }
  }

  async #read<T>(target: string, signal: AbortSignal | undefined, body: (from: Response) => Promise<T>) {
    const limit = AbortSignal.timeout(TIMEOUT_MS);
    try {
      const both = signal === undefined ? limit : AbortSignal.any([signal, limit]);
      return await body(await this.#call({ method: "GET", target, body: "" }, both));
    } catch (error) {
      throw this.#explained(error);
    }
  }

  /** A good answer. @throws RestError and what `send` throws */
  async #call(request: ProvenRequest, signal: AbortSignal, accept?: string): Promise<Response> {
    const key = this.#key;
    if (key === undefined) return await this.#good(await this.#send(request, signal, { accept }));
    const before = this.#proving;
    const proven = (async () => {
      await before.catch(() => {});
      for (let attempt = 1;; attempt++) {
        signal.throwIfAborted();
        try {
          const challenge = await this.#challenge(signal);
          const proof = await proofFor(key, challenge, request);
          return await this.#good(await this.#send(request, signal, { accept, proof }));
        } catch (error) {
          const stale = error instanceof RestError && error.details.reason === "NONCE_UNKNOWN";
          if (!stale || attempt === PROOF_ATTEMPTS) throw error;
        }
      }
    })();
    this.#proving = proven;
    return await proven;
  }

  async #challenge(signal: AbortSignal): Promise<ChallengeJson> {
    const request = { method: "POST" as const, target: "/v1/access:challenge", body: "{}" };
    return await (await this.#good(await this.#send(request, signal, {}))).json() as ChallengeJson;
  }

  #send(
    { method, target, body }: ProvenRequest,
    signal: AbortSignal,
    { accept, proof }: { accept?: string; proof?: string },
  ): Promise<Response> {
    return this.send(target, {
      method,
      headers: {
        ...accept === undefined ? {} : { accept },
        ...proof === undefined ? {} : { [PROOF_HEADER]: proof },
        ...method === "POST" ? { "content-type": "application/json" } : {},
      },
      ...method === "POST" ? { body } : {},
      signal,
    });
  }

  async #good(response: Response): Promise<Response> {
    if (response.ok) return response;
    const { status, headers } = response;
    const said = await errorIn(response);
    const asked = retryAfterMs(headers.get("retry-after"), this.nowMs());
    const reason = said.details?.find((one) => one.reason !== undefined)?.reason;
    const message = said.message || `the gateway answered ${status}`;
    const trouble = status === 401 || status === 403
      ? "not-allowed"
      : status === 429 || status === 503
      ? "overloaded"
      : "failed";
    throw new RestError(trouble, message, { status, reason, retryAfterMs: asked });
  }

  #explained(error: unknown): unknown {
    if (error instanceof RestError) return error;
    if (error instanceof SyntaxError) return new RestError("failed", "the gateway's answer is no JSON");
    if (error instanceof DOMException && error.name === "TimeoutError") {
      return new RestError("unreachable", `no answer within ${TIMEOUT_MS / 1000} s`);
    }
    return new RestError("unreachable", "the gateway doesn't answer");
  }
}

async function errorIn(response: Response): Promise<ErrorJson> {
  try {
    const value: unknown = JSON.parse(await response.text());
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

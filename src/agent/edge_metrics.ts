// Asks the edge for its metrics: Prometheus' text by a GET over its Unix socket.
// Must never wait long nor read much: whatever answers there is another process, and may hang or babble.
import { type Sample, samplesOf } from "../telemetry/prometheus_text.ts";
import { dialer } from "../transport/dial.ts";

/** Connecting, asking and reading to the end. It is on this machine and has nothing to look up. */
const TIMEOUT_MS = 500;

/** How old an answer may be that is given again: so often may the edge be asked, whoever asks us. */
const FRESH_MS = 1_000;

/** Some dozen series for each of 16 addresses are 16 KiB. */
const MAX_ANSWER_BYTES = 128 * 1024;

const READ_BYTES = 16 * 1024;

export class EdgeMetrics {
  readonly #dial: ReturnType<typeof dialer>;
  readonly #monotonicMs: () => number;
  #asking: Promise<Sample[]> | undefined;
  #askedAtMs = -Infinity;

  /** @param socket path of its metrics socket */
  constructor(socket: string, monotonicMs: () => number = () => performance.now()) {
    this.#dial = dialer({ transport: "unix", path: socket }, { timeoutMs: TIMEOUT_MS });
    this.#monotonicMs = monotonicMs;
  }

  /** One question at a time, its answer good for a second. @throws Error when it doesn't answer as it should */
  read(): Promise<Sample[]> {
    if (this.#asking === undefined || this.#monotonicMs() - this.#askedAtMs >= FRESH_MS) {
      this.#askedAtMs = this.#monotonicMs();
      this.#asking = this.#ask();
    }
    return this.#asking;
  }

  async #ask(): Promise<Sample[]> {
    const limit = AbortSignal.timeout(TIMEOUT_MS);
    const conn = await this.#dial(limit);
    const close = () => conn.close();
    limit.addEventListener("abort", close, { once: true });
    try {
      const request = new TextEncoder().encode("GET /metrics HTTP/1.0\r\n\r\n");
      for (let at = 0; at < request.length;) at += await conn.write(request.subarray(at));
      const chunks: Uint8Array<ArrayBuffer>[] = [];
      let bytes = 0;
      for (;;) {
        const chunk = new Uint8Array(READ_BYTES);
        const count = await conn.read(chunk);
        if (count === null) break;
        bytes += count;
        if (bytes > MAX_ANSWER_BYTES) throw new Error(`the edge's metrics exceed ${MAX_ANSWER_BYTES} bytes`);
        chunks.push(chunk.subarray(0, count));
      }
      return samplesIn(await new Blob(chunks).text());
    } catch (error) {
      if (limit.aborted) throw new Error(`no answer within ${TIMEOUT_MS} ms`, { cause: error });
      throw error;
    } finally {
      limit.removeEventListener("abort", close);
      conn.close();
    }
  }
}

/** An HTTP answer whose body is Prometheus' text (version 0.0.4). @throws Error when it is none */
function samplesIn(answer: string): Sample[] {
  const [head, ...rest] = answer.split("\r\n\r\n");
  if (!/^HTTP\/1\.[01] 200\b/.test(head) || rest.length === 0) {
    throw new Error("the edge's metrics: no 200 answer");
  }
  return samplesOf(rest.join("\r\n\r\n"));
}

// An HTTP/1.1 client for tests, over any Conn: what it sends and what comes are seen as they are.
// Must never repair an answer: what isn't HTTP/1.1 throws.
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { ProvingKey } from "../../src/authority/prover.ts";
import { encodeProof, signedBytes } from "../../src/authority/proof.ts";
import { PROOF_HEADER } from "../../src/gateway/http_proof.ts";
import type { Conn, Dial } from "../../src/grpc/conn.ts";

export interface HttpAnswer {
  readonly code: number;
  readonly headers: Headers;
  /** Parts as they come; empty at once when there is no body. */
  readonly body: AsyncIterator<Buffer>;
}

export interface HttpAsk {
  readonly verb: string;
  /** "/v1/keys?pageSize=5" */
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

const LINE_END = "\r\n";

/** One connection at a time, opened anew when the server has closed it. One request at a time. */
export class HttpCaller {
  #conn: Conn | undefined;
  #rest = Buffer.alloc(0);

  constructor(private readonly dial: Dial) {}

  /** The answer's head; its body is to be read before the next request. */
  async ask({ verb, target, headers = {}, body }: HttpAsk): Promise<HttpAnswer> {
    const conn = this.#conn ??= await this.dial();
    const content = Buffer.from(body ?? "");
    const lines = [
      `${verb} ${target} HTTP/1.1`,
      "Host: localhost",
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      ...(body === undefined ? [] : [`Content-Length: ${content.length}`]),
    ];
    const bytes = Buffer.concat([Buffer.from([...lines, "", ""].join(LINE_END), "latin1"), content]);
    for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
    return await this.#answer(conn);
  }

  /** The whole answer, its body as JSON where there is one. */
  async json(ask: HttpAsk): Promise<{ code: number; headers: Headers; value: unknown }> {
    const { code, headers, body } = await this.ask(ask);
    const text = await textOf(body);
    return { code, headers, value: text === "" ? undefined : JSON.parse(text) };
  }

  /** The same request with the proof of an enrolled key. */
  async proven(ask: HttpAsk, key: ProvingKey): Promise<HttpAsk> {
    const challenge = {
      verb: "POST",
      target: "/v1/access:challenge",
      headers: { "content-type": "application/json" },
      body: "{}",
    };
    const { value } = await this.json(challenge);
    const { nonce, instanceId } = value as { nonce: string; instanceId: string };
    const digest = createHash("sha256").update(ask.body ?? "").digest();
    const path = `${ask.verb} ${ask.target}`;
    const given = Buffer.from(nonce, "base64");
    const signature = key.sign(signedBytes({ instanceId, path, nonce: given, digest }));
    const proof = Buffer.from(encodeProof({ key_id: key.keyId, nonce: given, signature }));
    return { ...ask, headers: { ...ask.headers, [PROOF_HEADER]: proof.toString("base64") } };
  }

  close(): void {
    this.#conn?.close();
    this.#conn = undefined;
    this.#rest = Buffer.alloc(0);
  }

  async #answer(conn: Conn): Promise<HttpAnswer> {
    const [first, ...fields] = (await this.#until(conn, LINE_END + LINE_END)).split(LINE_END);
    const [, code] = /^HTTP\/1\.1 (\d{3})/.exec(first) ?? [];
    if (code === undefined) throw new Error(`no answer of HTTP/1.1: ${first}`);
    const headers = new Headers(fields.map((field): [string, string] => {
      const colon = field.indexOf(":");
      return [field.slice(0, colon), field.slice(colon + 1).trim()];
    }));
    return { code: Number(code), headers, body: this.#body(conn, headers) };
  }

  async *#body(conn: Conn, headers: Headers): AsyncGenerator<Buffer, undefined, void> {
    if (headers.get("transfer-encoding") === "chunked") {
      for (;;) {
        const length = parseInt(await this.#until(conn, LINE_END), 16);
        const chunk = await this.#exactly(conn, length);
        await this.#until(conn, LINE_END);
        if (length === 0) break;
        yield chunk;
      }
    } else {
      const length = Number(headers.get("content-length") ?? 0);
      if (length > 0) yield await this.#exactly(conn, length);
    }
    if (headers.get("connection") === "close") this.close();
    return undefined;
  }

  async #until(conn: Conn, end: string): Promise<string> {
    for (;;) {
      const at = this.#rest.indexOf(end);
      if (at >= 0) {
        const text = this.#rest.toString("utf8", 0, at);
        this.#rest = this.#rest.subarray(at + end.length);
        return text;
      }
      await this.#more(conn);
    }
  }

  async #exactly(conn: Conn, length: number): Promise<Buffer> {
    while (this.#rest.length < length) await this.#more(conn);
    const bytes = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return bytes;
  }

  async #more(conn: Conn): Promise<void> {
    const buffer = new Uint8Array(65_536);
    const length = await conn.read(buffer);
    if (length === null) {
      this.close();
      throw new Error("the server closed the connection in the middle");
    }
    this.#rest = Buffer.concat([this.#rest, buffer.subarray(0, length)]);
  }
}

export async function textOf(body: AsyncIterator<Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  for (let one = await body.next(); !one.done; one = await body.next()) parts.push(one.value);
  return Buffer.concat(parts).toString();
}

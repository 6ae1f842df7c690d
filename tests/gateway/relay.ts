// A port of loopback that passes each request on to a gateway with an administrator's proof, for tools that can't make one.
// Must never stand anywhere but in tests: whoever reaches it is an administrator.
import { Buffer } from "node:buffer";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ProvingKey } from "../../src/authority/prover.ts";
import type { Dial } from "../../src/grpc/conn.ts";
import { PROOF_HEADER } from "../../src/gateway/http_proof.ts";
import { TIMEOUT_HEADER } from "../../src/gateway/rest/request_headers.ts";
import { parseTimeout } from "../../src/grpc/timeout.ts";
import { HttpCaller } from "./http_caller.ts";

/** Of HTTP itself, on one connection. */
const HOP_BY_HOP = new Set([
  "host",
  "connection",
  "content-length",
  "transfer-encoding",
  "expect",
  "te",
  "upgrade",
]);
/** Others are answered by 501 before any path is looked at (RFC 9110, 15.6.2), which the tool takes for a fault. */
const VERBS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);
/** A stream of events has no end: so much of it is passed on. */
const STREAM_MS = 200;
const MIN_DEADLINE_MS = 5_000;
/** On one connection: there are so many proofs a second. */
const PROOFS_PER_CONNECTION = 8;

export interface Relay {
  readonly url: string;
  /** Answers by their codes. */
  readonly codes: ReadonlyMap<number, number>;
  close(): Promise<void>;
}

export async function startRelay(dial: Dial, key: ProvingKey): Promise<Relay> {
  const codes = new Map<number, number>();
  let caller = new HttpCaller(dial);
  let used = 0;
  /** One at a time: a caller has one connection. */
  let last: Promise<unknown> = Promise.resolve();
  const server = createServer((request, response) => {
    last = last.then(() => pass(request, response)).catch(() => {
      caller.close();
      response.destroy();
    });
  });
  const pass = async (request: IncomingMessage, response: ServerResponse) => {
    if (++used % PROOFS_PER_CONNECTION === 0) {
      caller.close();
      caller = new HttpCaller(dial);
    }
    const { method = "", url: target = "" } = request;
    const verb = VERBS.has(method) ? method : "PATCH";
    const body = await bodyOf(request);
    const headers = Object.fromEntries(
      Object.entries(request.headers).filter(([name]) => !HOP_BY_HOP.has(name)).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join(", ") : value ?? "",
      ]),
    );
    // The tool's own would stand beside the relay's.
    delete headers[PROOF_HEADER.toLowerCase()];
    // A deadline that is too short for any answer is one that the tool would take for a fault.
    if ((parseTimeout(headers[TIMEOUT_HEADER] ?? "") ?? Infinity) < MIN_DEADLINE_MS) {
      delete headers[TIMEOUT_HEADER];
    }
    const ask = { verb, target, headers, body: body.length > 0 ? body : undefined };
    const answer = await caller.ask(await caller.proven(ask, key));
    codes.set(answer.code, (codes.get(answer.code) ?? 0) + 1);
    response.writeHead(answer.code, [...answer.headers].filter(([name]) => !HOP_BY_HOP.has(name)).flat());
    const streams = answer.headers.get("content-type") === "text/event-stream";
    const timer = streams ? setTimeout(() => caller.close(), STREAM_MS) : undefined;
    try {
      for (let one = await answer.body.next(); !one.done; one = await answer.body.next()) {
        response.write(one.value);
      }
    } catch (error) {
      if (!streams) throw error;
    }
    clearTimeout(timer);
    response.end();
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    codes,
    async close() {
      caller.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts);
}

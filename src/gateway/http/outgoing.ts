// An answer of the web as one of node:http: streams as fast as the client reads, everything else whole.
// Must never hold an answer for a client beyond what all answers together may take.
import type { ServerResponse } from "node:http";
import { status } from "@grpc/grpc-js";
import { HELD_TOO_MUCH, type HeldBytes } from "../../grpc/held_bytes.ts";
import { GrpcError } from "../../grpc/status.ts";
import { errorResponse } from "../rest/http_status.ts";

/** Answers whose parts are of use before the rest is there. */
const STREAMED = /^(?:text\/event-stream|application\/grpc-web)/;

/** What an answer says unless its route says otherwise: it is for nobody else, and nothing but what it says it is. */
const DEFAULTS: readonly (readonly [string, string])[] = [
  ["cache-control", "no-store"],
  ["x-content-type-options", "nosniff"],
  ["referrer-policy", "no-referrer"],
  ["cross-origin-resource-policy", "same-origin"],
];

export interface Outgoing {
  readonly to: ServerResponse;
  readonly held: HeldBytes;
  /** The last on this connection. */
  readonly last: () => boolean;
}

/**
 * Ends when the answer is handed to the transport, or the client has gone. Never rejects.
 * @returns false when the answer broke off: the connection is of no more use
 */
export async function send(response: Response, outgoing: Outgoing): Promise<boolean> {
  const { to } = outgoing;
  try {
    if (response.body !== null && STREAMED.test(response.headers.get("content-type") ?? "")) {
      writeHead(response, outgoing);
      return await stream(response.body, to);
    }
    return await whole(response, outgoing);
  } catch {
    return false;
  }
}

async function whole(response: Response, outgoing: Outgoing): Promise<boolean> {
  const { to, held } = outgoing;
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (!response.ok) held.keepRequest(bytes.length); // an error is small, and has to be told
  else if (!held.holdRequest(bytes.length)) {
    return await whole(errorResponse(new GrpcError(status.RESOURCE_EXHAUSTED, HELD_TOO_MUCH)), outgoing);
  }
  try {
    writeHead(response, outgoing, bytes.length);
    to.end(bytes);
    await over(to, "finish");
    return to.writableFinished;
  } finally {
    held.holdRequest(-bytes.length);
  }
}

function writeHead({ status: code, headers }: Response, { to, last }: Outgoing, length?: number): void {
  to.statusCode = code;
  for (const [name, value] of DEFAULTS) {
    if (!headers.has(name)) to.setHeader(name, value);
  }
  for (const [name, value] of headers) to.setHeader(name, value);
  // The length that GET's would have isn't known here: HEAD's answer has lost its body (RFC 9110, 8.6).
  const told = code !== 204 && code !== 304 && to.req.method !== "HEAD";
  if (length !== undefined && told) to.setHeader("content-length", length);
  if (last()) to.setHeader("connection", "close");
  if (length === undefined) to.flushHeaders();
}

async function stream(body: ReadableStream<Uint8Array>, to: ServerResponse): Promise<boolean> {
  const reader = body.getReader();
  let gone = false;
  // Ends a read that waits. A race with a promise of the whole answer would keep every chunk until the answer's end.
  const leave = () => {
    gone = true;
    reader.cancel().catch(() => {});
  };
  to.once("close", leave);
  if (to.destroyed || to.closed) leave();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (gone || to.destroyed) return false;
      if (done) break;
      if (!to.write(value)) await over(to, "drain");
    }
  } finally {
    to.off("close", leave);
    await reader.cancel().catch(() => {}); // of a stream that has ended it is nothing
  }
  to.end();
  await over(to, "finish");
  return to.writableFinished;
}

/** That, or the end of it all. */
function over(to: ServerResponse, event: "finish" | "drain" | "close"): Promise<void> {
  return new Promise((resolve) => {
    if (to.destroyed || to.closed) return resolve();
    const done = () => {
      to.off(event, done);
      to.off("close", done);
      resolve();
    };
    to.on(event, done);
    to.on("close", done);
  });
}

// Runs one call of a grpc-js client and writes down all that the caller sees of it.
// Must never wait for ever: a call without a status is an outcome too.
import type { Buffer } from "node:buffer";
import { type Client, type Metadata, type MetadataValue, type ServiceError, status } from "@grpc/grpc-js";
import { digest } from "./service.ts";

export interface Outcome {
  code: string;
  details: string;
  messages: string[];
  initial: Record<string, string[]>;
  trailers: Record<string, string[]>;
  /** What the caller was told, in this order; messages that follow each other count once. */
  events: string[];
}

export type Kind = "Unary" | "ServerStream" | "ClientStream" | "Bidi" | "Missing";

export interface CallPlan {
  kind: Kind;
  /** Unary and server streaming send the first one. */
  requests: Buffer[];
  metadata: Metadata;
  deadlineMs?: number;
  /** Cancels after so many responses; 0 cancels right away. */
  cancelAfter?: number;
  /** Leaves the request stream open. */
  keepOpen?: boolean;
  /** Sends several messages, or none, on a method that takes one. */
  asStream?: boolean;
}

/** Said by the engine, not by the service: Date, and the content type that trailers-only responses repeat. */
const OF_THE_ENGINE = new Set(["date", "content-type"]);

function plain(metadata: Metadata): Record<string, string[]> {
  const out: Record<string, string[]> = {};
  for (const [name, values] of Object.entries(metadata.toJSON()) as [string, MetadataValue[]][]) {
    if (OF_THE_ENGINE.has(name)) continue;
    // node's HTTP/2 joins the values of an ASCII key that repeats; gRPC itself keeps them apart.
    out[name] = name.endsWith("-bin")
      ? values.map((value) => (value as Buffer).toString("hex"))
      : [values.join(", ")];
  }
  return out;
}

/** A call that ends at all ends long before. */
const PATIENCE_MS = 4_000;

const identity = (bytes: Buffer) => bytes;

export function run(client: Client, plan: CallPlan): Promise<Outcome> {
  return new Promise((resolve) => {
    const outcome: Outcome = {
      code: "none",
      details: "",
      messages: [],
      initial: {},
      trailers: {},
      events: [],
    };
    const note = (event: string) => {
      if (outcome.events.at(-1) !== event) outcome.events.push(event);
    };
    const path = `/differential.Test/${plan.kind}`;
    const options = plan.deadlineMs === undefined ? {} : { deadline: Date.now() + plan.deadlineMs };
    const streams = plan.kind === "Bidi" || plan.kind === "ClientStream" || plan.asStream;
    const onResponse = (error: ServiceError | null, message?: Buffer) => {
      note(error === null ? "response" : `error ${error.code}`);
      if (message !== undefined) outcome.messages.push(digest(message));
    };

    const begin = () => {
      const { metadata } = plan;
      const [first] = plan.requests;
      if (plan.kind === "Bidi" || (plan.kind === "ServerStream" && plan.asStream)) {
        return client.makeBidiStreamRequest(path, identity, identity, metadata, options);
      }
      if (plan.kind === "ServerStream") {
        return client.makeServerStreamRequest(path, identity, identity, first, metadata, options);
      }
      return plan.kind === "ClientStream" || plan.asStream
        ? client.makeClientStreamRequest(path, identity, identity, metadata, options, onResponse)
        : client.makeUnaryRequest(path, identity, identity, first, metadata, options, onResponse);
    };
    const call = begin();
    const watchdog = setTimeout(
      () => resolve({ ...outcome, details: `no status within ${PATIENCE_MS} ms` }),
      PATIENCE_MS,
    );
    call.on("metadata", (metadata: Metadata) => {
      note("metadata");
      outcome.initial = plain(metadata);
    });
    call.on(
      "status",
      ({ code, details, metadata }: { code: number; details: string; metadata: Metadata }) => {
        clearTimeout(watchdog);
        note("status");
        outcome.code = status[code] ?? String(code);
        outcome.details = details;
        outcome.trailers = plain(metadata);
        // Messages come before the status, but node's streams may give the last one a turn later.
        setTimeout(() => resolve(outcome), 5);
      },
    );
    call.on("error", () => note("error"));
    call.on("end", () => note("end"));
    const responses = plan.kind === "ServerStream" || plan.kind === "Bidi";
    if (responses) {
      (call as unknown as { on(event: "data", listener: (message: Buffer) => void): void }).on(
        "data",
        (message) => {
          note("message");
          outcome.messages.push(digest(message));
          if (plan.cancelAfter !== undefined && outcome.messages.length >= plan.cancelAfter) call.cancel();
        },
      );
    }
    if (streams) {
      const writable = call as unknown as { write(message: Buffer): void; end(): void };
      for (const request of plan.requests) writable.write(request);
      if (!plan.keepOpen) writable.end();
    }
    if (plan.cancelAfter === 0) call.cancel();
  });
}

// One connection to the signer with its one Sign stream, over src/grpc, and the calls beside it. A link
// that has ended stays ended: a new one is opened in its place.
import type { Metadata } from "@grpc/grpc-js";
import { Channel } from "../grpc/channel.ts";
import { bidi, clientStream, serverStream, unary } from "../grpc/client.ts";
import type { Dial } from "../grpc/conn.ts";
import type { SignerSignBatchRequestInit, SignerSignResult } from "../proto/mod.ts";
import { failureOf } from "./failure.ts";
import { CALL_DEADLINE_MS, CONNECT_TIMEOUT_MS, STREAM_DEADLINE_MS } from "./limits.ts";
import { SIGNER } from "./methods.ts";
import type { CallOptions, SignerCalls } from "./signer.ts";
import { traced } from "./traced.ts";

export interface LinkEvents {
  onResults(results: SignerSignResult[]): void;
  /** `hasRoom` is true again. */
  onRoom(): void;
  /** Once, and never after `close()`: no result comes any more. */
  onEnd(reason: string): void;
}

export interface Link {
  /** Beside the stream, on the same connection. */
  readonly calls: SignerCalls;
  /** False while the signer takes no more. */
  readonly hasRoom: boolean;
  /** One message. Takes ownership of it. */
  send(batch: SignerSignBatchRequestInit): void;
  close(): void;
}

/** Rejects when there is no signer, or at the signal. */
export type OpenLink = (events: LinkEvents, signal: AbortSignal) => Promise<Link>;

/** A new channel for each link: its own waiting and retrying would only add to ours. */
export function linkOpener(address: string, dial: Dial): OpenLink {
  return async (events, signal) => {
    const channel = new Channel([{ address, dial }], { connectTimeoutMs: CONNECT_TIMEOUT_MS });
    try {
      // Whoever answers this has opened its store.
      const probe = { list: { page_size: 1 } };
      await unary(channel, SIGNER.listKeys, probe, { deadlineMs: CONNECT_TIMEOUT_MS, signal });
      return new GrpcLink(channel, events);
    } catch (error) {
      channel.close();
      throw error;
    }
  };
}

class GrpcLink implements Link {
  readonly calls: SignerCalls;
  readonly #call;
  #unsent = 0;
  #closed = false;

  constructor(private readonly channel: Channel, private readonly events: LinkEvents) {
    this.calls = callsOver(channel);
    this.#call = bidi(channel, SIGNER.sign);
    this.#read().then(
      () => this.#end("the signer ended the stream"),
      (error: unknown) => this.#end(error instanceof Error ? error.message : String(error)),
    );
  }

  get hasRoom(): boolean {
    return this.#unsent === 0;
  }

  send(batch: SignerSignBatchRequestInit): void {
    this.#unsent++;
    this.#call.send(batch).then(() => {
      this.#unsent--;
      if (this.hasRoom && !this.#closed) this.events.onRoom();
    }, (error: unknown) => this.#end(`a message could not be sent: ${error}`));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#call.cancel();
    this.channel.close();
  }

  async #read(): Promise<void> {
    for (let batch = await this.#call.next(); batch !== undefined; batch = await this.#call.next()) {
      if (this.#closed) return;
      this.events.onResults(batch.results);
    }
  }

  #end(reason: string): void {
    if (this.#closed) return;
    this.close();
    this.events.onEnd(reason);
  }
}

/** Calls over a channel that fail with SignerError, and never wait for ever. */
function callsOver(channel: Channel): SignerCalls {
  const bounded = (options: CallOptions | undefined, mostMs: number) => ({
    ...options,
    deadlineMs: Math.min(options?.deadlineMs ?? mostMs, mostMs),
  });
  return {
    unary: (method, request, options) => {
      const call = (metadata?: Metadata) =>
        unary(channel, method, request, { ...bounded(options, CALL_DEADLINE_MS), metadata })
          .catch((error: unknown) => Promise.reject(failureOf(error)));
      return options?.trace === undefined ? call() : traced(options.trace, method.path, call);
    },
    clientStream: (method, requests, options) => {
      const call = (metadata?: Metadata) =>
        clientStream(channel, method, requests, { ...bounded(options, STREAM_DEADLINE_MS), metadata })
          .catch((error: unknown) => Promise.reject(failureOf(error)));
      return options?.trace === undefined ? call() : traced(options.trace, method.path, call);
    },
    async *serverStream(method, request, options) {
      try {
        yield* serverStream(channel, method, request, bounded(options, STREAM_DEADLINE_MS));
      } catch (error) {
        throw failureOf(error);
      }
    },
  };
}

// One connection to the signer with its one Sign stream, over src/grpc. A link
// that has ended stays ended: a new one is opened in its place.
import { Channel } from "../grpc/channel.ts";
import { bidi, unary } from "../grpc/client.ts";
import type { Dial } from "../grpc/conn.ts";
import {
  type Key,
  type ListKeysResponse,
  methodAt,
  type SignerListKeysRequestInit,
  type SignerSignBatchRequestInit,
  type SignerSignBatchResponse,
  type SignerSignResult,
} from "../proto/mod.ts";
import { CONNECT_TIMEOUT_MS } from "./limits.ts";
import type { OutgoingItem } from "./outbox.ts";

export interface LinkEvents {
  onResults(results: SignerSignResult[]): void;
  /** `hasRoom` is true again. */
  onRoom(): void;
  /** Once, and never after `close()`: no result comes any more. */
  onEnd(reason: string): void;
}

export interface Link {
  /** Every key that the signer holds, as it was asked when the link was opened. */
  readonly keys: readonly Key[];
  /** False while the signer takes no more. */
  readonly hasRoom: boolean;
  /** One message. Takes ownership of `items`. */
  send(items: OutgoingItem[]): void;
  close(): void;
}

/** Rejects when there is no signer, or at the signal. */
export type OpenLink = (events: LinkEvents, signal: AbortSignal) => Promise<Link>;

const LIST_KEYS = methodAt<SignerListKeysRequestInit, ListKeysResponse>(
  "/gatehouse.signer.v1.SignerService/ListKeys",
);
const SIGN = methodAt<SignerSignBatchRequestInit, SignerSignBatchResponse>(
  "/gatehouse.signer.v1.SignerService/Sign",
);

/** A new channel for each link: its own waiting and retrying would only add to ours. */
export function linkOpener(address: string, dial: Dial): OpenLink {
  return async (events, signal) => {
    const channel = new Channel([{ address, dial }], { connectTimeoutMs: CONNECT_TIMEOUT_MS });
    try {
      const { keys } = await unary(channel, LIST_KEYS, {}, { deadlineMs: CONNECT_TIMEOUT_MS, signal });
      return new GrpcLink(channel, keys, events);
    } catch (error) {
      channel.close();
      throw error;
    }
  };
}

class GrpcLink implements Link {
  readonly #call;
  #unsent = 0;
  #closed = false;

  constructor(
    private readonly channel: Channel,
    readonly keys: Key[],
    private readonly events: LinkEvents,
  ) {
    this.#call = bidi(channel, SIGN);
    this.#read().then(
      () => this.#end("the signer ended the stream"),
      (error: unknown) => this.#end(error instanceof Error ? error.message : String(error)),
    );
  }

  get hasRoom(): boolean {
    return this.#unsent === 0;
  }

  send(items: OutgoingItem[]): void {
    this.#unsent++;
    this.#call.send({ items }).then(() => {
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

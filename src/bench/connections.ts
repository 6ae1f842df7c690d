// The bench's connections: each a channel of its own over the product's client, so that what is measured is what users call with.
// Must never give back a connection that no server answers on.
import type { Buffer } from "node:buffer";
import { type Metadata, status } from "@grpc/grpc-js";
import { Channel } from "../grpc/channel.ts";
import type { CallListener } from "../grpc/call_start.ts";
import type { ClientCall } from "../grpc/client_call.ts";
import { GrpcError } from "../grpc/status.ts";
import { formatAddress, parseAddressList } from "../transport/address.ts";
import { dialer } from "../transport/dial.ts";
import type { TlsClientOptions } from "../transport/tls_material.ts";
import type { Done, Lane, Slot } from "./slot.ts";
import type { Workload } from "./workload.ts";

/** Errors that no server gives: what came back is not what was asked for. */
const WRONG_ANSWER = "WRONG_ANSWER";

export class Connections {
  readonly #channels: readonly Channel[];
  readonly #slots = new Set<ChannelSlot>();

  /**
   * Opens nothing yet.
   * @param server addresses separated by commas
   * @param numbers of the connections, over all processes
   * @param tls for tls:// addresses
   * @throws AddressError
   */
  constructor(server: string, private readonly numbers: readonly number[], tls?: TlsClientOptions) {
    const targets = parseAddressList(server).map((parsed) => ({
      address: formatAddress(parsed),
      dial: dialer(parsed, { tls }),
    }));
    this.#channels = numbers.map(() => new Channel(targets));
  }

  /**
   * One call on each connection, all at once. A server that refuses the call is there all the same.
   * @throws GrpcError when a connection can't be had
   */
  async open(workload: Workload, timeoutMs: number): Promise<void> {
    await Promise.all(this.#channels.map((channel) => reach(channel, workload, timeoutMs)));
  }

  /** @param streams slots a connection */
  lanes(workload: Workload, streams: number): Lane[] {
    return this.#channels.map((channel, at) => ({
      number: this.numbers[at],
      slots: Array.from({ length: streams }, () => {
        const slot = new ChannelSlot(channel, workload);
        this.#slots.add(slot);
        return slot;
      }),
    }));
  }

  /** Calls under way are cancelled. */
  close(): void {
    for (const slot of this.#slots) slot.cancel();
    this.#slots.clear();
    for (const channel of this.#channels) channel.close();
  }
}

function reach(channel: Channel, workload: Workload, timeoutMs: number): Promise<void> {
  const slot = new ChannelSlot(channel, workload);
  return new Promise((resolve, reject) => {
    slot.start(timeoutMs, (error, details) => {
      const code = error === "UNAVAILABLE" ? status.UNAVAILABLE : status.DEADLINE_EXCEEDED;
      if (error === status[code]) reject(new GrpcError(code, details));
      else resolve();
    });
  });
}

/** A listener that serves one call after the other, since one object a call would be most of the cost. */
class ChannelSlot implements Slot, CallListener {
  readonly #request: Buffer;
  #answer: Buffer | undefined;
  #done: Done | undefined;
  #call: ClientCall | undefined;

  constructor(private readonly channel: Channel, private readonly workload: Workload) {
    this.#request = workload.request();
  }

  start(timeoutMs: number, done: Done): void {
    this.#answer = undefined;
    this.#done = done;
    this.workload.stamp(this.#request);
    const call = this.channel.start({ path: this.workload.path, deadlineMs: timeoutMs }, this);
    if (call.ended) return;
    this.#call = call;
    call.sendLast(this.#request);
    call.read();
  }

  cancel(): void {
    this.#done = undefined;
    this.#call?.cancel(status.CANCELLED, "the bench was stopped");
  }

  onMetadata(_metadata: Metadata): void {}

  onMessage(message: Buffer): void {
    this.#answer = message;
  }

  onStatus({ code, details }: { code: status; details: string }): void {
    const done = this.#done;
    this.#done = undefined;
    this.#call = undefined;
    if (done === undefined) return;
    if (code !== status.OK) return done(status[code] ?? `STATUS_${code}`, details);
    const wrong = this.#wrong();
    done(wrong === undefined ? undefined : WRONG_ANSWER, wrong ?? "");
  }

  #wrong(): string | undefined {
    if (this.#answer === undefined) return "the call ended well without a message";
    try {
      return this.workload.check(this.#request, this.#answer);
    } catch (error) {
      return `the message can't be read: ${error instanceof Error ? error.message : error}`;
    }
  }
}

// The Call that grpc-js's stubs drive, on top of ours.
// Must never run a stub's callback inside the connection's events: what it throws would end up there.
import type { Buffer } from "node:buffer";
import { type ChannelInterface, type InterceptingListener, Metadata, status } from "@grpc/grpc-js";
import type { Channel } from "./channel.ts";
import type { CallListener } from "./call_start.ts";
import type { ClientCall } from "./client_call.ts";
import type { FullStatus } from "./client_status.ts";
import { followParent, PARENT_CANCELLED, type ParentCall } from "./parent_call.ts";

/** grpc-js doesn't export the type by name. */
export type Call = ReturnType<ChannelInterface["createCall"]>;

let callNumbers = 0;

export class StubCall implements Call, CallListener {
  readonly #number = ++callNumbers;
  #call: ClientCall | undefined;
  #listener: InterceptingListener | undefined;
  #credentials = false;
  /** Before the start. */
  #cancelled: FullStatus | undefined;
  /** On its way to the listener, behind the messages. */
  #ending: FullStatus | undefined;
  #unfollow: (() => void) | undefined;

  /** @param deadlineMs on the channel's clock */
  constructor(
    private readonly channel: Channel,
    private readonly path: string,
    private readonly deadlineMs: number,
    private readonly host: string | undefined,
  ) {}

  /** Ends with the call that it is made for. @param flags grpc-js's `propagate_flags` */
  follow(parent: ParentCall, flags: number): void {
    this.#unfollow = followParent(
      parent,
      flags,
      () => this.cancelWithStatus(status.CANCELLED, PARENT_CANCELLED),
    );
  }

  start(metadata: Metadata, listener: InterceptingListener): void {
    this.#listener = listener;
    if (this.#cancelled !== undefined) return this.onStatus(this.#cancelled);
    const call = this.channel.start({
      path: this.path,
      metadata,
      host: this.host,
      waitForReady: metadata.getOptions().waitForReady,
      deadlineMs: this.deadlineMs === Infinity ? undefined : this.deadlineMs - this.channel.nowMs(),
    }, this);
    this.#call = call;
    // Bearer tokens on a plain transport: grpc refuses that too.
    if (this.#credentials) {
      call.cancel(status.UNAUTHENTICATED, "Call credentials need TLS; this channel has none");
    }
  }

  sendMessageWithContext(context: { callback?: () => void; flags?: number }, message: Buffer): void {
    const { callback } = context;
    this.#call?.send(message, context.flags ?? 0, callback && (() => queueMicrotask(callback)));
  }

  startRead(): void {
    this.#call?.read();
  }

  halfClose(): void {
    this.#call?.halfClose();
  }

  cancelWithStatus(code: status, details: string): void {
    const cancelled = { code, details, metadata: new Metadata() };
    if (this.#call === undefined) this.#cancelled ??= cancelled;
    // The server's OK came with the message that the stub now refuses.
    else if (this.#ending?.code === status.OK) this.#ending = cancelled;
    else this.#call.cancel(code, details);
  }

  getPeer(): string {
    return this.#call?.peer ?? this.channel.getTarget();
  }

  getCallNumber(): number {
    return this.#number;
  }

  setCredentials(): void {
    this.#credentials = true;
  }

  getAuthContext(): null {
    return null;
  }

  onMetadata(metadata: Metadata): void {
    queueMicrotask(() => this.#listener?.onReceiveMetadata(metadata));
  }

  onMessage(message: Buffer): void {
    queueMicrotask(() => this.#listener?.onReceiveMessage(message));
  }

  onStatus(ending: FullStatus): void {
    this.#unfollow?.();
    this.#ending = ending;
    queueMicrotask(() => this.#listener?.onReceiveStatus(this.#ending ?? ending));
  }
}

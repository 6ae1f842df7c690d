// One HTTP connection's calls: a channel to the agent's own server, through memory, opened at the first call.
// Must never let a caller say in metadata what only the gateway says.
import { Buffer } from "node:buffer";
import { Metadata } from "@grpc/grpc-js";
import { encodeHttpRequest, HTTP_REQUEST_METADATA, PROOF_METADATA } from "../authority/proof.ts";
import { Channel } from "../grpc/channel.ts";
import { type CallOptions, type ClientMethod, serverStream, unary } from "../grpc/client.ts";
import type { Conn, Peer } from "../grpc/conn.ts";
import type { GatewayCall, GatewayCalls } from "./calls.ts";
import { memoryConns } from "./memory_conn.ts";

/** The server has its own bound on what it sends. */
const NO_LIMIT_BYTES = 0x7fff_ffff;
/** What the channel calls the server: it stands in errors only, where the caller's side would have an address. */
const OWN_SERVER = "unix:gateway";

const identity = <T>(value: T): T => value;

export class OwnCalls implements GatewayCalls {
  #channel: Channel | undefined;
  #closed = false;

  /**
   * @param peer who calls, as the server is to see it
   * @param handle serves one connection by the present server; a later one takes over when it tells its callers to go
   */
  constructor(private readonly peer: Peer, private readonly handle: (conn: Conn) => Promise<void>) {}

  async unary(call: GatewayCall): Promise<Uint8Array> {
    return await unary(this.#open(), bytesOf(call), call.request, optionsOf(call));
  }

  stream(call: GatewayCall): AsyncIterable<Uint8Array> {
    return serverStream(this.#open(), bytesOf(call), call.request, optionsOf(call));
  }

  /** Ends every call. */
  close(): void {
    this.#closed = true;
    this.#channel?.close();
    this.#end?.();
  }

  #end: (() => void) | undefined;

  #open(): Channel {
    if (this.#channel !== undefined) return this.#channel;
    const conns = new Set<Conn>();
    this.#end = () => {
      for (const conn of conns) conn.close();
    };
    const dial = () => {
      const [caller, server] = memoryConns(this.peer);
      if (this.#closed) return Promise.reject(new Error("the HTTP connection has ended"));
      conns.add(caller);
      void this.handle(server).finally(() => conns.delete(caller)); // it never rejects
      return Promise.resolve(caller);
    };
    return this.#channel = new Channel([{ address: OWN_SERVER, dial }], {
      authority: "localhost",
      maxReceiveMessageBytes: NO_LIMIT_BYTES,
    });
  }
}

const bytesOf = ({ path }: GatewayCall): ClientMethod<Uint8Array, Uint8Array> => ({
  path,
  requestSerialize: identity,
  responseDeserialize: identity,
});

function optionsOf(call: GatewayCall): CallOptions {
  const { deadlineMs, signal, onMetadata, onTrailers } = call;
  return { deadlineMs, signal, onMetadata, onTrailers, metadata: metadataOf(call) };
}

function metadataOf({ metadata: given, proof }: GatewayCall): Metadata | undefined {
  if (given === undefined && proof === undefined) return undefined;
  const metadata = given?.clone() ?? new Metadata();
  metadata.remove(HTTP_REQUEST_METADATA);
  if (proof === undefined) return metadata;
  metadata.set(PROOF_METADATA, Buffer.from(proof.bytes));
  metadata.set(HTTP_REQUEST_METADATA, encodeHttpRequest(proof.target, proof.digest));
  return metadata;
}

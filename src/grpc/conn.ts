// What the gRPC layer knows of a transport: a byte stream and who is at its
// other end. Deno.Conn has this shape already; src/transport and vsock/ give it.

/** What the proxy that ended TLS for this peer found out about it. */
export interface PeerTls {
  /** "TLSv1.3" or "TLSv1.2". */
  readonly version: string;
  /** The client's certificate, X.509 as DER, verified by the proxy. Absent: the client gave none. */
  readonly clientCertificate?: Uint8Array;
}

/** What the gateway says of a caller by HTTP for whom it makes calls. Nobody else may set it. */
export interface HttpCaller {
  /** Holds the nonces of its proofs: one object for all connections of a local caller, since browsers open several. */
  readonly nonces: object;
}

/** When the edge did what for a connection; microseconds since 1970, by the clock of its machine. */
export interface EdgeTiming {
  readonly acceptedUs: number;
  /** The TLS handshake's; absent for a plain connection. */
  readonly handshakeEndUs?: number;
}

/** Who is at the other end. The transport decides what a caller may ask for. */
export interface Peer {
  readonly transport: "tcp" | "unix" | "vsock";
  /** As a URL of src/transport/address.ts, for logs and for `getPeer()`. */
  readonly address: string;
  /** VSOCK only: the peer's context id. */
  readonly cid?: number;
  /** TCP only, behind a proxy that ended TLS. */
  readonly tls?: PeerTls;
  /** It came by HTTP, and the gateway calls in its place, over a connection in memory. */
  readonly http?: HttpCaller;
  /** Behind our own edge, for traces. Says nothing about who the peer is. */
  readonly edge?: EdgeTiming;
}

/** One ordered, reliable byte stream. Errors are those of the transport; after one, the stream is dead. */
export interface Conn {
  readonly peer: Peer;
  /** Reads at least one byte into `into`; null at the end. */
  read(into: Uint8Array): Promise<number | null>;
  /** Takes at least one byte of `bytes` and says how many. */
  write(bytes: Uint8Array): Promise<number>;
  /** Closes both ways at once. Closing twice is no error. */
  close(): void;
}

/** A bound address that accepts. Iteration ends at close(). */
export interface Listener extends AsyncIterable<Conn> {
  /** Where it listens, with the port that the kernel chose. */
  readonly address: string;
  close(): void;
}

/** Opens one connection; AbortSignal ends the attempt. */
export type Dial = (signal?: AbortSignal) => Promise<Conn>;

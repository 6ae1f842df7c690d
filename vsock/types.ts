// The shapes that this package gives and takes. They equal those of Gatehouse's
// src/grpc/conn.ts by structure, and must not import them: the package stands alone.

/** Who is at the other end of a connection. */
export interface Peer {
  readonly transport: "tcp" | "unix" | "vsock";
  /** As an address URL, for logs. */
  readonly address: string;
  /** VSOCK only, where the transport knows it: the peer's context id. */
  readonly cid?: number;
}

/** One ordered, reliable byte stream. Errors are Deno's own; after one, the stream is dead. */
export interface Conn {
  readonly peer: Peer;
  /** Reads at least one byte into `into`; null at the end. */
  read(into: Uint8Array): Promise<number | null>;
  /** Takes at least one byte of `bytes` and says how many. */
  write(bytes: Uint8Array): Promise<number>;
  /** Ends the sending half only. Absent where the transport can't do that. */
  readonly closeWrite?: () => Promise<void>;
  /** Closes both ways at once. Closing twice is no error. */
  close(): void;
}

/** A bound address that accepts. Iteration ends at close(). */
export interface Listener extends AsyncIterable<Conn> {
  /** Where it listens, with the port that the kernel chose. */
  readonly address: string;
  close(): void;
}

/** Opens one connection; the signal ends the attempt. */
export type Dial = (signal?: AbortSignal) => Promise<Conn>;

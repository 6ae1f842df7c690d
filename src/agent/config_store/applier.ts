// What a part of the appliance gives that can take a new configuration while it runs.
// Must never keep half of one: apply() leaves the part as `next` says, or throws and leaves it as it was.
import type { Config } from "../config/mod.ts";

/** TLS material as PEM; a part that is absent isn't there. The private key stays inside the agent and the edge. */
export interface TlsFiles {
  /** The server's certificate, then those between it and its anchor. */
  readonly certificatePem?: string;
  readonly privateKeyPem?: string;
  /** Anchors of the clients' certificates. */
  readonly clientCaPem?: string;
  /** Revocation lists. */
  readonly crlPem?: string;
}

export interface Applier {
  /** What messages call it: "edge", "network". */
  readonly name: string;
  /** Problems that the schema can't know, each a sentence with what to do; changes nothing. None: apply() may be tried. */
  check?(next: Config, tls: TlsFiles): Promise<string[]>;
  /**
   * Puts `next` in force. Called at the start too, and again with the version before when another part failed.
   * @throws Error whose message is told to the administrator
   */
  apply(next: Config, tls: TlsFiles): Promise<void>;
}

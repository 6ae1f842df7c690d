// What an agent is started with.
import type { Signer } from "../signer/signer.ts";
import type { Applier } from "./config_store/applier.ts";
import type { KeptConfig } from "./config_store/open.ts";
import type { Log } from "./log/mod.ts";

/** The process that ends TLS for this agent. */
export interface EdgeOptions {
  /** Directory in which its configuration and TLS material are written: DIR/current/edge.json, and DIR/N. */
  readonly dir: string;
  /** Path of the Unix socket on which it calls the agent, each connection opened by a PROXY header. */
  readonly backSocket: string;
  /** The same for what comes to the gateway's addresses. */
  readonly gatewayBackSocket: string;
  /** Path of the Unix socket on which it tells its metrics. */
  readonly metricsSocket?: string;
  /** It opens the tcp:// addresses too, and the agent none: for a machine where nothing else may. */
  readonly opensPlainTcp?: boolean;
  /** It is another user, of this process's group: the group may read what is written for it. */
  readonly groupReads?: boolean;
}

export interface AgentOptions {
  /** From openConfig() on the same `stateDir`. */
  readonly kept: KeptConfig;
  readonly signer: Signer;
  readonly log: Log;
  /** True: an address that can't be listened on is an error. False: it is retried as long as another one works. */
  readonly strict: boolean;
  /** What outlives a restart: configuration, administrators, instance id. Made 0700 when it isn't there. */
  readonly stateDir: string;
  /** Bootstrap files: `gatehouse.admin`, `gatehouse.tls-cert`, `gatehouse.tls-key`, `gatehouse.client-ca`, `gatehouse.crl`. */
  readonly credentialsDir?: string;
  /** Absent: a tls:// address is refused. */
  readonly edge?: EdgeOptions;
  /** Which appliance this is, where the machine has an id of its own; default: one made in stateDir. */
  readonly instanceId?: string;
  /** What takes a changed configuration beside the agent's own parts. */
  readonly appliers?: readonly Applier[];
}

// grpc.health.v1 by `grpc-health-check`: the server as a whole (""), Echo, and
// Crypto, which is as healthy as the signer behind it.
import { HealthImplementation, type ServingStatusMap } from "grpc-health-check";
import type { Signer } from "../signer/signer.ts";

export const ECHO_SERVICE = "echo.EchoService";
export const CRYPTO_SERVICE = "crypto.CryptoService";
export const KEYED_CRYPTO_SERVICE = "gatehouse.v1.Crypto";

/** Parts that no one calls by name, but that an operator watches as one watches a service. */
export const PART_SERVICES = [
  "gatehouse.signer",
  "gatehouse.clock",
  "gatehouse.tls",
  "gatehouse.edge",
] as const;
export type PartService = typeof PART_SERVICES[number];

export class Health {
  readonly #implementation: HealthImplementation;
  readonly #services = new Set<string>(["", ECHO_SERVICE, CRYPTO_SERVICE, KEYED_CRYPTO_SERVICE]);
  #draining = false;

  constructor(signer: Signer) {
    const initial: ServingStatusMap = {
      "": "NOT_SERVING",
      [ECHO_SERVICE]: "SERVING",
      [CRYPTO_SERVICE]: "NOT_SERVING",
      [KEYED_CRYPTO_SERVICE]: "NOT_SERVING",
    };
    this.#implementation = new HealthImplementation(initial);
    this.#follow(signer.healthy);
    signer.onHealth((healthy) => this.#follow(healthy));
  }

  /** How a part is. The server as a whole is as healthy as the signer, whatever the other parts say. */
  set(service: PartService, healthy: boolean): void {
    this.#set(service, healthy);
  }

  /** Every service goes NOT_SERVING, so that clients go elsewhere before the connections close. */
  drain(): void {
    for (const service of this.#services) this.#set(service, false);
    this.#draining = true;
  }

  addToServer(server: Parameters<HealthImplementation["addToServer"]>[0]): void {
    this.#implementation.addToServer(server);
  }

  #follow(healthy: boolean): void {
    this.#set("", healthy);
    this.#set(CRYPTO_SERVICE, healthy);
    this.#set(KEYED_CRYPTO_SERVICE, healthy);
  }

  #set(service: string, healthy: boolean): void {
    if (this.#draining) return;
    this.#services.add(service);
    this.#implementation.setStatus(service, healthy ? "SERVING" : "NOT_SERVING");
  }
}

// grpc.health.v1 by `grpc-health-check`: the server as a whole (""), Echo, and
// Crypto, which is as healthy as the signer behind it.
import { HealthImplementation, type ServingStatusMap } from "grpc-health-check";
import type { Signer } from "../signer/signer.ts";

export const ECHO_SERVICE = "echo.EchoService";
export const CRYPTO_SERVICE = "crypto.CryptoService";

export class Health {
  readonly #implementation: HealthImplementation;

  constructor(signer: Signer) {
    const initial: ServingStatusMap = {
      "": "NOT_SERVING",
      [ECHO_SERVICE]: "SERVING",
      [CRYPTO_SERVICE]: "NOT_SERVING",
    };
    this.#implementation = new HealthImplementation(initial);
    this.#follow(signer.healthy);
    signer.onHealth((healthy) => this.#follow(healthy));
  }

  /** Every service goes NOT_SERVING, so that clients go elsewhere before the connections close. */
  drain(): void {
    this.#draining = true;
    for (const service of ["", ECHO_SERVICE, CRYPTO_SERVICE]) {
      this.#implementation.setStatus(service, "NOT_SERVING");
    }
  }

  addToServer(server: Parameters<HealthImplementation["addToServer"]>[0]): void {
    this.#implementation.addToServer(server);
  }

  #draining = false;

  #follow(healthy: boolean): void {
    if (this.#draining) return;
    const now = healthy ? "SERVING" : "NOT_SERVING";
    this.#implementation.setStatus("", now);
    this.#implementation.setStatus(CRYPTO_SERVICE, now);
  }
}

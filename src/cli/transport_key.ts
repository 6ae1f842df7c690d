// Secrets for the signer's eyes only: encrypted here, to the key that it makes at each start, so that they lie in clear
// neither on the way nor in the agent. An agent that lies about that key reads them: docs/security.md.
import type { TransportKey } from "../proto/mod.ts";
import { AgeError, sealTo } from "../recovery/age.ts";
import { GatehouseError } from "../vm/errors.ts";
import type { AdminClient } from "./admin_client.ts";

/** @throws GatehouseError, GrpcError */
export async function sealForSigner(client: AdminClient, secret: Uint8Array): Promise<Uint8Array> {
  const { recipient } = await client.unary<object, TransportKey>("/gatehouse.v1.Sealing/GetTransportKey", {});
  try {
    return await sealTo(recipient, secret);
  } catch (error) {
    if (!(error instanceof AgeError)) throw error;
    throw new GatehouseError(
      "bad-argument",
      `the server's transport key is ${error.message}`,
      "update this command line or the server: they are of different releases",
    );
  }
}

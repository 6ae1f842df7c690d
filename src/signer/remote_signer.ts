// The signer at an address: SignerClient over src/grpc.
import type { Dial } from "../grpc/conn.ts";
import { linkOpener } from "./link.ts";
import { SignerClient, type SignerClientOptions } from "./signer_client.ts";

export interface RemoteSignerOptions extends SignerClientOptions {
  /** As a URL of src/transport/address.ts, for errors. */
  readonly address: string;
  readonly dial: Dial;
}

/**
 * Connects at once and again whenever the signer is lost.
 *
 * ```ts
 * const address = "unix:///run/gatehouse-signer/signer.sock";
 * const signer = new RemoteSigner({ address, dial: dialer(parseAddress(address)) });
 * const { signature } = await signer.sign({ key, algorithm: Algorithm.ECDSA_P256_SHA256, data, caller });
 * ```
 */
export class RemoteSigner extends SignerClient {
  constructor({ address, dial, ...options }: RemoteSignerOptions) {
    super(linkOpener(address, dial), options);
  }
}

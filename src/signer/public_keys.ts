// Public halves of the well-known keys, for callers that ask while the signer restarts.
// Must never answer from memory while the signer answers: a key may have been rotated.
import { status } from "@grpc/grpc-js";
import { SIGNER } from "./methods.ts";
import { type SignerCalls, SignerError } from "./signer.ts";

/** Keys that are remembered: the well-known ones, with room for some more. */
const MAX_REMEMBERED = 16;

export class PublicKeys {
  readonly #remembered = new Map<string, Uint8Array>();

  constructor(private readonly calls: Pick<SignerCalls, "unary">) {}

  /** SubjectPublicKeyInfo of the newest version. @throws SignerError */
  async newest(id: string): Promise<Uint8Array> {
    try {
      const { versions } = await this.calls.unary(SIGNER.getKey, { id });
      const newest = versions.at(-1);
      if (newest === undefined) throw new SignerError(status.INTERNAL, "the signer gave no version");
      this.#remember(id, newest.public_key_der);
      return newest.public_key_der;
    } catch (error) {
      const remembered = this.#remembered.get(id);
      if (remembered && error instanceof SignerError && error.code === status.UNAVAILABLE) return remembered;
      throw error;
    }
  }

  #remember(id: string, der: Uint8Array): void {
    this.#remembered.delete(id);
    this.#remembered.set(id, Uint8Array.from(der));
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size > MAX_REMEMBERED) this.#remembered.delete(oldest);
  }
}

// The one error of this folder: what is wrong with a certificate, a name or a CA's directory.

/** The message says what is wrong, `next` what to do about it. Never a part of a private key. */
export class PkiError extends Error {
  override readonly name = "PkiError";

  constructor(message: string, readonly next?: string, options?: ErrorOptions) {
    super(message, options);
  }
}

// The one error of this folder: what is wrong with a certificate, a name or a CA's directory.

/** The message says what is wrong and, where something can be done, what. Never a part of a private key. */
export class PkiError extends Error {
  override readonly name = "PkiError";
}

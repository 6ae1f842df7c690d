// Recovery identities and what is encrypted for one reader only, as age files (age-encryption.org/v1, X25519).
// Must never take a recipient of another kind than the signer reads, nor put an identity into a message.
import { Encrypter, generateX25519Identity, identityToRecipient } from "age-encryption";

/** Bech32 of 32 bytes (BIP 173), as age writes an X25519 recipient and identity. */
const RECIPIENT = /^age1[02-9ac-hj-np-z]{58}$/;
const IDENTITY = /^AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}$/;

/** What is wrong with an identity or a recipient; it quotes no identity. */
export class AgeError extends Error {
  override readonly name = "AgeError";
}

export interface RecoveryIdentity {
  /** "AGE-SECRET-KEY-1…" */
  readonly identity: string;
  /** "age1…" */
  readonly recipient: string;
}

export async function makeIdentity(): Promise<RecoveryIdentity> {
  const identity = await generateX25519Identity();
  return { identity, recipient: await identityToRecipient(identity) };
}

/** A file as age-keygen(1) writes it: the identity, its recipient and the time in comments. */
export const identityFile = ({ identity, recipient }: RecoveryIdentity, createdAt: Date): string =>
  `# created: ${createdAt.toISOString()}\n# public key: ${recipient}\n${identity}\n`;

/**
 * The one identity of a file as age-keygen(1) writes it.
 * @throws AgeError when there is none, or more than one
 */
export async function readIdentity(text: string): Promise<RecoveryIdentity> {
  const lines = text.split(/\r?\n/).map((line) => line.trim()).filter((line) =>
    line !== "" && !line.startsWith("#")
  );
  const [identity] = lines;
  if (lines.length !== 1 || !IDENTITY.test(identity)) {
    throw new AgeError("no single line AGE-SECRET-KEY-1… in it");
  }
  try {
    return { identity, recipient: await identityToRecipient(identity) };
  } catch {
    // Its checksum (BIP 173): the library's words may quote it.
    throw new AgeError("its AGE-SECRET-KEY-1… has a typing mistake");
  }
}

/** @throws AgeError unless it is one X25519 recipient */
export function checkRecipient(text: string): string {
  const recipient = text.trim();
  try {
    if (!RECIPIENT.test(recipient)) throw new Error();
    new Encrypter().addRecipient(recipient);
  } catch {
    throw new AgeError("no X25519 recipient of age, which is age1 and 58 characters");
  }
  return recipient;
}

/** Encrypts for the holder of the recipient's identity alone. @throws AgeError on another kind of recipient */
export async function sealTo(recipient: string, secret: Uint8Array): Promise<Uint8Array> {
  const encrypter = new Encrypter();
  encrypter.addRecipient(checkRecipient(recipient));
  return await encrypter.encrypt(secret);
}

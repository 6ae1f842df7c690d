// An administrator's private key as his file has it. For clients; the agent never sees one.
// Must never put a part of the key into an error.
import { Buffer } from "node:buffer";
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { type ProvingKey, provingKey } from "./prover.ts";
import { PublicKeyError, readPublicKey } from "./public_key.ts";

/** OneAsymmetricKey of Ed25519 up to the seed (RFC 8410, 7). */
const ED25519_PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");
const SEED_BYTES = 32;

export interface PrivateKey {
  readonly proving: ProvingKey;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  readonly publicPem: string;
}

/** Why a file is no key that can prove, as a sentence. */
export class PrivateKeyError extends Error {
  override readonly name = "PrivateKeyError";
}

/** A new Ed25519 key, PKCS#8 as PEM. */
export const makePrivateKeyPem = (): string =>
  String(generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }));

/**
 * Ed25519 or P-256: PKCS#8 or SEC 1 as PEM, or OpenSSH's own form (ed25519), none of them encrypted.
 * @throws PrivateKeyError
 */
export async function readPrivateKey(text: string): Promise<PrivateKey> {
  const key = objectOf(text.trim());
  const publicKey = createPublicKey(key);
  const spki = new Uint8Array(publicKey.export({ type: "spki", format: "der" }));
  try {
    await readPublicKey(spki); // the server takes no other kinds
  } catch (error) {
    if (!(error instanceof PublicKeyError)) throw error;
    throw new PrivateKeyError("it is no Ed25519 or P-256 key");
  }
  return {
    proving: provingKey(spki, key),
    spki,
    publicPem: String(publicKey.export({ type: "spki", format: "pem" })),
  };
}

function objectOf(text: string): KeyObject {
  if (/^-----BEGIN (RSA )?PUBLIC KEY-----|^ssh-/.test(text)) {
    throw new PrivateKeyError("it is a public key; the private one proves");
  }
  if (text.startsWith("-----BEGIN ENCRYPTED PRIVATE KEY-----")) {
    throw new PrivateKeyError("it is encrypted; decrypt it to a file of mode 0600 (openssl pkcs8 -in FILE)");
  }
  try {
    if (text.startsWith("-----BEGIN OPENSSH PRIVATE KEY-----")) return fromOpenSsh(text);
    return createPrivateKey({ key: text, format: "pem" });
  } catch (error) {
    if (error instanceof PrivateKeyError) throw error;
    throw new PrivateKeyError("it is no private key in PEM that can be read");
  }
}

/** OpenSSH's PROTOCOL.key: strings behind their lengths; one unencrypted Ed25519 key. */
function fromOpenSsh(text: string): KeyObject {
  const body = Buffer.from(text.replace(/-----[A-Z ]+-----/g, ""), "base64");
  const magic = "openssh-key-v1\0";
  if (body.toString("latin1", 0, magic.length) !== magic) {
    throw new PrivateKeyError("its OpenSSH form can't be read");
  }
  let at = magic.length;
  const string = () => {
    const end = at + 4 + body.readUInt32BE(at);
    if (end > body.length) throw new PrivateKeyError("its OpenSSH form is cut");
    const bytes = body.subarray(at + 4, end);
    at = end;
    return bytes;
  };
  if (string().toString("latin1") !== "none") {
    throw new PrivateKeyError(
      "it is encrypted; take the passphrase off a copy of mode 0600 (ssh-keygen -p -f COPY)",
    );
  }
  string(); // the key derivation's name
  string(); // and its options
  if (body.readUInt32BE(at) !== 1) throw new PrivateKeyError("it holds several keys");
  at += 4;
  string(); // the public key
  at += 4; // the length of the private part, which the reading below bounds
  at += 8; // two equal numbers, to notice a wrong passphrase
  if (string().toString("latin1") !== "ssh-ed25519") throw new PrivateKeyError("it is no Ed25519 key");
  string(); // the public key once more
  const seed = string().subarray(0, SEED_BYTES);
  return createPrivateKey({ key: Buffer.concat([ED25519_PKCS8_PREFIX, seed]), format: "der", type: "pkcs8" });
}

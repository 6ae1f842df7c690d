// Public keys that may be enrolled: Ed25519 and P-256, in one encoding each, so that a key has one id.
// Must never take a key for which anybody can sign, nor a private key.
import { Buffer } from "node:buffer";
import { createHash, createPublicKey } from "node:crypto";

/** SubjectPublicKeyInfo up to the key itself (RFC 8410, 4; RFC 5480, 2, with an uncompressed point). */
const ED25519_PREFIX = Buffer.from("302a300506032b6570032100", "hex");
const P256_PREFIX = Buffer.from("3059301306072a8648ce3d020106082a8648ce3d03010703420004", "hex");
/** A file with a key, private or public, has some hundred bytes; this bounds a wrong one. */
export const MAX_KEY_FILE_BYTES = 16 * 1024;

const ED25519_BYTES = 32;
const P256_BYTES = 64;

/**
 * y of the points of Ed25519 whose order divides 8, in every encoding, without the sign bit: under such a key a
 * signature that nobody made verifies for one message in eight, or for all. (The list is libsodium's too.)
 */
const SMALL_ORDER = new Set([
  "00".repeat(32),
  "01" + "00".repeat(31),
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  ...["ec", "ed", "ee"].map((first) => first + "ff".repeat(30) + "7f"),
]);

export type KeyAlgorithm = "Ed25519" | "P-256";

export interface PublicKey {
  readonly algorithm: KeyAlgorithm;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array<ArrayBuffer>;
  /** SHA-256 of it. */
  readonly keyId: Uint8Array;
  /** @param signature 64 bytes: RFC 8032's, or r||s of ECDSA with SHA-256 */
  verifies(signature: Uint8Array, data: Uint8Array<ArrayBuffer>): Promise<boolean>;
}

/** Why a key isn't taken, as a sentence. */
export class PublicKeyError extends Error {
  override readonly name = "PublicKeyError";
}

/** @throws PublicKeyError */
export async function readPublicKey(der: Uint8Array): Promise<PublicKey> {
  const spki = Uint8Array.from(der);
  const algorithm = algorithmOf(Buffer.from(der));
  const imported = algorithm === "Ed25519" ? "Ed25519" : { name: "ECDSA", namedCurve: "P-256" };
  const used = algorithm === "Ed25519" ? "Ed25519" : { name: "ECDSA", hash: "SHA-256" };
  let key: CryptoKey;
  try {
    createPublicKey({ key: Buffer.from(der), format: "der", type: "spki" }); // importKey takes what is off the curve
    key = await crypto.subtle.importKey("spki", spki, imported, false, ["verify"]);
  } catch {
    throw new PublicKeyError(`it is no point of ${algorithm}'s curve`);
  }
  return {
    algorithm,
    spki,
    keyId: keyIdOf(spki),
    verifies: (signature, data) => crypto.subtle.verify(used, key, Uint8Array.from(signature), data),
  };
}

export const keyIdOf = (spki: Uint8Array): Uint8Array => createHash("sha256").update(spki).digest();

/**
 * A key as a file has it: PEM (RFC 7468, 13) or one line of OpenSSH, "ssh-ed25519 AAAA… comment".
 * @throws PublicKeyError
 */
export async function readPublicKeyText(text: string): Promise<PublicKey> {
  const trimmed = text.trim();
  if (trimmed.startsWith("ssh-ed25519 ")) return await readPublicKey(fromOpenSsh(trimmed));
  if (!trimmed.startsWith("-----BEGIN PUBLIC KEY-----")) {
    throw new PublicKeyError(
      "it is neither PEM (BEGIN PUBLIC KEY) nor an OpenSSH line (ssh-ed25519 AAAA…); `gatehouse admins keygen` makes one",
    );
  }
  let der: Buffer;
  try {
    der = createPublicKey({ key: trimmed, format: "pem" }).export({ type: "spki", format: "der" });
  } catch {
    throw new PublicKeyError("its PEM can't be read");
  }
  return await readPublicKey(der);
}

function algorithmOf(der: Buffer): KeyAlgorithm {
  if (der.length === ED25519_PREFIX.length + ED25519_BYTES && startsWith(der, ED25519_PREFIX)) {
    const point = Buffer.from(der.subarray(ED25519_PREFIX.length));
    point[ED25519_BYTES - 1] &= 0x7f;
    if (SMALL_ORDER.has(point.toString("hex"))) throw new PublicKeyError("anybody can sign for this key");
    return "Ed25519";
  }
  if (der.length === P256_PREFIX.length + P256_BYTES && startsWith(der, P256_PREFIX)) return "P-256";
  throw new PublicKeyError("it is no SubjectPublicKeyInfo of an Ed25519 or P-256 key (uncompressed point)");
}

const startsWith = (bytes: Buffer, prefix: Buffer) => bytes.subarray(0, prefix.length).equals(prefix);

/** RFC 4253, 6.6 and RFC 8709, 4: two strings, the algorithm's name and the key, each behind its length. */
function fromOpenSsh(line: string): Uint8Array {
  const blob = Buffer.from(line.split(/\s+/)[1] ?? "", "base64");
  const name = Buffer.from("\0\0\0\x0bssh-ed25519\0\0\0\x20", "latin1");
  if (blob.length !== name.length + ED25519_BYTES || !startsWith(blob, name)) {
    throw new PublicKeyError("its OpenSSH line can't be read");
  }
  return Buffer.concat([ED25519_PREFIX, blob.subarray(name.length)]);
}

// Checks a signature against a public key on this side, so that nobody has to
// believe the server.
import { constants, createVerify, type KeyObject, verify } from "node:crypto";
import type { Algorithm } from "../proto/mod.ts";
import { readPublicKey } from "./public_key.ts";

/** An algorithm's name; the seed's API has some of them, under the same names. */
export type AlgorithmName = keyof typeof Algorithm;

/** What a name says: of which kind of key, with which hash. */
interface Scheme {
  readonly keyType: "rsa" | "ec" | "ed25519";
  readonly curve?: string;
  readonly hash?: "sha256" | "sha384" | "sha512";
  readonly pss?: true;
}

/** Curves as the library names them, and bytes of r||s (IEEE P1363). */
const CURVES: Readonly<Record<string, readonly [curve: string, rawBytes: number]>> = {
  P256: ["prime256v1", 64],
  P384: ["secp384r1", 96],
  P521: ["secp521r1", 132],
};

function schemeOf(name: string): Scheme | undefined {
  if (name === "EDDSA_ED25519") return { keyType: "ed25519" };
  const [, padding, curve, bits] = /^(?:RSA_(PKCS1|PSS)|ECDSA_(P\d+))_SHA(256|384|512)$/.exec(name) ?? [];
  const hash = `sha${bits}` as Scheme["hash"];
  if (padding !== undefined) return { keyType: "rsa", hash, pss: padding === "PSS" ? true : undefined };
  return CURVES[curve] && { keyType: "ec", curve: CURVES[curve][0], hash };
}

/**
 * @param publicKey in any form that readPublicKey() knows
 * @param data whole, or in parts for what has any length (not Ed25519)
 * @param signature ECDSA as DER (RFC 3279, 2.2.3) or as r||s
 * @throws GatehouseError when the key can't be read
 */
export async function verifySignature(
  algorithm: AlgorithmName,
  publicKey: Uint8Array,
  data: Uint8Array | AsyncIterable<Uint8Array>,
  signature: Uint8Array,
): Promise<boolean> {
  const { key, seedForm } = readPublicKey(publicKey);
  const scheme = schemeOf(algorithm);
  if (scheme === undefined || key.asymmetricKeyType !== scheme.keyType) return false;
  if (scheme.curve !== undefined && key.asymmetricKeyDetails?.namedCurve !== scheme.curve) return false;
  if (scheme.hash === undefined) return data instanceof Uint8Array && verify(null, data, key, signature);
  // The seed's server signs SHA-384 under this name.
  const hash = seedForm && algorithm === "ECDSA_P384_SHA256" ? "sha384" : scheme.hash;
  const rawBytes = Object.values(CURVES).find(([curve]) => curve === scheme.curve)?.[1];
  // Each verifies once; a signature of that length may be of either form.
  const encodings = signature.length === rawBytes ? ["der", "ieee-p1363"] as const : ["der"] as const;
  const verifiers = encodings.map((dsaEncoding) => ({ dsaEncoding, verifier: createVerify(hash) }));
  for await (const part of data instanceof Uint8Array ? [data] : data) {
    for (const { verifier } of verifiers) verifier.update(part);
  }
  return verifiers.some(({ dsaEncoding, verifier }) =>
    verifier.verify(scheme.keyType === "rsa" ? rsaKey(key, scheme) : { key, dsaEncoding }, signature)
  );
}

/** RFC 8017, 9.1: a salt as long as the digest. */
const rsaKey = (key: KeyObject, { pss }: Scheme) =>
  pss ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST } : key;

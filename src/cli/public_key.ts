// Public keys in the forms that servers give them: SPKI, and for `compat = "seed"`
// PKCS#1 or a bare point. Must never take a private key for one.
import { Buffer } from "node:buffer";
import { createPublicKey, type KeyObject } from "node:crypto";
import { KeyKind } from "../proto/mod.ts";
import { GatehouseError } from "../vm/errors.ts";

const SEQUENCE = 0x30;
/** SEC 1, 2.3.3: what an uncompressed point begins with. */
const UNCOMPRESSED = 0x04;

/** What a JWK (RFC 7517) begins with. */
const BRACE = 0x7b;

/** SubjectPublicKeyInfo up to the point (RFC 5480, 2), by the point's length: 1 + 2 * 32 and 1 + 2 * 48. */
const POINT_PREFIXES = new Map([
  [65, "3059301306072a8648ce3d020106082a8648ce3d030107034200"],
  [97, "3076301006072a8648ce3d020106052b81040022036200"],
]);

export interface PublicKey {
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  readonly key: KeyObject;
  /** It came as the seed's server gives it, so that server's algorithms are the seed's too. */
  readonly seedForm: boolean;
}

/** The SubjectPublicKeyInfo of a key in any known form. @throws GatehouseError when it is none */
export const toSpki = (bytes: Uint8Array): Uint8Array => readPublicKey(bytes).spki;

/**
 * Recognises SPKI (DER, or PEM: RFC 7468, 13), JWK (RFC 7517), RSAPublicKey (DER or PEM: RFC 8017, A.1.1) and bare
 * uncompressed points of P-256 and P-384.
 *
 * @throws GatehouseError when it is none of them
 */
export function readPublicKey(bytes: Uint8Array): PublicKey {
  const found = bytes[0] === "-".charCodeAt(0)
    ? fromPem(bytes)
    : bytes[0] === SEQUENCE
    ? fromDer(bytes)
    : bytes[0] === UNCOMPRESSED
    ? fromPoint(bytes)
    : bytes[0] === BRACE
    ? fromJwk(bytes)
    : undefined;
  if (found === undefined) {
    throw new GatehouseError(
      "bad-argument",
      `${bytes.length} bytes that are no public key`,
      "give a public key as `gatehouse keys public-key` writes it: PEM, DER or JWK",
    );
  }
  return { ...found, spki: new Uint8Array(found.key.export({ type: "spki", format: "der" })) };
}

const KINDS: ReadonlyMap<string, number> = new Map([
  ["prime256v1", KeyKind.EC_P256],
  ["secp384r1", KeyKind.EC_P384],
  ["secp521r1", KeyKind.EC_P521],
  ["ed25519", KeyKind.ED25519],
  // Of any length: they sign alike.
  ["rsa", KeyKind.RSA_2048],
]);

/** Its kind; KEY_KIND_UNSPECIFIED for one that Gatehouse doesn't have. @throws GatehouseError as readPublicKey() */
export function kindOf(bytes: Uint8Array): number {
  const { asymmetricKeyType = "", asymmetricKeyDetails } = readPublicKey(bytes).key;
  return KINDS.get(asymmetricKeyDetails?.namedCurve ?? asymmetricKeyType) ?? KeyKind.KEY_KIND_UNSPECIFIED;
}

type Found = Pick<PublicKey, "key" | "seedForm"> | undefined;

function fromPem(bytes: Uint8Array): Found {
  // Of a private key's PEM the library would derive the public half.
  if (!/^-----BEGIN (RSA )?PUBLIC KEY-----/.test(new TextDecoder("latin1").decode(bytes))) return undefined;
  const key = attempt(() => createPublicKey({ key: Buffer.from(bytes), format: "pem" }));
  return key && { key, seedForm: false };
}

function fromDer(bytes: Uint8Array): Found {
  const der = Buffer.from(bytes);
  const spki = attempt(() => createPublicKey({ key: der, format: "der", type: "spki" }));
  if (spki) return { key: spki, seedForm: false };
  const pkcs1 = attempt(() => createPublicKey({ key: der, format: "der", type: "pkcs1" }));
  return pkcs1 && { key: pkcs1, seedForm: true };
}

function fromJwk(bytes: Uint8Array): Found {
  const key = attempt(() => {
    const jwk: JsonWebKey = JSON.parse(new TextDecoder().decode(bytes));
    // Of a private one the library would derive the public half.
    if (jwk.d !== undefined) throw new Error();
    return createPublicKey({ key: jwk, format: "jwk" });
  });
  return key && { key, seedForm: false };
}

function fromPoint(bytes: Uint8Array): Found {
  const prefix = POINT_PREFIXES.get(bytes.length);
  if (prefix === undefined) return undefined;
  const der = Buffer.concat([Buffer.from(prefix, "hex"), bytes]);
  const key = attempt(() => createPublicKey({ key: der, format: "der", type: "spki" }));
  return key && { key, seedForm: true };
}

/** What isn't of one form may be of another. */
function attempt(read: () => KeyObject): KeyObject | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

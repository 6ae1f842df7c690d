// Public halves of keys in the forms that other programs read: PEM, JWK, OpenSSH, all made of SubjectPublicKeyInfo.
// Must never be given a private key: whatever it reads, it gives out.
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { Algorithm, KeyKind, PublicKeyFormat } from "../proto/mod.ts";
import { expectElement } from "./der.ts";
import { publicBits, publicKeyPem } from "./spki.ts";

/** What a form says of a key beside its public half. */
export interface Described {
  /** For OpenSSH's comment. */
  readonly id: string;
  readonly version: number;
  /** One of `KeyKind`. */
  readonly kind: number;
  /** `Algorithm`s that its policy allows; none: all. */
  readonly algorithms: readonly number[];
}

interface Curve {
  /** RFC 7518, 6.2.1.1; RFC 8037, 2. */
  readonly jwk: string;
  /** RFC 5656, 10.1; RFC 8709, 4. */
  readonly ssh: string;
}

const CURVES: Readonly<Record<number, Curve>> = {
  [KeyKind.EC_P256]: { jwk: "P-256", ssh: "nistp256" },
  [KeyKind.EC_P384]: { jwk: "P-384", ssh: "nistp384" },
  [KeyKind.EC_P521]: { jwk: "P-521", ssh: "nistp521" },
};

/** RFC 7518, 3.1; RFC 8037, 3.1. ECDSA on P-384 with SHA-256 has no name there. */
const JOSE_NAMES: Readonly<Record<number, string>> = {
  [Algorithm.RSA_PKCS1_SHA256]: "RS256",
  [Algorithm.RSA_PKCS1_SHA384]: "RS384",
  [Algorithm.RSA_PKCS1_SHA512]: "RS512",
  [Algorithm.RSA_PSS_SHA256]: "PS256",
  [Algorithm.RSA_PSS_SHA384]: "PS384",
  [Algorithm.RSA_PSS_SHA512]: "PS512",
  [Algorithm.ECDSA_P256_SHA256]: "ES256",
  [Algorithm.ECDSA_P384_SHA384]: "ES384",
  [Algorithm.ECDSA_P521_SHA512]: "ES512",
  [Algorithm.EDDSA_ED25519]: "EdDSA",
};

/** With which a key signs where its policy doesn't say, if JOSE knows one such only. */
const JOSE_OF_KIND: Readonly<Record<number, number>> = {
  [KeyKind.EC_P256]: Algorithm.ECDSA_P256_SHA256,
  [KeyKind.EC_P384]: Algorithm.ECDSA_P384_SHA384,
  [KeyKind.EC_P521]: Algorithm.ECDSA_P521_SHA512,
  [KeyKind.ED25519]: Algorithm.EDDSA_ED25519,
};

/**
 * @param spki SubjectPublicKeyInfo, DER
 * @param format one of `PublicKeyFormat`
 * @returns undefined for a format that isn't one
 */
export function publicKeyIn(format: number, spki: Uint8Array, key: Described): Uint8Array | undefined {
  switch (format) {
    case PublicKeyFormat.SPKI_DER:
      return spki;
    case PublicKeyFormat.SPKI_PEM:
      return Buffer.from(`${publicKeyPem(spki)}\n`);
    case PublicKeyFormat.JWK:
      return Buffer.from(JSON.stringify(jwk(spki, key)));
    case PublicKeyFormat.OPENSSH:
      return Buffer.from(openSsh(spki, key));
    default:
      return undefined;
  }
}

/** RFC 7517, 4; `kid` is the thumbprint, so that it is the same for this key wherever it is. */
function jwk(spki: Uint8Array, key: Described): Record<string, string> {
  const required = requiredMembers(spki, key.kind);
  const alg = joseName(key);
  return { ...required, ...alg === undefined ? {} : { alg }, use: "sig", kid: thumbprint(required) };
}

/** In the order of RFC 7638, 3.2, which a thumbprint is made over. */
function requiredMembers(spki: Uint8Array, kind: number): Record<string, string> {
  const bits = publicBits(spki);
  if (kind === KeyKind.ED25519) return { crv: "Ed25519", kty: "OKP", x: base64url(bits) };
  const curve = CURVES[kind];
  if (curve === undefined) {
    const { n, e } = rsaNumbers(bits);
    return { e: base64url(withoutSign(e)), kty: "RSA", n: base64url(withoutSign(n)) };
  }
  const scalarBytes = (bits.length - 1) / 2;
  const x = bits.subarray(1, 1 + scalarBytes), y = bits.subarray(1 + scalarBytes);
  return { crv: curve.jwk, kty: "EC", x: base64url(x), y: base64url(y) };
}

/** RFC 7638, 3, with SHA-256. */
const thumbprint = (required: Record<string, string>): string =>
  createHash("sha256").update(JSON.stringify(required)).digest("base64url");

/** The one algorithm that the key is for; undefined where there are several, or JOSE has no name for it. */
function joseName({ kind, algorithms }: Described): string | undefined {
  if (algorithms.length === 1) return JOSE_NAMES[algorithms[0]];
  const usual = JOSE_OF_KIND[kind];
  return algorithms.length === 0 || algorithms.includes(usual) ? JOSE_NAMES[usual] : undefined;
}

/** One line, as authorized_keys has it: RFC 4253, 6.6 (RSA); RFC 5656, 3.1 (ECDSA); RFC 8709, 4 (Ed25519). */
function openSsh(spki: Uint8Array, { id, version, kind }: Described): string {
  const [name, ...values] = sshValues(publicBits(spki), kind);
  const blob = Buffer.concat([Buffer.from(name), ...values].map(sshString));
  return `${name} ${blob.toString("base64")} ${id}/${version}\n`;
}

function sshValues(bits: Uint8Array, kind: number): [name: string, ...values: Uint8Array[]] {
  if (kind === KeyKind.ED25519) return ["ssh-ed25519", bits];
  const curve = CURVES[kind];
  if (curve !== undefined) return [`ecdsa-sha2-${curve.ssh}`, Buffer.from(curve.ssh), bits];
  // An mpint is the DER INTEGER's content: two's complement, as short as can be (RFC 4251, 5).
  const { n, e } = rsaNumbers(bits);
  return ["ssh-rsa", e, n];
}

/** RFC 4251, 5: four bytes of length, then the bytes. */
function sshString(bytes: Uint8Array): Uint8Array {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

const SEQUENCE = 0x30;
const INTEGER = 0x02;

function rsaNumbers(bits: Uint8Array): { n: Uint8Array; e: Uint8Array } {
  const { content } = expectElement(bits, SEQUENCE);
  const n = expectElement(content, INTEGER);
  return { n: n.content, e: expectElement(content, INTEGER, n.end).content };
}

/** An INTEGER without the zero that keeps it positive. */
const withoutSign = (integer: Uint8Array) => integer[0] === 0 ? integer.subarray(1) : integer;

const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url");

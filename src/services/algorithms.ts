// What the seed's API calls an algorithm, and what the signer calls it: one
// table. A combination that isn't in it is refused by name.
import { Algorithm, CryptoKeyType, CryptoSigningAlgorithm } from "../proto/mod.ts";

export interface AlgorithmRow {
  name: keyof typeof CryptoSigningAlgorithm;
  keyType: number;
  /** The signer's well-known key that signs with it. */
  key: string;
  signerAlgorithm: number;
  /** What `compat = "seed"` signs with, where the seed's name lied. */
  seedSignerAlgorithm: number;
  /** ECDSA: bytes of r and of s; 0 for RSA. */
  scalarBytes: number;
}

const { RSA, ECC } = CryptoKeyType;
const A = Algorithm;

const rows: AlgorithmRow[] = [
  row("RSA_PKCS1_SHA256", RSA, "default-rsa", A.RSA_PKCS1_SHA256),
  row("RSA_PSS_SHA256", RSA, "default-rsa", A.RSA_PSS_SHA256),
  row("ECDSA_P256_SHA256", ECC, "default-p256", A.ECDSA_P256_SHA256, 32),
  // The seed's server signed SHA-384 under this name.
  row("ECDSA_P384_SHA256", ECC, "default-p384", A.ECDSA_P384_SHA256, 48, A.ECDSA_P384_SHA384),
  row("ECDSA_P384_SHA384", ECC, "default-p384", A.ECDSA_P384_SHA384, 48),
];

function row(
  name: keyof typeof CryptoSigningAlgorithm,
  keyType: number,
  key: string,
  signerAlgorithm: number,
  scalarBytes = 0,
  seedSignerAlgorithm = signerAlgorithm,
): AlgorithmRow {
  return { name, keyType, key, signerAlgorithm, seedSignerAlgorithm, scalarBytes };
}

const byNumber = new Map<number, AlgorithmRow>(rows.map((each) => [CryptoSigningAlgorithm[each.name], each]));

/** The row of a CryptoSigningAlgorithm by its number; undefined for an unknown one. */
export const algorithmRow = (algorithm: number): AlgorithmRow | undefined => byNumber.get(algorithm);

/** Names and numbers of the algorithms of a key type, or of all, for a refusal's text. */
export function allowedAlgorithms(keyType?: number): string {
  return rows.filter((each) => keyType === undefined || each.keyType === keyType)
    .map((each) => `${each.name} (${CryptoSigningAlgorithm[each.name]})`).join(", ");
}

/** The name of a CryptoKeyType by its number; undefined for an unknown one. */
export const keyTypeName = (keyType: number): keyof typeof CryptoKeyType | undefined =>
  (Object.keys(CryptoKeyType) as (keyof typeof CryptoKeyType)[]).find((name) =>
    CryptoKeyType[name] === keyType
  );

/** The key that GetPublicKey gives when no algorithm is named: the seed knew one key a type. */
export const DEFAULT_KEY: Record<number, string> = { [RSA]: "default-rsa", [ECC]: "default-p256" };

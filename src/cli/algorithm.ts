// Algorithms and key types as a person types them.
import { CryptoKeyType, CryptoSigningAlgorithm } from "../proto/mod.ts";
import { algorithmRow } from "../services/algorithms.ts";
import { GatehouseError } from "../vm/errors.ts";

export const ALGORITHM_NAMES = Object.keys(CryptoSigningAlgorithm) as (keyof typeof CryptoSigningAlgorithm)[];
export const DEFAULT_ALGORITHM = "ECDSA_P256_SHA256";

export interface ChosenAlgorithm {
  name: keyof typeof CryptoSigningAlgorithm;
  algorithm: number;
  keyType: number;
}

/** `rsa-pss-sha256` and `RSA_PSS_SHA256` are the same. */
export function parseAlgorithm(text: string): ChosenAlgorithm {
  const name = text.toUpperCase().replaceAll("-", "_") as keyof typeof CryptoSigningAlgorithm;
  const algorithm = CryptoSigningAlgorithm[name];
  const row = algorithm === undefined ? undefined : algorithmRow(algorithm);
  if (!row) {
    throw new GatehouseError(
      "bad-argument",
      `--algorithm ${text}: no such algorithm`,
      `choose one of ${ALGORITHM_NAMES.join(", ")}`,
    );
  }
  return { name, algorithm, keyType: row.keyType };
}

/** `rsa` or `ecc`, whatever the case. */
export function parseKeyType(text: string): number {
  const keyType = CryptoKeyType[text.toUpperCase() as keyof typeof CryptoKeyType];
  if (keyType === undefined) {
    throw new GatehouseError("bad-argument", `--key-type ${text}: no such key type`, "choose rsa or ecc");
  }
  return keyType;
}

// How an ECDSA signature is written, by the words of `--encoding`.
import { EcdsaEncoding } from "../../proto/mod.ts";

/** As the API numbers them. */
export const ENCODINGS: ReadonlyMap<string, number> = new Map([["der", EcdsaEncoding.DER], [
  "raw",
  EcdsaEncoding.RAW,
]]);

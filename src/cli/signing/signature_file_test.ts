import { Buffer } from "node:buffer";
import { generateKeyPairSync, sign } from "node:crypto";
import { expect, test } from "vitest";
import { EcdsaEncoding } from "../../proto/mod.ts";
import { decodeSignature, guessEncoding } from "./signature_file.ts";

const DATA = new TextEncoder().encode("signed");
const text = (value: string) => new TextEncoder().encode(value);

test("raw, base64 and hex give the same bytes", () => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const signature = sign("sha256", DATA, privateKey);
  const plain = new Uint8Array(signature);
  expect(decodeSignature(plain)).toEqual(plain);
  expect(decodeSignature(text(signature.toString("base64") + "\n"))).toEqual(plain);
  expect(decodeSignature(text(signature.toString("hex") + "\r\n"))).toEqual(plain);
  expect(decodeSignature(Uint8Array.of(0xff, 0))).toEqual(Uint8Array.of(0xff, 0));
});

test.each(["P-256", "P-384", "P-521"])("DER of %s is told from r||s", (namedCurve) => {
  const { privateKey: key } = generateKeyPairSync("ec", { namedCurve });
  const of = (dsaEncoding: "der" | "ieee-p1363") => guessEncoding(sign("sha512", DATA, { key, dsaEncoding }));
  expect(of("der")).toBe(EcdsaEncoding.DER);
  expect(of("ieee-p1363")).toBe(EcdsaEncoding.RAW);
});

test("nothing is no DER", () => expect(guessEncoding(Buffer.alloc(0))).toBe(EcdsaEncoding.RAW));

import { Buffer } from "node:buffer";
import { createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { rawSignature } from "./seed_compat.ts";
import { publicBits } from "./spki.ts";

test("an ECDSA signature as r||s verifies as IEEE P1363", () => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  for (let i = 0; i < 40; i++) {
    const data = Buffer.from(`message ${i}`);
    const raw = rawSignature(sign("sha256", data, privateKey), 32);
    expect(raw.length).toBe(64);
    expect(verify("sha256", data, { key: publicKey, dsaEncoding: "ieee-p1363" }, raw)).toBe(true);
  }
});

test("an RSA key comes as PKCS#1, an EC key as its uncompressed point", () => {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey;
  const pkcs1 = publicBits(rsa.export({ type: "spki", format: "der" }));
  const again = createPublicKey({ key: Buffer.from(pkcs1), type: "pkcs1", format: "der" });
  expect(again.export({ type: "spki", format: "pem" })).toBe(rsa.export({ type: "spki", format: "pem" }));

  const ec = generateKeyPairSync("ec", { namedCurve: "P-384" }).publicKey;
  const point = publicBits(ec.export({ type: "spki", format: "der" }));
  expect(point.length).toBe(97);
  expect(point[0]).toBe(4);
});

test("anything that isn't DER is a RangeError, never a wrong signature or an endless loop", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
    for (const read of [() => rawSignature(bytes, 32), () => publicBits(bytes)]) {
      try {
        read();
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    }
  }));
});

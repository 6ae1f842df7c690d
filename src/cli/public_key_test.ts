import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { expect, it } from "vitest";
import { KeyKind } from "../proto/mod.ts";
import { publicBits } from "../services/spki.ts";
import { kindOf, readPublicKey, toSpki } from "./public_key.ts";

interface Pair {
  publicKey: KeyObject;
  privateKey: KeyObject;
}

const rsa: Pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
const p256: Pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
const p384: Pair = generateKeyPairSync("ec", { namedCurve: "P-384" });
const p521: Pair = generateKeyPairSync("ec", { namedCurve: "P-521" });

const spki = ({ publicKey }: Pair) =>
  new Uint8Array(publicKey.export({ type: "spki", format: "der" }) as Uint8Array);
const text = (value: string | Uint8Array) => new TextEncoder().encode(String(value));

it.each([["RSA", rsa], ["P-256", p256], ["P-384", p384]])("%s as SPKI stays what it is", (_name, pair) => {
  expect(readPublicKey(spki(pair))).toMatchObject({ spki: spki(pair), seedForm: false });
  expect(toSpki(text(pair.publicKey.export({ type: "spki", format: "pem" })))).toEqual(spki(pair));
});

it.each([["RSA", rsa], ["P-256", p256], ["P-384", p384]])(
  "%s as the seed gives it becomes SPKI",
  (_name, pair) => {
    expect(readPublicKey(publicBits(spki(pair)))).toMatchObject({ spki: spki(pair), seedForm: true });
  },
);

it("PKCS#1 in PEM becomes SPKI", () => {
  expect(toSpki(text(rsa.publicKey.export({ type: "pkcs1", format: "pem" })))).toEqual(spki(rsa));
});

it.each([
  ["nothing", new Uint8Array()],
  ["noise", new Uint8Array(65).fill(7)],
  ["a cut SPKI", spki(rsa).slice(0, 100)],
  ["a point of another length", new Uint8Array(66).fill(4)],
  ["a point off the curve", new Uint8Array(65).fill(4)],
  ["PEM without its content", text("-----BEGIN PUBLIC KEY-----\n")],
  ["a private key", text(rsa.privateKey.export({ type: "pkcs8", format: "pem" }))],
  ["a private key in DER", new Uint8Array(rsa.privateKey.export({ type: "pkcs1", format: "der" }))],
  ["the point of an unknown curve", publicBits(spki(p521))],
])("%s is refused with a next step", (_name, bytes) => {
  expect(() => readPublicKey(bytes)).toThrow(
    expect.objectContaining({
      code: "bad-argument",
      next: expect.stringContaining("gatehouse keys public-key"),
    }),
  );
});

it("a key's kind is what it is", () => {
  const { publicKey } = generateKeyPairSync("ed25519");
  const der = (key: typeof publicKey) => new Uint8Array(key.export({ type: "spki", format: "der" }));
  expect(kindOf(der(publicKey))).toBe(KeyKind.ED25519);
  for (
    const [namedCurve, kind] of [["P-256", KeyKind.EC_P256], ["P-384", KeyKind.EC_P384], [
      "P-521",
      KeyKind.EC_P521,
    ]] as const
  ) {
    expect(kindOf(der(generateKeyPairSync("ec", { namedCurve }).publicKey))).toBe(kind);
  }
  expect(kindOf(der(generateKeyPairSync("rsa", { modulusLength: 3072 }).publicKey))).toBe(KeyKind.RSA_2048);
});

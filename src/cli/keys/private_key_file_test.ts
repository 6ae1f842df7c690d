import { Buffer } from "node:buffer";
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";
import { pkcs8Of } from "./private_key_file.ts";

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const FORMS = [
  ["PKCS#8 PEM", ec.privateKey, ec.privateKey.export({ type: "pkcs8", format: "pem" })],
  ["PKCS#8 DER", ec.privateKey, ec.privateKey.export({ type: "pkcs8", format: "der" })],
  ["SEC 1 PEM", ec.privateKey, ec.privateKey.export({ type: "sec1", format: "pem" })],
  ["SEC 1 DER", ec.privateKey, ec.privateKey.export({ type: "sec1", format: "der" })],
  ["PKCS#1 PEM", rsa, rsa.export({ type: "pkcs1", format: "pem" })],
  ["PKCS#1 DER", rsa, rsa.export({ type: "pkcs1", format: "der" })],
] as const;

test.each(FORMS)("%s becomes PKCS#8 of the same key", (_form, key, file) => {
  const der = pkcs8Of(new Uint8Array(Buffer.from(file)), "key");
  expect(createPrivateKey({ key: Buffer.from(der), format: "der", type: "pkcs8" }).equals(key)).toBe(true);
});

const refusal = (text: string | Uint8Array, file = "FILE") => {
  try {
    pkcs8Of(typeof text === "string" ? new TextEncoder().encode(text) : text, file);
  } catch (error) {
    return error as { message: string; next: string };
  }
  throw new Error("it was taken");
};

test("a key under a passphrase, and one of OpenSSH's, are refused with the command that helps", () => {
  const locked = rsa.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" });
  expect(refusal(locked.toString()).next).toContain("openssl pkey -in FILE");
  expect(refusal(locked.toString(), "-")).toMatchObject({
    message: "standard input: a key under a passphrase",
    next: expect.stringContaining("openssl pkey -in FILE"),
  });
  const openssh = (kind: string) =>
    `-----BEGIN OPENSSH PRIVATE KEY-----\n${
      btoa(`openssh-key-v1\0...${kind}...`)
    }\n-----END OPENSSH PRIVATE KEY-----\n`;
  expect(refusal(openssh("ecdsa-sha2-nistp256")).next).toContain("ssh-keygen -p");
  expect(refusal(openssh("ssh-ed25519")).next).toMatch(/no other form.*keys create/);
});

test("a public key, and anything else, is no private key", () => {
  for (
    const one of [
      ec.publicKey.export({ type: "spki", format: "pem" }).toString(),
      "",
      "text",
      new Uint8Array(40),
    ]
  ) {
    expect(refusal(one).message).toBe("FILE: no private key");
  }
});

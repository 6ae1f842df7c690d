// Every form of every kind of key, read by the programs that it is for.
import { Buffer } from "node:buffer";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "../../tests/lib/command.ts";
import { Algorithm, KeyKind, PublicKeyFormat } from "../proto/mod.ts";
import { publicKeyIn } from "./public_key_format.ts";

type Import = RsaHashedImportParams | EcKeyImportParams | { name: string };

interface KindCase {
  readonly kind: number;
  readonly name: string;
  readonly make: () => KeyObject;
  /** How WebCrypto imports it. */
  readonly webCrypto: Import;
  readonly alg?: string;
}

const rsa = (bits: number) => () => generateKeyPairSync("rsa", { modulusLength: bits }).publicKey;
const ec = (namedCurve: string) => () => generateKeyPairSync("ec", { namedCurve }).publicKey;
const RSA_IMPORT = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };

const KINDS: KindCase[] = [
  { kind: KeyKind.RSA_2048, name: "ssh-rsa", make: rsa(2048), webCrypto: RSA_IMPORT },
  { kind: KeyKind.RSA_3072, name: "ssh-rsa", make: rsa(3072), webCrypto: RSA_IMPORT },
  ...([["P-256", 256, KeyKind.EC_P256], ["P-384", 384, KeyKind.EC_P384], [
    "P-521",
    521,
    KeyKind.EC_P521,
  ]] as const)
    .map(([namedCurve, bits, kind]) => ({
      kind,
      name: `ecdsa-sha2-nistp${bits}`,
      make: ec(namedCurve),
      webCrypto: { name: "ECDSA", namedCurve },
      alg: { 256: "ES256", 384: "ES384", 521: "ES512" }[bits],
    })),
  {
    kind: KeyKind.ED25519,
    name: "ssh-ed25519",
    make: () => generateKeyPairSync("ed25519").publicKey,
    webCrypto: { name: "Ed25519" },
    alg: "EdDSA",
  },
];

let dir: string;
beforeAll(async () => {
  dir = await Deno.makeTempDir({ prefix: "gatehouse-formats-" });
});
afterAll(() => Deno.remove(dir, { recursive: true }));

const told = async (program: string) => (await run("sh", ["-c", `command -v ${program}`])).code === 0;

describe.each(KINDS)("$name of kind $kind", ({ kind, name, make, webCrypto, alg }) => {
  const spki = make().export({ type: "spki", format: "der" });
  const key = { id: "release", version: 2, kind, algorithms: [] as number[] };
  const form = (format: number, algorithms: number[] = []) =>
    Buffer.from(publicKeyIn(format, spki, { ...key, algorithms }) ?? []).toString();

  test("openssl reads the PEM as the same key", async ({ skip }) => {
    if (!await told("openssl")) skip("openssl is missing");
    const file = join(dir, `${kind}.pem`);
    await Deno.writeTextFile(file, form(PublicKeyFormat.SPKI_PEM));
    const { out } = await run("openssl", ["pkey", "-pubin", "-in", file, "-pubout", "-outform", "PEM"]);
    expect(out).toBe(form(PublicKeyFormat.SPKI_PEM));
  });

  test("ssh-keygen reads the line, names it as we do, and gives the same key back", async ({ skip }) => {
    if (!await told("ssh-keygen")) skip("ssh-keygen is missing");
    const file = join(dir, `${kind}.pub`);
    const line = form(PublicKeyFormat.OPENSSH);
    await Deno.writeTextFile(file, line);
    expect(line).toMatch(new RegExp(`^${name} [A-Za-z0-9+/]+=* release/2\n$`));
    const { code } = await run("ssh-keygen", ["-l", "-f", file]);
    expect(code).toBe(0);
    if (kind === KeyKind.ED25519) return; // ssh-keygen exports no Ed25519 as PKCS#8
    const { out } = await run("ssh-keygen", ["-e", "-m", "PKCS8", "-f", file]);
    expect(out.trim()).toBe(form(PublicKeyFormat.SPKI_PEM).trim());
  });

  test("WebCrypto imports the JWK as the same key, and its kid is RFC 7638's", async () => {
    const jwk = JSON.parse(form(PublicKeyFormat.JWK));
    expect(jwk).toMatchObject({ use: "sig", ...alg === undefined ? {} : { alg } });
    expect("alg" in jwk).toBe(alg !== undefined);
    const members = { EC: ["crv", "kty", "x", "y"], RSA: ["e", "kty", "n"], OKP: ["crv", "kty", "x"] };
    const required: string[] = members[jwk.kty as keyof typeof members];
    const canonical = `{${required.map((member) => `"${member}":"${jwk[member]}"`).join(",")}}`;
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(canonical));
    expect(jwk.kid).toBe(Buffer.from(digest).toString("base64url"));
    if (kind === KeyKind.EC_P521 && !await hasP521()) return;
    const imported = await crypto.subtle.importKey("jwk", jwk, webCrypto, true, ["verify"]);
    expect(Buffer.from(await crypto.subtle.exportKey("spki", imported)).equals(spki)).toBe(true);
  });

  test("DER is as it was, and no other number is a format", () => {
    expect(publicKeyIn(PublicKeyFormat.SPKI_DER, spki, key)).toBe(spki);
    expect(publicKeyIn(9, spki, key)).toBeUndefined();
  });
});

/** Deno's WebCrypto may not know the curve. */
const hasP521 = () =>
  crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-521" }, false, ["sign", "verify"])
    .then(() => true, () => false);

test("a policy with one algorithm gives the JWK its name, where JOSE has one", () => {
  const alg = (kind: number, make: () => KeyObject, algorithms: number[]) => {
    const spki = make().export({ type: "spki", format: "der" });
    const bytes = publicKeyIn(PublicKeyFormat.JWK, spki, { id: "a", version: 1, kind, algorithms });
    return JSON.parse(Buffer.from(bytes ?? []).toString()).alg;
  };
  expect(alg(KeyKind.RSA_2048, rsa(2048), [Algorithm.RSA_PSS_SHA256])).toBe("PS256");
  expect(alg(KeyKind.RSA_2048, rsa(2048), [Algorithm.RSA_PSS_SHA256, Algorithm.RSA_PKCS1_SHA256]))
    .toBeUndefined();
  expect(alg(KeyKind.EC_P384, ec("P-384"), [Algorithm.ECDSA_P384_SHA256])).toBeUndefined();
  expect(alg(KeyKind.EC_P384, ec("P-384"), [Algorithm.ECDSA_P384_SHA256, Algorithm.ECDSA_P384_SHA384])).toBe(
    "ES384",
  );
});

test("the thumbprint of RFC 7638's own example", () => {
  // RFC 7638, 3.1.
  const n =
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
  const modulus = Buffer.from(n, "base64url");
  const length = (bytes: number) => Buffer.from([0x82, bytes >> 8, bytes & 0xff]);
  const tlv = (tag: number, ...content: Uint8Array[]) => {
    const body = Buffer.concat(content);
    return Buffer.concat([Buffer.from([tag]), length(body.length), body]);
  };
  const rsaKey = tlv(0x30, tlv(2, Buffer.from([0]), modulus), tlv(2, Buffer.from([1, 0, 1])));
  const oid = Buffer.from("300d06092a864886f70d0101010500", "hex");
  const spki = tlv(0x30, oid, tlv(3, Buffer.from([0]), rsaKey));
  const key = { id: "a", version: 1, kind: KeyKind.RSA_2048, algorithms: [] };
  const jwk = JSON.parse(Buffer.from(publicKeyIn(PublicKeyFormat.JWK, spki, key) ?? []).toString());
  expect(jwk).toMatchObject({ n, e: "AQAB", kid: "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs" });
});

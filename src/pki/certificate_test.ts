// Reading certificates that openssl made, and refusing whatever is none.
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_CERTIFICATE_BYTES, readCertificate, readCertificates } from "./certificate.ts";
import { ANY_USE, AUTHORITY, MAIL_ONLY, MALFORMED_NAME, MANY_NAMES } from "./certificate_testkit.ts";
import { PkiError } from "./error.ts";
import { readPem } from "./pem.ts";

const [der] = readPem(MANY_NAMES.pem, "CERTIFICATE");

describe("readCertificate", () => {
  test("gives what openssl says of it: subject, dates, names, uses, fingerprint and key", () => {
    const certificate = readCertificate(MANY_NAMES.pem);
    expect(certificate).toMatchObject({
      subject: MANY_NAMES.subject,
      issuer: MANY_NAMES.subject,
      serial: "a1b2",
      notBefore: new Date("2026-11-21T11:47:19Z"),
      notAfter: new Date("2126-10-28T11:47:19Z"),
      uses: ["client"],
      isCa: false,
      sha256: MANY_NAMES.sha256,
    });
    expect(Buffer.from(certificate.publicKeyDer).toString("hex")).toBe(MANY_NAMES.publicKeyHex);
  });

  test("gives names in their canonical texts and order, without kinds that it doesn't know", () => {
    expect(readCertificate(MANY_NAMES.pem).names).toEqual([
      "dns:ci.example",
      "dns:*.example.org",
      "uri:spiffe://example.org/Ci",
      "email:Build@example.org",
      "ip:192.0.2.7",
      "ip:2001:db8::7",
    ]);
  });

  test("reads DER as it reads PEM, and of several the first", () => {
    expect(readCertificate(der)).toEqual(readCertificate(MANY_NAMES.pem));
    expect(readCertificate(`a comment\n${MANY_NAMES.pem}${AUTHORITY}`).sha256).toBe(MANY_NAMES.sha256);
    expect(readCertificates(MANY_NAMES.pem + AUTHORITY).map(({ isCa }) => isCa)).toEqual([false, true]);
  });

  test("tells an authority, and what a certificate may be used for", () => {
    expect(readCertificate(AUTHORITY)).toMatchObject({ isCa: true, names: [], uses: ["server", "client"] });
    expect(readCertificate(ANY_USE).uses).toEqual(["server", "client"]);
    expect(readCertificate(MAIL_ONLY).uses).toEqual([]);
  });

  test("refuses a certificate with a name that is none, since half of its names is not its names", () => {
    expect(() => readCertificate(MALFORMED_NAME)).toThrow(/"has space" is no URI/);
  });

  test.each<[string, Uint8Array | string, RegExp]>([
    ["nothing", new Uint8Array(), /no certificate/],
    ["an empty text", "", /there is no certificate in it/],
    [
      "another PEM block",
      "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
      /there is no certificate in it/,
    ],
    ["a block without its end", MANY_NAMES.pem.slice(0, 200), /has no end/],
    ["no base64", "-----BEGIN CERTIFICATE-----\n$$$$\n-----END CERTIFICATE-----\n", /else than base64/],
    ["half of one", der.subarray(0, der.length / 2), /no certificate/],
    ["one with a byte behind it", Uint8Array.of(...der, 0), /no certificate/],
    ["a SEQUENCE of something else", Uint8Array.of(0x30, 3, 2, 1, 5), /no certificate/],
    ["too many bytes", new Uint8Array(MAX_CERTIFICATE_BYTES + 1), /at most 65536/],
    ["a text with too many", AUTHORITY.repeat(513), /at most 512/],
  ])("%s is refused in words", (_name, input, reason) => {
    expect(() => readCertificates(typeof input === "string" ? input : "")).toThrow(PkiError);
    expect(() => readCertificate(input)).toThrow(reason);
  });

  test("bytes of a certificate changed at random are read or refused, and never anything else", () => {
    const change = fc.record({ at: fc.nat(der.length - 1), byte: fc.integer({ min: 0, max: 255 }) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const bytes = der.slice();
        for (const { at, byte } of changes) bytes[at] = byte;
        try {
          expect(readCertificate(bytes).names.every((name) => /^(dns|uri|email|ip):[!-~]+$/.test(name))).toBe(
            true,
          );
        } catch (error) {
          expect(error).toBeInstanceOf(PkiError);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test("deep nesting is refused and doesn't end the process", () => {
    // Each SEQUENCE holds the next; the outer lengths are the true ones.
    let nested = Uint8Array.of();
    for (let i = 0; i < 2_000; i++) {
      const length = nested.length;
      const header = length < 0x80 ? [0x30, length] : [0x30, 0x82, length >> 8, length & 0xff];
      nested = Uint8Array.of(...header, ...nested);
    }
    expect(() => readCertificate(nested)).toThrow(PkiError);
  });
});

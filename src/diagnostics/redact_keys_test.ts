import fc from "fast-check";
import { expect, test } from "vitest";
import { redactKeys } from "./redact_keys.ts";

const BODY = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg+/abc==";
const PEM = `-----BEGIN EC PRIVATE KEY-----\\n${BODY}\\n-----END EC PRIVATE KEY-----\\n`;

function inParts(text: string, cuts: number[]): string {
  const redaction = redactKeys();
  let out = "";
  let from = 0;
  for (const cut of [...cuts].sort((a, b) => a - b).map((cut) => Math.min(cut, text.length))) {
    out += redaction.next(text.slice(from, cut));
    from = cut;
  }
  return out + redaction.next(text.slice(from)) + redaction.end();
}

test("the body of a key goes and all else stays, wherever the text is cut", () => {
  const text = `["a","${PEM}","--","-----BEGIN CERTIFICATE-----\\n${BODY}","${PEM.slice(0, 60)}"]`;
  const whole = inParts(text, []);
  expect(whole).toBe(
    `["a","-----BEGIN EC PRIVATE KEY-----(removed)-----END EC PRIVATE KEY-----\\n","--",` +
      `"-----BEGIN CERTIFICATE-----\\n${BODY}","-----BEGIN EC PRIVATE KEY-----(removed)"]`,
  );
  fc.assert(fc.property(fc.array(fc.nat(text.length), { maxLength: 12 }), (cuts) => {
    expect(inParts(text, cuts)).toBe(whole);
  }));
});

test("a text without keys is left as it is", () => {
  fc.assert(fc.property(fc.array(fc.string()), fc.array(fc.nat(200)), (texts, cuts) => {
    const text = texts.join("-----");
    expect(inParts(text, cuts)).toBe(text);
  }));
});

test("a key that JSON holds within JSON goes too", () => {
  expect(inParts(JSON.stringify(JSON.stringify({ key: PEM })), [40])).not.toContain("MIGH");
});

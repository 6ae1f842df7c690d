// What a gRPC-Web request may be made of, and what a hostile one must not cost.
import { describe, expect, test } from "vitest";
import { MAX_BASE64_PIECES } from "../http/limits.ts";
import { messageFrame, messageIn, type WebType } from "./frames.ts";

const TEXT: WebType = { name: "application/grpc-web-text+proto", text: true };
const message = Uint8Array.of(1, 2, 3, 4);
const latin1 = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const base64 = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes));

describe("base64", () => {
  test("comes in one piece, or in several, each padded", () => {
    const whole = messageFrame(message, { ...TEXT, text: false });
    expect([...messageIn(latin1(base64(whole)), TEXT)]).toEqual([...message]);
    const pieces = base64(whole.subarray(0, 5)) + base64(whole.subarray(5));
    expect(pieces).toMatch(/=[^=]/);
    expect([...messageIn(latin1(pieces), TEXT)]).toEqual([...message]);
  });

  test("in as many pieces as it has bytes is refused, and costs nothing", () => {
    const flood = latin1("A=".repeat(3_000_000));
    const beganMs = performance.now();
    expect(() => messageIn(flood, TEXT)).toThrow(`more than ${MAX_BASE64_PIECES} pieces`);
    // 3 million buffers took seconds, and a gigabyte.
    expect(performance.now() - beganMs).toBeLessThan(1_000);
  });
});

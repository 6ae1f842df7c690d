// What browsers may do here: by their own headers, from pages of this origin, of others, and of rebound names.
import { describe, expect, test } from "vitest";
import { browserRefusal, type BrowserRules, corsHeaders, preflight } from "./browser_safety.ts";

const RULES: BrowserRules = { corsOrigins: ["https://console.example"], hosts: ["gatehouse.example"] };

function asked(
  headers: Record<string, string>,
  { url = "http://localhost:8080/v1/keys", method = "GET", body = "" } = {},
) {
  return new Request(url, { method, headers, ...body !== "" && { body } });
}
const codeOf = (request: Request, byTls = false) => browserRefusal(request, RULES, byTls)?.httpCode;

describe("names", () => {
  test.each([
    ["localhost", undefined],
    ["localhost:8080", undefined],
    ["page.localhost", undefined],
    ["127.0.0.1:1", undefined],
    ["[::1]:1", undefined],
    ["192.0.2.1", undefined],
    ["gatehouse.example", undefined],
    ["evil.example", 421],
    ["127.0.0.1.evil.example", 421],
    ["localhost.evil.example", 421],
    ["sub.gatehouse.example", 421],
  ])("%s: %s", (host, code) => {
    expect(codeOf(asked({}, { url: `http://${host}/v1/keys` }))).toBe(code);
  });

  test("over TLS the client has checked it", () => {
    expect(codeOf(asked({}, { url: "https://any.example/v1/keys" }), true)).toBeUndefined();
  });
});

describe("origins", () => {
  const own = "http://localhost:8080";
  test.each<[string, Record<string, string>, number | undefined]>([
    ["a program", {}, undefined],
    ["its own page", { origin: own, "sec-fetch-site": "same-origin" }, undefined],
    ["an address that was typed", { "sec-fetch-site": "none" }, undefined],
    ["a listed page", { origin: "https://console.example", "sec-fetch-site": "cross-site" }, undefined],
    ["another page", { origin: "https://evil.example", "sec-fetch-site": "cross-site" }, 403],
    ["an image of another page", { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" }, 403],
    ["a page on another port", { origin: "http://localhost:9", "sec-fetch-site": "same-site" }, 403],
    ["a page in a sandbox", { origin: "null", "sec-fetch-site": "cross-site" }, 403],
    ["an origin that lies about its site", {
      origin: "https://evil.example",
      "sec-fetch-site": "same-origin",
    }, 403],
    ["a listed name in another scheme", { origin: "http://console.example" }, 403],
  ])("%s", (_name, headers, code) => expect(codeOf(asked(headers))).toBe(code));

  test("a link from another site may open the page, and nothing else", () => {
    const headers = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" };
    expect(codeOf(asked(headers, { url: "http://localhost/" }))).toBeUndefined();
    expect(codeOf(asked(headers, { url: "http://localhost/v1/keys" }))).toBe(403);
    expect(codeOf(asked(headers, { url: "http://localhost/", method: "POST" }))).toBe(403);
  });
});

describe("bodies", () => {
  test.each([
    ["text/plain", 415],
    ["application/x-www-form-urlencoded", 415],
    ["multipart/form-data; boundary=x", 415],
    ["TEXT/PLAIN;charset=utf-8", 415],
    ["application/json", undefined],
    ["application/grpc-web+proto", undefined],
  ])("of type %s: %s", (type, code) => {
    expect(codeOf(asked({ "content-type": type }, { method: "POST", body: "{}" }))).toBe(code);
  });

  test("of no type are none of ours", () => {
    const request = new Request("http://localhost/v1/keys", { method: "POST", body: new Uint8Array(3) });
    expect(codeOf(request)).toBe(415);
    expect(codeOf(asked({}, { method: "DELETE" }))).toBeUndefined();
  });
});

describe("CORS", () => {
  test("a listed origin is answered, also before it sends", () => {
    const request = asked({
      origin: "https://console.example",
      "access-control-request-method": "POST",
      "access-control-request-headers": "content-type,x-grpc-web",
    }, { method: "OPTIONS" });
    const answer = preflight(request, RULES);
    expect(answer?.status).toBe(204);
    expect(answer?.headers.get("access-control-allow-origin")).toBe("https://console.example");
    expect(answer?.headers.get("access-control-allow-headers")).toBe("content-type,x-grpc-web");
    expect(answer?.headers.has("access-control-allow-credentials")).toBe(false);
  });

  test("nobody else is", () => {
    const headers = { origin: "https://evil.example", "access-control-request-method": "POST" };
    expect(preflight(asked(headers, { method: "OPTIONS" }), RULES)).toBeUndefined();
    expect(corsHeaders(asked(headers), RULES)).toBeUndefined();
    expect(codeOf(asked(headers, { method: "OPTIONS" }))).toBe(403);
  });
});

// The page as a document: whole, allowed by its own policy and by nothing more, the same each time.
import { createHash } from "node:crypto";
import { afterAll, expect, test } from "vitest";
import * as esbuild from "esbuild";
import { buildPage } from "./build.ts";
import { pageRoutes } from "./route.ts";

afterAll(() => esbuild.stop());
const page = await buildPage();
const routes = pageRoutes(() => Promise.resolve(page));

const inside = (element: string) =>
  [...page.html.matchAll(new RegExp(`<${element}>(.*?)</${element}>`, "gs"))].map(([, text]) => text);

test("its one script and its one style are allowed by their hashes", () => {
  for (const [element, directive] of [["script", "script-src"], ["style", "style-src"]]) {
    const [text, ...more] = inside(element);
    expect(more).toEqual([]);
    const hash = createHash("sha256").update(text).digest("base64");
    expect(page.policy).toContain(`${directive} 'sha256-${hash}'`);
  }
});

test("nothing in it comes from elsewhere or runs by itself", () => {
  expect(page.policy).toMatch(/^default-src 'none'/);
  expect(page.policy).not.toMatch(/unsafe|https?:|\*/);
  const markup = page.html.replace(/<(script|style)>.*?<\/\1>/gs, "");
  expect(markup).not.toMatch(/ on\w+=| style=|<script|<iframe|src=/);
  expect([...markup.matchAll(/href="(.{5})/g)].map(([, start]) => start)).toEqual(["data:"]);
  expect(inside("style")[0]).not.toMatch(/url\(|@import/);
});

test("the same sources make the same page", async () => {
  expect(await buildPage()).toEqual(page);
});

test("it is small enough to be sent at once", () => {
  expect(page.html.length).toBeLessThan(200_000);
});

test("it is served with its policy, zipped to who can read that, and not again to who has it", async () => {
  const plain = await routes.request("/");
  expect(await plain.text()).toBe(page.html);
  expect(plain.headers.get("content-security-policy")).toBe(page.policy);
  expect(plain.headers.get("x-content-type-options")).toBe("nosniff");
  const zipped = await routes.request("/", { headers: { "accept-encoding": "br, gzip" } });
  expect(zipped.headers.get("content-encoding")).toBe("gzip");
  const text = await new Response(zipped.body?.pipeThrough(new DecompressionStream("gzip"))).text();
  expect(text).toBe(page.html);
  const again = await routes.request("/", { headers: { "if-none-match": plain.headers.get("etag") ?? "" } });
  expect([again.status, again.headers.get("content-security-policy")]).toEqual([304, page.policy]);
  expect((await routes.request("/", { method: "POST" })).status).toBe(404);
});

test("a page that can't be made is tried again at the next request", async () => {
  let attempts = 0;
  const flaky = pageRoutes(() => attempts++ === 0 ? Promise.reject(new Error("no")) : Promise.resolve(page));
  flaky.onError(() => new Response(null, { status: 500 }));
  expect((await flaky.request("/")).status).toBe(500);
  expect((await flaky.request("/")).status).toBe(200);
});

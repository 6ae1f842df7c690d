// `/` of a gateway: the page, to whoever may connect. It holds nothing of the appliance; what it then asks for is decided
// call by call. Must never be served without its policy.
import { gzipSync } from "node:zlib";
import { createHash } from "node:crypto";
import { Hono } from "hono";
import type { GatewayEnv } from "../calls.ts";
import { loadPage, type Page } from "./page.ts";

interface Served {
  readonly html: Uint8Array<ArrayBuffer>;
  readonly zipped: Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
}

/** @param load where the page comes from */
export function pageRoutes(load: () => Promise<Page> = loadPage): Hono<GatewayEnv> {
  const app = new Hono<GatewayEnv>();
  let served: Promise<Served> | undefined;
  app.get("/", async (context) => {
    served ??= load().then(prepared);
    let page: Served;
    try {
      page = await served;
    } catch (error) {
      served = undefined;
      throw error;
    }
    const { html, zipped, headers } = page;
    if (context.req.header("if-none-match") === headers.etag) {
      return new Response(null, { status: 304, headers });
    }
    const zip = /\bgzip\b/.test(context.req.header("accept-encoding") ?? "");
    return new Response(zip ? zipped : html, {
      headers: { ...headers, ...zip ? { "content-encoding": "gzip" } : {} },
    });
  });
  return app;
}

function prepared({ html, policy }: Page): Served {
  const bytes = new TextEncoder().encode(html);
  return {
    html: bytes,
    zipped: Uint8Array.from(gzipSync(bytes)),
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": policy,
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-resource-policy": "same-origin",
      "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
      // Another version of the agent has another page.
      "cache-control": "no-cache",
      vary: "accept-encoding",
      etag: `"${createHash("sha256").update(bytes).digest("base64url")}"`,
    },
  };
}

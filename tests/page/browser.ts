// A browser at the page: opened as an operator opens it, watched for what its policy refuses, judged by axe.
import axe from "axe-core";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { chromium as chromiumTool } from "../lib/tools.ts";

/** axe's words for what shuts somebody out; "minor" and "moderate" are advice. */
const GRAVE = new Set(["serious", "critical"]);

export async function startBrowser(): Promise<Browser> {
  const tool = await chromiumTool();
  if ("reason" in tool) throw new Error(tool.reason);
  const executablePath = tool.path.startsWith("/") ? tool.path : `/usr/bin/${tool.path}`;
  // Its own sandbox wants to be started by another user than root.
  return await chromium.launch({ executablePath, args: Deno.uid() === 0 ? ["--no-sandbox"] : [] });
}

export interface Opened {
  readonly page: Page;
  /** What went wrong in the page, or was refused by its policy. */
  readonly faults: string[];
  close(): Promise<void>;
}

/** @param options the theme, the size, the client's certificate */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width: 1360, height: 900 }, ...options });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  page.on("console", (message) => {
    // A refused or failed request is told as an error, and is what some tests want.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) {
      faults.push(`console: ${message.text()}`);
    }
  });
  page.on("request", (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol !== "data:" && origin !== new URL(url).origin) faults.push(`request to ${origin}`);
  });
  await page.goto(url);
  return { page, faults, close: () => context.close() };
}

/** What axe finds that is serious or worse, a line each. */
export async function graveFindings(page: Page): Promise<string[]> {
  const known = await page.evaluate("typeof globalThis.axe !== 'undefined'");
  // By the debugger, to which the page's policy doesn't apply.
  if (!known) await page.evaluate(axe.source);
  const violations = await page.evaluate(
    "axe.run(document, { resultTypes: ['violations'] }).then((results) => results.violations)",
  ) as axe.Result[];
  return violations.filter(({ impact }) => GRAVE.has(impact ?? "")).flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)}: ${failureSummary}`)
  );
}

/** Whether something stands beyond the right edge, so that the page would move sideways. */
export const widerThanScreen = (page: Page): Promise<boolean> =>
  page.evaluate("document.documentElement.scrollWidth > innerWidth") as Promise<boolean>;

/** A tile's value by its name. */
export async function tile(page: Page, name: string): Promise<string> {
  const text = await page.locator(".tile", { has: page.locator("dt", { hasText: new RegExp(`^${name}$`) }) })
    .locator(".value").textContent();
  return text ?? "";
}

/** "1,234" or "12.3k" as a number. */
export function numberIn(text: string): number {
  const [, digits, unit] = /^([\d,.]+)\s*([kM]?)/.exec(text) ?? [];
  return Number(digits?.replaceAll(",", "")) * ({ k: 1e3, M: 1e6 }[unit] ?? 1);
}

/** "340 µs", "1.25 ms", "2.50 s" in seconds. */
export function secondsIn(text: string): number {
  const [, digits, unit] = /^([\d,.]+)\s*(µs|ms|s)$/.exec(text) ?? [];
  return Number(digits?.replaceAll(",", "")) * { "µs": 1e-6, ms: 1e-3, s: 1 }[unit as "µs" | "ms" | "s"];
}

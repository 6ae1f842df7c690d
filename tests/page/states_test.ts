// The states of the page that a real appliance is seldom in: overloaded, nothing there yet, much broken at once, a
// stream that alone breaks. Against a stand-in for the gateway.
import * as esbuild from "esbuild";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { graveFindings, type Opened, openPage, startBrowser, tile } from "./browser.ts";
import { type Mood, type StandIn, startStandIn } from "./stand_in.ts";

const SLOW = { timeout: 30_000 };
let browser: Browser;
let gateway: StandIn;

beforeAll(async () => {
  [browser, gateway] = await Promise.all([startBrowser(), startStandIn()]);
}, 120_000);

afterAll(async () => {
  await browser.close();
  await gateway.stop();
  await esbuild.stop();
});

async function at(
  view: string,
  mood: Mood,
  use: (opened: Opened) => Promise<void>,
  theme: "light" | "dark" = "light",
) {
  gateway.mood = mood;
  const opened = await openPage(browser, `${gateway.url}#/${view}`, {
    colorScheme: theme,
    reducedMotion: "reduce",
  });
  try {
    await use(opened);
    expect(await graveFindings(opened.page)).toEqual([]);
    expect(opened.faults).toEqual([]);
  } finally {
    await opened.close();
  }
}

test(
  "an appliance that asks to be left alone is left alone as long as it says",
  SLOW,
  () =>
    at("overview", "overloaded", async ({ page }) => {
      const banner = page.getByRole("status").filter({ hasText: "asks to be left alone" });
      await banner.waitFor();
      expect(await banner.textContent()).toContain("too many calls at once");
      expect(await page.getByText("overloaded", { exact: true }).count()).toBe(1);
      let asked = 0;
      page.on("request", () => asked++);
      await page.waitForTimeout(2_000);
      expect(asked).toBe(0); // Retry-After is 20 s
      gateway.mood = "well";
      await page.getByRole("button", { name: "Try now" }).click();
      await page.locator(".tile").first().waitFor();
      await banner.waitFor({ state: "detached" });
    }),
);

test(
  "nothing there yet is said in words, view by view",
  SLOW,
  () =>
    at("overview", "empty", async ({ page }) => {
      await page.getByText("No method was called yet.").waitFor();
      expect(await tile(page, "Latency p50")).toBe("–");
      await page.getByRole("link", { name: "Keys", exact: true }).click();
      await page.getByText("No key that you may see.").waitFor();
      await page.getByRole("link", { name: "Connections", exact: true }).click();
      await page.getByText("It listens nowhere.").waitFor();
      await page.getByRole("link", { name: "Events", exact: true }).click();
      await page.getByText("Nothing has happened yet.").waitFor();
    }),
);

test(
  "what asks for an operator's eye is said by word and sign, not by colour alone",
  SLOW,
  () =>
    at("system", "troubled", async ({ page }) => {
      await page.getByRole("row", { name: /signer not healthy/ }).waitFor();
      await page.getByRole("row", { name: /gatehouse\.example near expiry/ }).waitFor();
      await page.getByText(/undone in \d+ s unless confirmed/).waitFor();
      await page.getByText("not known", { exact: true }).waitFor();
    }, "dark"),
);

test(
  "a stream that alone breaks is said, and the figures stay fresh",
  SLOW,
  () =>
    at("overview", "well", async ({ page }) => {
      await page.getByText("live", { exact: true }).waitFor();
      await page.locator(".tile").first().waitFor();
      gateway.refuseStreams = true;
      gateway.breakStreams();
      await page.getByText("The event stream is broken").waitFor();
      expect(await page.locator("main.stale").count()).toBe(0);
      gateway.refuseStreams = false;
      await page.getByText("The event stream is broken").waitFor({ state: "detached", timeout: 15_000 });
    }),
);

test(
  "the table behind a chart has its figures, and pages of keys turn",
  SLOW,
  () =>
    at("overview", "well", async ({ page }) => {
      await page.locator(".tile").first().waitFor();
      await page.locator("summary").filter({ hasText: "of Calls a second, by transport" }).click();
      const table = page.getByRole("table", { name: /Calls a second, by transport, the newest first/ });
      await table.waitFor();
      expect(await table.getByRole("columnheader").allTextContents()).toEqual(
        ["Time (UTC)", "TCP, mutual TLS", "VSOCK", "Unix socket"],
      );
      await page.getByRole("link", { name: "Keys", exact: true }).click();
      await page.getByRole("button", { name: "Next" }).click();
      await page.getByText("Page 2").waitFor();
      await page.getByText("team-0").waitFor();
      await page.getByRole("button", { name: "Back" }).click();
      await page.getByText("ci-signing").waitFor();
    }),
);

test(
  "by keyboard alone one gets to the content, to a view and to the theme",
  SLOW,
  () =>
    at("overview", "well", async ({ page }) => {
      await page.locator(".tile").first().waitFor();
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      expect(await page.evaluate("document.activeElement.tagName")).toBe("H1");
      await page.evaluate("document.activeElement.blur()");
      for (let i = 0; i < 4; i++) await page.keyboard.press("Tab");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { level: 1 }).waitFor();
      expect(new URL(page.url()).hash).toMatch(/^#\/\w+$/);
      await page.getByRole("button", { name: "Dark theme" }).press("Enter");
      await page.getByRole("button", { name: "Light theme" }).waitFor();
      await page.reload();
      await page.getByRole("button", { name: "Light theme" }).waitFor(); // it is kept
    }),
);

// The page in a real browser, at a real `gatehouse serve` under load: through the edge with an operator's certificate,
// and through a loopback relay with a key file. One browser and one server for all: each start costs seconds.
import { Buffer } from "node:buffer";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { quantile } from "../../src/gateway/observer/histogram.ts";
import { Interval, Scrape } from "../../src/gateway/observer/scrapes.ts";
import { samplesOf } from "../../src/telemetry/prometheus_text.ts";
import { gatehouse } from "../lib/command.ts";
import { type Serving, startServe } from "../lib/serve.ts";
import {
  graveFindings,
  numberIn,
  type Opened,
  openPage,
  secondsIn,
  startBrowser,
  tile,
  widerThanScreen,
} from "./browser.ts";
import { startLoad } from "./load.ts";
import { startRelay } from "./relay.ts";

const CALLS_PER_SECOND = 150;
const VIEWS = ["Overview", "Connections", "Keys", "System", "Events"] as const;
const SLOW = { timeout: 90_000 };

let browser: Browser;
let dir: string;
let serving: Serving;
let relay: Awaited<ReturnType<typeof startRelay>>;
let stopLoad: () => Promise<void>;

const serveArgs = () => [
  "tls://127.0.0.1:0",
  "--tls",
  "--gateway",
  `unix://${join(dir, "http.sock")}`,
  "tls://127.0.0.1:0",
];

beforeAll(async () => {
  dir = await Deno.makeTempDir({ prefix: "gatehouse-page-" });
  [browser, serving] = await Promise.all([startBrowser(), startServe("", { dir, args: serveArgs() })]);
  relay = await startRelay(`unix://${join(dir, "http.sock")}`);
  stopLoad = startLoad(serving.unix, CALLS_PER_SECOND);
  const admin = ["--server", serving.unix, "--admin-key", serving.adminKey];
  await gatehouse(["keys", "create", "release", "--kind", "ed25519", "--label", "team=platform", ...admin]);
}, 180_000);

afterAll(async () => {
  await stopLoad();
  await Promise.all([relay.stop(), serving.stop(), browser.close()]);
  await Deno.remove(dir, { recursive: true });
}, 60_000);

/** Of two windows of some seconds that don't begin together, on a machine that may stand still for one. */
function isAbout(shown: number, figure: number): void {
  expect(shown / figure).toBeGreaterThan(0.7);
  expect(shown / figure).toBeLessThan(1.4);
}

describe("through the edge, with an operator's certificate", () => {
  let url: string;
  let opened: Opened;

  const open = (colorScheme: "light" | "dark", width = 1360) => {
    const { cert, key } = serving.tlsFiles;
    return openPage(browser, url, {
      colorScheme,
      viewport: { width, height: width < 500 ? 780 : 900 },
      ignoreHTTPSErrors: true,
      clientCertificates: [{ origin: new URL(url).origin, certPath: cert, keyPath: key }],
    });
  };

  beforeAll(async () => {
    const address = serving.gateway.find((one) => one.startsWith("tls:")) ?? "";
    url = `${address.replace("tls:", "https:")}/`;
    opened = await open("light");
  }, 30_000);
  afterAll(() => opened.close());

  test("it is live and shows what /metrics says", SLOW, async () => {
    const { page, faults } = opened;
    await page.getByText("live", { exact: true }).waitFor();
    await page.locator(".tile").first().waitFor();
    const metrics = async () =>
      new Scrape(performance.now(), samplesOf(await relay.metrics(serving.adminKey)));
    await page.waitForTimeout(3_000);
    const before = await metrics();
    await page.waitForTimeout(5_000);
    const between = new Interval(before, await metrics());
    const calls = between.rate("grpc_server_handled_total") ?? NaN;
    expect(calls).toBeGreaterThan(CALLS_PER_SECOND * 0.7);
    isAbout(numberIn(await tile(page, "Calls a second")), calls);
    // One call a second is refused for its role.
    expect(numberIn(await tile(page, "Errors a second"))).toBeGreaterThan(0.4);
    const open = between.to.sum("gatehouse_connections") ?? NaN;
    expect(Math.abs(numberIn(await tile(page, "Connections")) - open)).toBeLessThanOrEqual(2);
    const buckets = between.histogram("grpc_server_handling_seconds", { grpc_type: "unary" });
    const medianBucket = buckets.findIndex(({ le }) => le >= (quantile(buckets, 0.5) ?? NaN));
    const median = secondsIn(await tile(page, "Latency p50"));
    // Of two windows that overlap: at most one bucket apart.
    expect(median).toBeLessThanOrEqual(buckets[medianBucket + 1].le);
    expect(median).toBeGreaterThanOrEqual(buckets[medianBucket - 2]?.le ?? 0);
    expect(median).toBeLessThanOrEqual(secondsIn(await tile(page, "p99")));
    const echo = page.getByRole("row", { name: /echo\.EchoService\/Echo/ });
    isAbout(numberIn(await echo.locator("td").first().textContent() ?? ""), CALLS_PER_SECOND);
    expect(faults).toEqual([]);
  });

  test.each(["light", "dark"] as const)(
    "every view, by its link, in %s: axe finds nothing grave",
    SLOW,
    async (theme) => {
      const { page, faults } = opened;
      if (theme === "dark") await page.getByRole("button", { name: "Dark theme" }).click();
      // The one that is shown comes last: going to it is a change then.
      for (const view of [...VIEWS.slice(1), VIEWS[0]]) {
        await page.getByRole("link", { name: view, exact: true }).click();
        await page.getByRole("heading", { level: 1, name: view }).waitFor();
        // Who changes the view by keyboard is at its beginning.
        await expect.poll(() => page.evaluate("document.activeElement.tagName")).toBe("H1");
        await page.locator("main .panel").first().waitFor();
        expect(await page.evaluate("getComputedStyle(document.documentElement).colorScheme")).toBe(theme);
        expect(await graveFindings(page), `${view}, ${theme}`).toEqual([]);
      }
      expect(faults).toEqual([]);
    },
  );

  test(
    "the views show what is there: addresses, keys without secrets, units, certificates, events",
    SLOW,
    async () => {
      const { page } = opened;
      const go = (view: string) => page.getByRole("link", { name: view, exact: true }).click();
      await go("Connections");
      await page.getByRole("cell", { name: "mutual TLS" }).first().waitFor();
      await page.getByRole("rowheader", { name: serving.unix }).waitFor();
      await go("Keys");
      await page.getByRole("row", { name: /release.*team=platform.*ED25519.*enabled/ }).waitFor();
      await page.getByLabel("State").selectOption("disabled");
      await page.getByText("No key on this page is like that.").waitFor();
      await page.getByLabel("State").selectOption("");
      await go("System");
      for (const unit of ["agent", "signer", "edge"]) {
        await page.getByRole("row", { name: new RegExp(`^${unit} healthy`) }).waitFor();
      }
      await page.getByRole("row", { name: /server.*dns:.*valid/ }).waitFor();
      await go("Events");
      await page.getByRole("listitem").filter({ hasText: "key created" }).first().waitFor();
      await page.getByLabel("Text").fill("nothing is like this");
      await page.getByText("No event is like that.").waitFor();
      await page.getByLabel("Text").fill("");
      await page.getByRole("button", { name: "Pause" }).click();
      const admin = ["--server", serving.unix, "--admin-key", serving.adminKey];
      await gatehouse(["keys", "disable", "release", ...admin]);
      await page.getByRole("button", { name: /Go on \(\d+ new\)/ }).click();
      await page.getByRole("listitem").filter({ hasText: "key state changed" }).first().waitFor();
      await go("Keys");
      await page.getByRole("row", { name: /release.*disabled/ }).waitFor();
    },
  );

  test("on a phone nothing stands beyond the edge of the screen", SLOW, async () => {
    const phone = await open("dark", 360);
    try {
      for (const view of VIEWS) {
        await phone.page.getByRole("link", { name: view, exact: true }).click();
        await phone.page.locator("main .panel").first().waitFor();
        expect(await widerThanScreen(phone.page), view).toBe(false);
      }
      expect(await graveFindings(phone.page)).toEqual([]);
      expect(phone.faults).toEqual([]);
    } finally {
      await phone.close();
    }
  });

  test("its policy holds: no script, no style and no text of another becomes part of it", SLOW, async () => {
    const { page, faults } = opened;
    const refused = await page.evaluate(`(() => {
      const violations = [];
      document.addEventListener("securitypolicyviolation", (event) => violations.push(event.violatedDirective));
      const attempts = [
        () => { const s = document.createElement("script"); s.textContent = "globalThis.owned = 1"; document.body.append(s); },
        () => { document.body.insertAdjacentHTML("beforeend", "<b>x</b>"); },
        () => { const s = document.createElement("style"); s.textContent = "body{display:none}"; document.head.append(s); },
        () => { void fetch("https://127.0.0.1:1/").catch(() => {}); },
      ];
      for (const attempt of attempts) try { attempt(); } catch {}
      return new Promise((resolve) => setTimeout(() => resolve({ violations, owned: globalThis.owned ?? null }), 300));
    })()`) as { violations: string[]; owned: unknown };
    expect(refused.owned).toBeNull();
    expect(new Set(refused.violations)).toEqual(
      new Set(["require-trusted-types-for", "style-src-elem", "connect-src"]),
    );
    faults.length = 0;
  });
});

describe("through a loopback relay, with a key file", () => {
  let opened: Opened;
  beforeAll(async () => {
    opened = await openPage(browser, relay.url, { colorScheme: "dark" });
  }, 30_000);
  afterAll(() => opened.close());

  const chooseFile = (name: string, text: string) =>
    opened.page.locator('input[type="file"]').setInputFiles({
      name,
      mimeType: "application/x-pem-file",
      buffer: Buffer.from(text),
    });
  const alert = () => opened.page.getByRole("alert");

  test("who isn't an operator is told so, and what a file lacks", SLOW, async () => {
    const { page } = opened;
    await page.getByRole("heading", { name: "Only operators see this" }).waitFor();
    await page.getByText("the server").waitFor();
    expect(await graveFindings(page)).toEqual([]);
    await chooseFile("a.pub", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----");
    await page.getByText("a.pub: it is a public key").waitFor();
    const stranger = await gatehouse(["admins", "keygen", join(dir, "stranger.key")]).then(() =>
      Deno.readTextFile(join(dir, "stranger.key"))
    );
    await chooseFile("stranger.key", stranger);
    await page.getByText("The key was not taken").waitFor();
    expect(await alert().textContent()).toMatch(/not taken/);
  });

  test(
    "an enrolled key opens it, signs each request, and is forgotten when the page is loaded anew",
    SLOW,
    async () => {
      const { page, faults } = opened;
      await chooseFile("admin.key", await Deno.readTextFile(serving.adminKey));
      await page.getByText("admin:owner").waitFor();
      await page.locator(".tile").first().waitFor();
      await page.getByRole("link", { name: "Events", exact: true }).click();
      await page.getByRole("listitem").filter({ hasText: "started" }).first().waitFor();
      await page.getByText("live", { exact: true }).waitFor();
      expect(faults).toEqual([]);
      await page.reload();
      await page.getByRole("heading", { name: "Only operators see this" }).waitFor();
      expect(await page.evaluate("[localStorage.length + sessionStorage.length, document.cookie]")).toEqual([
        0,
        "",
      ]);
    },
  );

  test(
    "when the agent is gone it says since when, shows old figures as old, and comes back by itself",
    SLOW,
    async () => {
      const { page } = opened;
      await page.getByRole("link", { name: "Overview", exact: true }).click();
      await chooseFile("admin.key", await Deno.readTextFile(serving.adminKey));
      await page.locator(".tile").first().waitFor();
      const colour = () => page.evaluate("getComputedStyle(document.querySelector('.tile .value')).color");
      const fresh = await colour();
      await stopLoad();
      await serving.stop();
      const banner = page.getByRole("status").filter({ hasText: "The connection is broken" });
      await banner.waitFor();
      expect(await banner.textContent()).toMatch(
        /since \d\d:\d\d:\d\d UTC: .+\. The figures below are of then\./,
      );
      await page.getByText(/next try in \d+ s|trying…/).waitFor();
      expect(await colour()).not.toBe(fresh);
      expect(await graveFindings(page)).toEqual([]);
      serving = await startServe("", { dir, args: serveArgs() });
      stopLoad = startLoad(serving.unix, CALLS_PER_SECOND);
      await page.getByRole("button", { name: "Try now" }).click({ timeout: 3_000 }).catch(() => {});
      await banner.waitFor({ state: "detached", timeout: 30_000 });
      await page.getByText("live", { exact: true }).waitFor();
      expect(await colour()).toBe(fresh);
    },
  );
});

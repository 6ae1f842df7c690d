// gatehouse top: what the page shows, in a terminal.
import type { Command } from "commander";
import { type AdminOptions, adminOptions, withAdmin } from "./admin_client.ts";
import { action, wholeNumber } from "./command.ts";
import { print, printJson, printJsonLine } from "./output.ts";
import { painter, Screen } from "./top/screen.ts";
import { topCalls, topJson, TopSource } from "./top/source.ts";
import { plainLine, topLines } from "./top/view.ts";

interface TopOptions extends AdminOptions {
  once: boolean;
  interval: string;
}

/** Between the two readings of --once: rates need some time between them. */
const ONCE_MS = 1_000;
const MAX_INTERVAL_S = 3_600;
/** --once on no terminal. */
const ONCE_SIZE = { columns: 120, rows: 200 };

export function register(program: Command): void {
  adminOptions(program.command("top"))
    .summary("watch an appliance: calls, latency, connections, units, events")
    .option("--once", "two readings, a second apart, then the end", false)
    .option("--interval <s>", "between two readings, seconds", "2")
    .addHelpText(
      "after",
      `
Shows what the page of \`gatehouse page\` shows. q or Ctrl-C ends it. Needs the role operator: the
administrator's key, or a certificate. Elsewhere than on a terminal it prints a line a reading.

Examples:
  gatehouse top
  gatehouse top --once
  gatehouse top --server unix:///run/gatehouse.sock --admin-key ./alice.key --json
  gatehouse top --server tls://gatehouse.example:50051 --ca ca.pem --cert me.pem --key me.key`,
    )
    .action(action(async ({ json, signal }, options: TopOptions) => {
      const intervalMs = wholeNumber("--interval", options.interval, 1, MAX_INTERVAL_S) * 1000;
      const quit = new AbortController();
      const end = AbortSignal.any([signal, quit.signal]);
      await withAdmin(options, end, async (client) => {
        const source = new TopSource(topCalls(client), options.server ?? `VM ${options.name}`, intervalMs);
        await source.read();
        if (options.once) return await once(source, json, end);
        try {
          if (json || !Deno.stdout.isTerminal()) await lines(source, json, intervalMs, end);
          else await screen(source, intervalMs, end, () => quit.abort());
        } catch (error) {
          if (!end.aborted) throw error;
        } finally {
          quit.abort();
        }
      });
    }));
}

async function once(source: TopSource, json: boolean, end: AbortSignal): Promise<void> {
  await sleep(ONCE_MS, end);
  await source.read();
  if (json) return printJson(topJson(source.state));
  for (const line of topLines(source.state, ONCE_SIZE, painter(false))) print(line.trimEnd());
}

async function lines(source: TopSource, json: boolean, intervalMs: number, end: AbortSignal): Promise<void> {
  while (!end.aborted) {
    await sleep(intervalMs, end);
    if (end.aborted) return;
    await source.read();
    // A reading that was broken off by the end is no news.
    if (end.aborted) return;
    if (json) printJsonLine(topJson(source.state));
    else print(plainLine(source.state));
  }
}

async function screen(
  source: TopSource,
  intervalMs: number,
  end: AbortSignal,
  quit: () => void,
): Promise<void> {
  const paint = painter(Deno.env.get("NO_COLOR") === undefined);
  const draw = () => terminal.draw(topLines(source.state, terminal.size, paint));
  const onKey = (key: string) => {
    if (/q/i.test(key)) quit();
  };
  const terminal = new Screen(onKey, () => draw());
  try {
    void source.followEvents(end, draw);
    while (!end.aborted) {
      draw();
      const waitMs = await source.read() || intervalMs;
      // While it is broken, the time until the next try runs down.
      for (let leftMs = waitMs; leftMs > 0 && !end.aborted; leftMs -= 1000) {
        draw();
        await sleep(Math.min(leftMs, 1000), end);
      }
    }
  } finally {
    terminal.close();
  }
}

function sleep(ms: number, end: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (end.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      end.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    end.addEventListener("abort", done, { once: true });
  });
}

// Ten thousand idle connections: what each costs in memory, and that the others don't feel them.
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../lib/command.ts";
import { concat, PREFACE } from "../lib/raw_http2.ts";
import { residentBytes } from "../lib/serve.ts";
import { connect, writeAll } from "./attack.ts";
import { Arena, sleep } from "./beside.ts";
import { MIN_SHARE } from "./bounds.ts";
import { call, hello } from "./pieces.ts";

const CONNECTIONS = 10_000;
/** Files that the agent and this process need beside them. */
const OTHER_FILES = 500;
/** Opened at once: the kernel's queue of new connections holds some thousands. */
const AT_ONCE = 200;
/** Resident memory of one idle connection that has made a call: 8 KiB to read into, tables, objects; 20 KiB measured. */
const MAX_BYTES_EACH = 32 * 1024;
const SETTLE_MS = 2_000;

let arena: Arena;
beforeAll(async () => {
  arena = await Arena.start(`[limits]\nmax_connections = 20000\nmax_connections_per_peer = 20000\n`);
}, 120_000);
afterAll(() => arena.stop());

test(
  `${CONNECTIONS} idle connections cost at most ${MAX_BYTES_EACH / 1024} KiB each, and no good call`,
  async (context) => {
    const { out } = await run("sh", ["-c", "ulimit -Hn"]);
    const files = out.trim() === "unlimited" ? Infinity : Number(out);
    if (files < CONNECTIONS + OTHER_FILES) {
      return context.skip(`a process may open ${files} files here; raise it with ulimit -Hn`);
    }
    const opening = concat(PREFACE, hello(), call(0));
    const calm = await arena.rate();
    const before = await residentBytes(arena.serving.pid);
    const idle: Deno.Conn[] = [];
    while (idle.length < CONNECTIONS) {
      const some = await Promise.all(Array.from({ length: AT_ONCE }, () => connect(arena.serving.hostPort)));
      await Promise.all(some.map((conn) => writeAll(conn, opening)));
      idle.push(...some);
    }
    await sleep(SETTLE_MS);
    const each = (await residentBytes(arena.serving.pid) - before) / CONNECTIONS;
    const crowded = await arena.rate();
    for (const conn of idle) conn.close();
    expect(each).toBeLessThan(MAX_BYTES_EACH);
    expect(crowded.count.failed).toBe(0);
    expect(crowded.perSecond).toBeGreaterThan(calm.perSecond * MIN_SHARE);
  },
  60_000,
);

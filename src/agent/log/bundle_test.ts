// The log inside the agent's bundle: one file, run by Deno without a single permission.
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const run = promisify(execFile);
const here = fileURLToPath(new URL(".", import.meta.url));
const program = `
import { callLogger, createLog } from "./mod.ts";
const log = createLog();
const onCall = callLogger(log.component("call"), { calls: "all", callsPerSecond: 1 });
const peer = { transport: "tcp", address: "tcp://127.0.0.1:1" };
for (const status of [0, 13]) onCall({ callId: "a", peer, method: "/x.Y/Z", status, durationMs: 1 });
`;
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gatehouse-log-"));
  await build({
    stdin: { contents: program, resolveDir: here, loader: "ts" },
    bundle: true,
    format: "esm",
    platform: "node",
    outfile: join(folder, "bundle.js"),
  });
});
afterAll(() => rm(folder, { recursive: true }));

describe("the bundled log", () => {
  it("writes JSON to a pipe with no permission, and its timer does not keep the process alive", async () => {
    const start = performance.now();
    const args = ["run", "--no-prompt", "--no-config", join(folder, "bundle.js")];
    const { stdout, stderr } = await run(Deno.execPath(), args, { timeout: 8000 });
    expect(stdout).toBe("");
    expect(stderr.trim().split("\n").map((line) => JSON.parse(line).status)).toEqual(["OK"]);
    expect(performance.now() - start).toBeLessThan(8000);
  });
});

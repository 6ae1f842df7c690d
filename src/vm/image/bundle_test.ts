import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { bundleAgent } from "./bundle.ts";
import { run } from "./run.ts";

const repoRoot = fileURLToPath(new URL("../../..", import.meta.url));
let dir: string;

beforeEach(async () => {
  // Inside the repository, where packages are found.
  await Deno.mkdir(join(repoRoot, ".cache"), { recursive: true });
  dir = await Deno.makeTempDir({ dir: join(repoRoot, ".cache"), prefix: "bundle-test-" });
});

afterEach(() => Deno.remove(dir, { recursive: true }));

describe("the agent's bundle", () => {
  it("runs without network, packages or permissions, whatever module system its parts have", {
    timeout: 60_000,
  }, async () => {
    await Deno.writeTextFile(
      join(dir, "entry.ts"),
      `import { status } from "@grpc/grpc-js"; import * as loader from "@grpc/proto-loader"; import protobuf from "protobufjs"; import { z } from "zod";
      console.log(JSON.stringify([status.OK, typeof loader.fromJSON, typeof protobuf.Root, z.number().parse(3)]));`,
    );
    await bundleAgent(join(dir, "entry.ts"), join(dir, "agent.js"), { repoRoot });
    const output = await run([
      ...[
        Deno.execPath(),
        "run",
        "--quiet",
        "--no-prompt",
        "--no-config",
        "--no-lock",
        "--no-npm",
        "--no-remote",
      ],
      ...["--cached-only", "--ignore-env", join(dir, "agent.js")],
    ]);
    expect(JSON.parse(new TextDecoder().decode(output))).toEqual([0, "function", "function", 3]);
  });

  it("holds the operator's page, which it can't build where it runs", { timeout: 60_000 }, async () => {
    await Deno.writeTextFile(
      join(dir, "entry.ts"),
      `import { loadPage } from "../../src/gateway/page/page.ts";
      const { html, policy } = await loadPage(); console.log(JSON.stringify([html.slice(0, 15), policy.slice(0, 18)]));`,
    );
    await bundleAgent(join(dir, "entry.ts"), join(dir, "agent.js"), { repoRoot });
    const code = await Deno.readTextFile(join(dir, "agent.js"));
    expect(code).not.toContain("esbuild");
    const options = ["--quiet", "--no-prompt", "--no-config", "--no-lock", "--no-npm", "--no-remote"];
    const output = await run([Deno.execPath(), "run", ...options, join(dir, "agent.js")]);
    expect(JSON.parse(new TextDecoder().decode(output))).toEqual(["<!doctype html>", "default-src 'none'"]);
  });

  it("of broken code is refused with file and line, and leaves no file", async () => {
    await Deno.writeTextFile(join(dir, "entry.ts"), `import "no-such-package";\n`);
    await expect(bundleAgent(join(dir, "entry.ts"), join(dir, "agent.js"), { repoRoot })).rejects.toThrow(
      /entry\.ts:1/,
    );
    expect([...Deno.readDirSync(dir)].map((entry) => entry.name)).toEqual(["entry.ts"]);
  });
});

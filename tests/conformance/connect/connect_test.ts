// connectconformance over our engine: its clients against our server, our client against its servers.
// What the two programs under test offer is in config.yaml; there is no list of known failures.
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { run } from "../../lib/command.ts";
import { connectConformance } from "../../lib/tools.ts";

/**
 * Cases of 1.0.6 with config.yaml. A run of fewer shows less than it says, so the numbers are exact:
 * each has the suite's own programs and grpc-go's at the other end.
 */
const SERVER_CASES = 374;
const CLIENT_CASES = 409;
/** For all cases; they take seconds, a busy machine several times that. */
const TIMEOUT_S = "55";

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const tool = await connectConformance();

/** @param more arguments of the suite's */
function conformance(tool: string, mode: "client" | "server", ...more: string[]) {
  const program = [Deno.execPath(), "run", "--quiet", "--allow-all", path(`${mode}.ts`)];
  const args = [tool, "--mode", mode, "--conf", path("config.yaml"), ...more, "--", ...program];
  return run("timeout", [TIMEOUT_S, ...args]);
}

if ("reason" in tool) test.skip(`skipped: ${tool.reason}`, () => {});
else {
  test.each(
    [["server", SERVER_CASES], ["client", CLIENT_CASES]] as const,
  )("connectconformance: our %s passes %i of its cases, all there are", async (mode, cases) => {
    const { code, out, err } = await conformance(tool.path, mode);
    // Whatever is red, the suite's own words say which case and why.
    expect(out + err).toBe(`Total cases: ${cases}\n${cases} passed, 0 failed\n`);
    expect(code).toBe(0);
  }, 60_000);

  test("a case that is expected to fail and passes is reported, so a pass means something", async () => {
    const { code, out } = await conformance(tool.path, "server", "--known-failing", "Basic/**/unary/success");
    expect(out).toMatch(/FAILED: Basic\/.*\/unary\/success was expected to fail but did not/);
    expect(code).not.toBe(0);
  }, 60_000);
}

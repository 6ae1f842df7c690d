// connectconformance over our engine: its clients against our server, our client against its servers.
// What the programs under test offer is in config.yaml; there is no list of known failures.
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { run } from "../../lib/command.ts";
import { connectConformance } from "../../lib/tools.ts";

/**
 * Cases of 1.0.6 with config.yaml. A run of fewer shows less than it says, so the numbers are exact:
 * each has the suite's own programs and grpc-go's at the other end.
 */
const SERVER_CASES = 744;
const CLIENT_CASES = 854;
/**
 * What grpc-js's own code can't pass over any channel, with TLS and without: its unary calls read one
 * message and wait for a status that only comes after the second. (In calls that stream requests it looks.)
 */
const STUB_EXCEPTIONS = { pattern: "gRPC Unexpected Responses/**/unary/multiple-responses", cases: 2 };
/** For all cases; they take seconds, a busy machine several times that. */
const TIMEOUT_S = "55";

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const tool = await connectConformance();

/**
 * @param suiteArgs more of the suite's own arguments
 * @param programArgs those of the program under test
 */
function conformance(
  tool: string,
  mode: "client" | "server",
  suiteArgs: string[] = [],
  programArgs: string[] = [],
) {
  const program = [Deno.execPath(), "run", "--quiet", "--allow-all", path(`${mode}.ts`), ...programArgs];
  const args = [tool, "--mode", mode, "--conf", path("config.yaml"), ...suiteArgs, "--", ...program];
  return run("timeout", [TIMEOUT_S, ...args]);
}

/** Whatever is red, the suite's own words say which case and why. */
function expectAll(cases: number, { code, out, err }: { code: number; out: string; err: string }) {
  expect(out + err).toBe(`Total cases: ${cases}\n${cases} passed, 0 failed\n`);
  expect(code).toBe(0);
}

if ("reason" in tool) test.skip(`skipped: ${tool.reason}`, () => {});
else {
  test(`connectconformance: our server passes ${SERVER_CASES} cases, all there are`, async () => {
    expectAll(SERVER_CASES, await conformance(tool.path, "server"));
  }, 60_000);

  test(`connectconformance: our client passes ${CLIENT_CASES} cases, all there are`, async () => {
    expectAll(CLIENT_CASES, await conformance(tool.path, "client"));
  }, 60_000);

  const { pattern, cases } = STUB_EXCEPTIONS;
  test(`connectconformance: grpc-js's stubs over our channel pass all cases but ${cases}`, async () => {
    const result = await conformance(tool.path, "client", ["--skip", pattern], ["--stubs"]);
    expectAll(CLIENT_CASES - cases, result);
  }, 60_000);

  test("a case that is expected to fail and passes is reported, so a pass means something", async () => {
    const expected = ["--run", "Basic/**", "--known-failing", "Basic/**/unary/success"];
    const { code, out } = await conformance(tool.path, "server", expected);
    expect(out).toMatch(/FAILED: Basic\/.*\/unary\/success was expected to fail but did not/);
    expect(code).not.toBe(0);
  }, 60_000);
}

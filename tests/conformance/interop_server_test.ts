// grpc-go's interop client against our server over TCP.
import { afterAll, describe, expect, test } from "vitest";
import { run } from "../lib/command.ts";
import { interopClient } from "../lib/tools.ts";
import { startOwnServer } from "./interop_server.ts";
import type { Seen } from "./test_service.ts";

const CASES = [
  "empty_unary",
  "large_unary",
  "client_streaming",
  "server_streaming",
  "ping_pong",
  "empty_stream",
  "timeout_on_sleeping_server",
  "cancel_after_begin",
  "cancel_after_first_response",
  "status_code_and_message",
  "special_status_message",
  "custom_metadata",
  "unimplemented_method",
  "unimplemented_service",
];
/** For one case, seconds; each takes less than one. */
const CASE_TIMEOUT_S = "30";

const tool = await interopClient();

describe("grpc-go's client", async () => {
  if ("reason" in tool) {
    test.skip(`skipped: ${tool.reason}`, () => {});
    return;
  }
  const seen: Seen = { cancelledDuplex: 0 };
  const server = await startOwnServer(seen);
  afterAll(() => server.stop());

  const call = (testCase: string) =>
    run("timeout", [
      ...[CASE_TIMEOUT_S, tool.path, "--use_tls=false", `--test_case=${testCase}`],
      ...["--server_host=127.0.0.1", `--server_port=${server.address.split(":")[1]}`],
    ], { env: { GRPC_GO_LOG_SEVERITY_LEVEL: "info" } });

  test.each(CASES)("%s passes", async (testCase) => {
    const { code, err } = await call(testCase);
    expect(code, err).toBe(0);
    expect(err).toMatch(/ done\n/);
  }, 60_000);

  test("cancel_after_first_response reaches the handler as a cancellation", async () => {
    const before = seen.cancelledDuplex;
    expect((await call("cancel_after_first_response")).code).toBe(0);
    await expect.poll(() => seen.cancelledDuplex).toBe(before + 1);
  }, 60_000);

  test("a case that doesn't exist fails, so a pass means something", async () => {
    expect((await call("no_such_case")).code).not.toBe(0);
  }, 60_000);
});

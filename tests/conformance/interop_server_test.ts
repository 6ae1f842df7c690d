// grpc-go's interop client against our server over TCP.
import { afterAll, describe, expect, test } from "vitest";
import { Server } from "../../src/grpc/server.ts";
import { listen, parseAddress } from "../../src/transport/mod.ts";
import { run } from "../lib/command.ts";
import { interopClient } from "../lib/tools.ts";
import { testService } from "./grpc_testing.ts";
import { type Seen, testServiceImplementation } from "./test_service.ts";

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
  const server = new Server();
  server.addService(testService, testServiceImplementation(seen));
  const listener = await listen(parseAddress("tcp://127.0.0.1:0"));
  const serving = server.serve(listener);
  afterAll(async () => {
    await server.shutdown(1_000);
    await serving;
  });

  const call = (testCase: string) =>
    run("timeout", [
      ...[CASE_TIMEOUT_S, tool.path, "--use_tls=false", `--test_case=${testCase}`],
      ...["--server_host=127.0.0.1", `--server_port=${new URL(listener.address).port}`],
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

// h2spec, every case in its strict mode, against our HTTP/2 engine over TCP.
import { expect, test } from "vitest";
import { run } from "../lib/command.ts";
import { h2spec } from "../lib/tools.ts";
import { startHttp2Server } from "./http2_server.ts";

/** All of h2spec 2.2.1 with `--strict`; a skipped case is one that was not shown. */
const SUMMARY = "146 tests, 146 passed, 0 skipped, 0 failed";
/** For one answer, seconds: a busy machine must not fail a case. */
const ANSWER_TIMEOUT_S = "10";

const tool = await h2spec();

if ("reason" in tool) test.skip(`skipped: ${tool.reason}`, () => {});
else {
  test("h2spec: 146 of 146 cases pass in strict mode", async () => {
    const server = await startHttp2Server();
    try {
      const { out } = await run(tool.path, [
        ...["--strict", "--host", "127.0.0.1", "--port", String(server.port)],
        ...["--timeout", ANSWER_TIMEOUT_S],
      ]);
      // Whatever is red, the list of failed cases says which.
      const failures = out.slice(out.indexOf("Failures:"));
      expect(/\d+ tests, .*/.exec(out)?.[0], failures).toBe(SUMMARY);
    } finally {
      await server.stop();
    }
  }, 300_000);
}

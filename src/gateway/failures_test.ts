// What failed that nobody expected: whoever runs the agent hears of it, and not too often.
import { expect, test, vi } from "vitest";
import { VirtualClock } from "../grpc/virtual_clock.ts";
import { gatewayApp } from "./app.ts";
import type { GatewayCalls } from "./calls.ts";
import { Failures, FAILURES_PER_SECOND } from "./failures.ts";

test("a flood of failures is told in part, and counted", () => {
  const clock = new VirtualClock();
  const error = vi.fn();
  const { tell } = new Failures({ error }, clock);
  for (let i = 0; i < FAILURES_PER_SECOND + 5; i++) tell(new Error("odd"));
  expect(error).toHaveBeenCalledTimes(FAILURES_PER_SECOND);
  clock.advance(1_000);
  tell(new Error("odd"));
  expect(error).toHaveBeenLastCalledWith("a request failed", expect.objectContaining({ unreported: 5 }));
});

const broken = () => {
  throw new TypeError("a fault of ours");
};

test.each([
  ["REST", "application/json", "{}"],
  ["gRPC-Web", "application/grpc-web+proto", "\0\0\0\0\0"],
])("a fault of ours in %s is told to us, and not to the client", async (_name, type, body) => {
  const failed = vi.fn();
  const calls: GatewayCalls = { unary: broken, stream: broken };
  const request = new Request("http://localhost/echo.EchoService/Echo", {
    method: "POST",
    headers: { "content-type": type },
    body,
  });
  const answer = await gatewayApp(failed).fetch(request, {
    calls,
    peer: { transport: "unix", address: "unix:///http" },
    rules: { corsOrigins: [], hosts: [] },
    page: false,
  });
  expect(await answer.text()).not.toContain("a fault of ours");
  expect(failed).toHaveBeenCalledExactlyOnceWith(expect.any(TypeError));
});

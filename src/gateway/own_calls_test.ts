// Calls of one HTTP connection while the agent's own server comes and goes.
import { expect, test } from "vitest";
import { type Callback, start, type Unary } from "../grpc/server_testkit.ts";
import { OwnCalls } from "./own_calls.ts";

const PATH = "/test.Service/Unary";
const call = (text: string) => ({
  path: PATH,
  request: new TextEncoder().encode(text),
  signal: new AbortController().signal,
});
const settled = () => new Promise((resolve) => setTimeout(resolve, 20));

test("a server that stops still answers what the gateway has accepted", async () => {
  const answers: (() => void)[] = [];
  const { server } = start({
    unary: ({ request }: Unary, callback: Callback) => void answers.push(() => callback(null, request)),
  });
  const calls = new OwnCalls(
    { transport: "unix", address: "unix:///http", http: { nonces: {} } },
    (conn) => server.handle(conn),
  );
  const before = calls.unary(call("before"));
  await settled();
  const stopped = server.shutdown(5_000);
  await settled();
  // Its head, and its place, were there before the stop; its body wasn't.
  const after = calls.unary(call("after"));
  await settled();
  for (const answer of answers) answer();
  expect(new TextDecoder().decode(await before)).toBe("before");
  expect(new TextDecoder().decode(await after)).toBe("after");
  calls.close();
  await stopped;
});

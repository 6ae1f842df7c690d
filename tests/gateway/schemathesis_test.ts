// A short run of Schemathesis; `deno task schemathesis` is the long one.
import { beforeAll, expect, test } from "vitest";
import { schemathesis, type Tool } from "../lib/tools.ts";
import { runSchemathesis } from "./schemathesis.ts";

const SECONDS = 20;
/** Each operation was asked, however busy the machine is; more than 300 answers are usual. */
const MIN_ANSWERS = 60;

let tool: Tool;
beforeAll(async () => {
  tool = await schemathesis();
}, 180_000);

test(
  "no request made from the OpenAPI document is answered by a 500, or otherwise than the document says",
  async (context) => {
    if ("reason" in tool) return context.skip(tool.reason);
    const { code, text, codes } = await runSchemathesis(tool.path, SECONDS, false);
    expect(code, text).toBe(0);
    expect([...codes.keys()].filter((each) => each >= 500), text).toEqual([]);
    expect([...codes.values()].reduce((sum, count) => sum + count, 0), text).toBeGreaterThan(MIN_ANSWERS);
  },
  120_000,
);

// Answers on their way out: what a stream of them keeps.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test, vi } from "vitest";
import { testServer } from "./http_testkit.ts";

// A context that is made after the flag is set has it.
setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

test("a chunk that was sent isn't kept until the stream's end", async () => {
  const sent: WeakRef<object>[] = [];
  let chunks = 0;
  const { open } = testServer(() =>
    Promise.resolve(
      new Response(
        new ReadableStream({
          async pull(controller) {
            // The stream stays open behind them.
            if (++chunks > 8) return await new Promise(() => {});
            const chunk = new TextEncoder().encode(`data: ${chunks}\n\n`);
            sent.push(new WeakRef(chunk));
            controller.enqueue(chunk);
          },
        }, { highWaterMark: 0 }),
        { headers: { "content-type": "text/event-stream" } },
      ),
    )
  );
  const client = open();
  await client.send("GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await client.until(/data: 8\n\n/);
  expect(sent).toHaveLength(8);
  await vi.waitFor(() => {
    collectGarbage();
    expect(sent[0].deref()).toBeUndefined();
  }, 3_000);
  client.close();
  await client.served;
}, 20_000);

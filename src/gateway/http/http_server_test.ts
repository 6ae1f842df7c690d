// The gateway's HTTP/1.1 against clients that write bytes: keep-alive, bounds, times, clients that vanish.
import { describe, expect, test, vi } from "vitest";
import { VirtualClock } from "../../grpc/virtual_clock.ts";
import { HELD_FREE_BYTES, MAX_HELD_BYTES } from "../../grpc/limits.ts";
import { IDLE_TIMEOUT_MS, MAX_PIPELINED, MAX_REQUESTS_PER_CONNECTION } from "./limits.ts";
import { testServer } from "./http_testkit.ts";

const GET = "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n";
const post = (length: number, body: string) =>
  `POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n\r\n${body}`;

/** Says what it was asked. */
const mirror = async (request: Request) => {
  const body = await request.text();
  return Response.json({ method: request.method, url: request.url, body });
};
const settled = () => new Promise((resolve) => setTimeout(resolve, 20));

describe("a connection", () => {
  test("answers one request after the other", async () => {
    const { open, sessions } = testServer(mirror);
    const client = open();
    await client.send(GET);
    await client.until(/"body":""}$/);
    expect(client.text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(client.text).toContain("x-content-type-options: nosniff");
    await client.send(post(3, "abc"));
    await client.until(/"body":"abc"}$/);
    expect(client.text).not.toMatch(/connection: close/i);
    client.close();
    await client.served;
    expect(sessions()).toBe(0);
  });

  test("answers what was pipelined in its order, one at a time", async () => {
    let running = 0;
    const most: number[] = [];
    const { open } = testServer(async (request) => {
      most.push(++running);
      await settled();
      running--;
      return new Response(new URL(request.url).search);
    });
    const client = open();
    await client.send([1, 2, 3].map((i) => GET.replace("/a", `/a?${i}`)).join(""));
    await client.until(/\?3/);
    expect(client.text).toMatch(/\?1[^]*\?2[^]*\?3/);
    expect(Math.max(...most)).toBe(1);
    client.close();
  });

  test("ends when more is pipelined than anyone needs", async () => {
    const { open, limits } = testServer(() => new Promise(() => {}));
    const client = open();
    await client.send(GET.repeat(MAX_PIPELINED + 2)).catch(() => {});
    await client.served;
    expect(limits).toEqual(["http_too_many_pipelined"]);
  });

  test("ends after its share of requests", async () => {
    const { open } = testServer(() => Promise.resolve(new Response("x")));
    const client = open();
    let sent = 0;
    while (sent++ < MAX_REQUESTS_PER_CONNECTION && !/connection: close/i.test(client.text)) {
      client.text = "";
      await client.send(GET);
      await client.until(/\r\n\r\nx$/);
    }
    expect(sent).toBe(MAX_REQUESTS_PER_CONNECTION + 1);
    await client.served;
  }, 60_000);

  test("gives a streamed answer as it comes, no faster than it is read", async () => {
    let pulled = 0;
    const { open } = testServer(() =>
      Promise.resolve(
        new Response(
          new ReadableStream({
            pull(controller) {
              pulled++;
              controller.enqueue(new Uint8Array(16_384));
            },
          }),
          { headers: { "content-type": "text/event-stream" } },
        ),
      )
    );
    const client = open();
    client.stop();
    await client.send(GET);
    await settled();
    const before = pulled;
    expect(before).toBeGreaterThan(4);
    await settled();
    expect(pulled).toBe(before);
    client.close();
    await client.served;
  });

  test("has its bounds for requests that expect what nobody does", async () => {
    const { open } = testServer(mirror);
    const client = open();
    const expecting = GET.replace("\r\n\r\n", "\r\nExpect: x\r\n\r\n");
    await client.send(expecting.repeat(3)).catch(() => {});
    await client.served;
    expect(client.text).toMatch(/^HTTP\/1\.1 417 [^]*connection: close/i);
    expect(client.text.match(/HTTP\/1\.1 \d{3} /g)).toHaveLength(1);
  });

  test("tells a handler that its client has gone, and leaves nothing", async () => {
    const aborted = Promise.withResolvers<void>();
    const { open, sessions, held } = testServer(async (request) => {
      await request.arrayBuffer();
      request.signal.addEventListener("abort", () => aborted.resolve());
      return await new Promise<Response>(() => {});
    });
    const client = open();
    await client.send(post(3, "abc"));
    await settled();
    expect(held.bytes).toBe(3);
    client.close();
    await aborted.promise;
    await client.served;
    expect(sessions()).toBe(0);
    expect(held.bytes).toBe(0);
  });

  test("gives back what it held of a request when a stream begins to answer it", async () => {
    const { open, held } = testServer(async (request) => {
      await request.arrayBuffer();
      return new Response(new ReadableStream(), { headers: { "content-type": "text/event-stream" } });
    });
    const client = open();
    await client.send(post(3, "abc"));
    await client.until(/event-stream/);
    expect(held.bytes).toBe(0);
    client.close();
    await client.served;
  });

  test("cancels a streamed answer when its client goes", async () => {
    const cancel = vi.fn();
    const { open } = testServer(() =>
      Promise.resolve(
        new Response(new ReadableStream({ cancel }), { headers: { "content-type": "text/event-stream" } }),
      )
    );
    const client = open();
    await client.send(GET);
    await client.until(/event-stream/);
    client.close();
    await client.served;
    await vi.waitFor(() => expect(cancel).toHaveBeenCalled());
  });

  test("says no length of a body that HEAD doesn't get", async () => {
    const { open } = testServer(() => Promise.resolve(new Response(null, { headers: { etag: '"x"' } })));
    const client = open();
    await client.send(GET.replace("GET", "HEAD"));
    await client.until(/\r\n\r\n$/);
    expect(client.text).toMatch(/^HTTP\/1\.1 200 [^]*etag: "x"/);
    expect(client.text).not.toMatch(/content-length|transfer-encoding/i);
    client.text = "";
    await client.send(GET);
    await client.until(/content-length: 0[^]*\r\n\r\n$/i);
    client.close();
  });

  test("hides why a handler failed, and goes on", async () => {
    const { open, failures } = testServer(() => Promise.reject(new Error("secret")));
    const client = open();
    await client.send(GET);
    await client.until(/"details":\[\]}$/);
    expect(client.text).toMatch(/^HTTP\/1\.1 500 /);
    expect(client.text).not.toContain("secret");
    expect(failures).toHaveLength(1);
    client.close();
  });
});

describe("what could be read in two ways", () => {
  const cases: Record<string, string> = {
    "a length and chunks":
      "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "a length with a sign": "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\nabc",
    "an unknown transfer coding":
      "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked not last":
      "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "lines without CR": "GET /a HTTP/1.1\nHost: x\n\n",
    "a space before the colon": "GET /a HTTP/1.1\r\nHost : x\r\n\r\n",
    "a folded header": "GET /a HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
    "two hosts": "GET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "no host": "GET /a HTTP/1.1\r\n\r\n",
    "a host with a path": "GET /a HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "a host with an impossible port": "GET /a HTTP/1.1\r\nHost: a:99999\r\n\r\n",
    "a host of five numbers": "GET /a HTTP/1.1\r\nHost: 1.2.3.4.5\r\n\r\n",
    "an address that is none": "GET /a HTTP/1.1\r\nHost: 256.1.1.1\r\n\r\n",
    "another host in its target": "GET http://b/a HTTP/1.1\r\nHost: a\r\n\r\n",
    "a target with dots": "GET /v1/../a HTTP/1.1\r\nHost: a\r\n\r\n",
    "a target without a slash": "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    "HTTP/1.0 with chunks": "POST /a HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "HTTP/0.9": "GET /a\r\n\r\n",
    "HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "a tunnel": "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n",
  };

  test.each(Object.entries(cases))("is refused: %s", async (_name, request) => {
    const fetch = vi.fn(mirror);
    const { open, failures } = testServer(fetch);
    const client = open();
    await client.send(`${request}GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n`).catch(() => {});
    await client.served;
    expect(fetch).not.toHaveBeenCalled();
    expect((client.text.match(/HTTP\/1\.1 \d{3} /g) ?? []).length).toBeLessThanOrEqual(1);
    expect(failures).toEqual([]);
  });

  test.each([
    ["a bad chunk", "3\r\nabcX\r\n0\r\n\r\n"],
    ["a chunk's length that overflows", "fffffffffffffffff\r\nabc\r\n0\r\n\r\n"],
    ["a chunk's line without CR", "3\nabc\n0\n\n"],
  ])("ends the connection inside a body: %s", async (_name, chunks) => {
    const { open, sessions } = testServer(mirror);
    const client = open();
    await client.send(`POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}${GET}`)
      .catch(() => {});
    await client.served;
    expect(client.text).not.toContain(" 200 ");
    expect(sessions()).toBe(0);
  });

  test.each([
    "Connection: Upgrade\r\nUpgrade: websocket",
    // As curl --http2 and Java's HttpClient ask for HTTP/2.
    "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__",
    "Content-Length: 0\r\nConnection: upgrade\r\nUpgrade: h2c",
  ])("an upgrade is answered in HTTP/1.1, as is what follows: %j", async (headers) => {
    const { open } = testServer(mirror);
    const client = open();
    await client.send(`GET /a HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n`);
    await client.until(/"body":""}$/);
    expect(client.text).toMatch(/^HTTP\/1\.1 200 /);
    client.text = "";
    await client.send(post(3, "abc"));
    await client.until(/^HTTP\/1\.1 200 [^]*"body":"abc"}$/);
    client.close();
  });
});

describe("sizes", () => {
  test.each([
    ["a long header", `GET /a HTTP/1.1\r\nHost: x\r\nA: ${"b".repeat(17_000)}\r\n\r\n`],
    ["a long target", `GET /${"a".repeat(17_000)} HTTP/1.1\r\nHost: x\r\n\r\n`],
    ["many headers", `GET /a HTTP/1.1\r\nHost: x\r\n${"a: b\r\n".repeat(200)}\r\n`],
  ])("of a head are bounded: %s", async (_name, request) => {
    const { open } = testServer(mirror);
    const client = open();
    await client.send(request).catch(() => {});
    await client.served;
    expect(client.text).toMatch(/^HTTP\/1\.1 431 /);
  });

  test("of a body are bounded before it is asked for", async () => {
    const { open } = testServer(mirror, { bodyBytes: 1000 });
    const client = open();
    await client.send("POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1001\r\n\r\n");
    await client.served;
    expect(client.text).toMatch(/^HTTP\/1\.1 429 [^]*larger than 1000 bytes/);
  });

  test("a client that waits for leave to send gets it", async () => {
    const { open } = testServer(mirror);
    const client = open();
    await client.send("POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    await client.until(/100 Continue/);
    await client.send("abc");
    await client.until(/"body":"abc"}$/);
    client.close();
  });

  test("of a chunked body are bounded as it comes", async () => {
    const { open } = testServer(mirror, { bodyBytes: 1000 });
    const client = open();
    const chunk = `200\r\n${"x".repeat(512)}\r\n`;
    await client.send(`POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}${chunk}`);
    await client.served;
    expect(client.text).toMatch(/^HTTP\/1\.1 429 /);
  });

  test("of chunks' extensions are bounded", async () => {
    const { open } = testServer(mirror, { bodyBytes: 1000, headerBytes: 4096 });
    const client = open();
    await client.send("POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (let i = 0; i < 100; i++) await client.send(`1;${"e".repeat(200)}\r\nx\r\n`).catch(() => {});
    await client.served;
    expect(client.text).not.toContain(" 200 ");
  });

  test("of all bodies together are bounded", async () => {
    const { open, held } = testServer(mirror, { bodyBytes: 1024 * 1024 });
    held.bytes = MAX_HELD_BYTES;
    const client = open();
    await client.send(post(HELD_FREE_BYTES + 1, "x".repeat(HELD_FREE_BYTES + 1))).catch(() => {});
    await client.until(/429[^]*too many unfinished requests/);
    const small = open();
    await small.send(post(3, "abc"));
    await small.until(/"body":"abc"}$/);
    small.close();
    client.close();
  });

  test("an unread body doesn't become the next request", async () => {
    const { open } = testServer(() => Promise.resolve(new Response("no", { status: 404 })));
    const client = open();
    await client.send(post(1000, GET));
    await client.served;
    expect(client.text.match(/HTTP\/1\.1 \d{3} /g)).toHaveLength(1);
    expect(client.text).toMatch(/connection: close/i);
  });
});

describe("times", () => {
  const clock = () => new VirtualClock();

  test("a head has its time, and is told when it is over", async () => {
    const time = clock();
    const { open, limits } = testServer(mirror, {}, { clock: time });
    const client = open();
    const silent = open();
    await client.send("GET /a HTTP/1.1\r\nHos");
    await settled();
    time.advance(9_000);
    await client.send("t: x");
    await settled();
    time.advance(2_000);
    await silent.served;
    await client.served;
    expect(client.text).toMatch(/^HTTP\/1\.1 408 /);
    expect(silent.text).toBe("");
    expect(limits).toEqual(["http_head_too_slow", "http_head_too_slow"]);
  });

  test("a body must come on", async () => {
    const time = clock();
    const { open } = testServer(mirror, {}, { clock: time });
    const client = open();
    await client.send(post(50_000, "abc"));
    for (let i = 0; i < 70; i++) {
      await client.send("x").catch(() => {});
      await settled();
      time.advance(1_000);
    }
    await client.served;
    expect(client.text).toBe("");
  });

  test("an answer must be taken", async () => {
    const time = clock();
    const { open, sessions } = testServer(() => Promise.resolve(new Response("x".repeat(2_000_000))), {}, {
      clock: time,
    });
    const client = open();
    client.stop();
    await client.send(GET);
    await settled();
    for (let i = 0; i < 125; i++) time.advance(1_000);
    await client.served;
    expect(sessions()).toBe(0);
  });

  test("an idle connection goes, one that waits for its answer doesn't", async () => {
    const time = clock();
    const answer = Promise.withResolvers<Response>();
    const { open } = testServer(
      (request) => request.url.endsWith("/slow") ? answer.promise : Promise.resolve(new Response("x")),
      {},
      { clock: time },
    );
    const idle = open();
    const waiting = open();
    await idle.send(GET);
    await waiting.send(GET.replace("/a", "/slow"));
    await idle.until(/x$/);
    await settled();
    for (let ms = 0; ms <= IDLE_TIMEOUT_MS; ms += 1_000) time.advance(1_000);
    await idle.served;
    answer.resolve(new Response("late"));
    await waiting.until(/late$/);
    waiting.close();
  });

  test("a connection that is too old goes with its answer", async () => {
    const time = clock();
    const { open } = testServer(mirror, { maxAgeMs: 5_000 }, { clock: time });
    const client = open();
    await client.send(GET);
    await client.until(/"body":""}$/);
    for (let i = 0; i < 6; i++) time.advance(1_000);
    await client.served;
  });
});

describe("the server", () => {
  test("lets answers finish when it stops, and cuts them after the grace", async () => {
    const answer = Promise.withResolvers<Response>();
    const { open, server } = testServer((request) =>
      request.url.endsWith("/never") ? new Promise(() => {}) : answer.promise
    );
    const good = open();
    const stuck = open();
    const idle = open();
    await good.send(GET);
    await stuck.send(GET.replace("/a", "/never"));
    await settled();
    const stopped = server.shutdown(1_000);
    const late = open();
    await late.served;
    expect(late.text).toMatch(/^HTTP\/1\.1 503 /);
    answer.resolve(new Response("done"));
    await good.until(/connection: close[^]*done$/i);
    await stopped;
    await Promise.all([stuck.served, idle.served]);
    expect(server.connectionCount).toBe(0);
  });

  test("answers a request whose head was under way when it stopped", async () => {
    const { open, server } = testServer(mirror);
    const client = open();
    await client.send(GET.slice(0, 20));
    await settled();
    const stopped = server.shutdown(2_000);
    await client.send(GET.slice(20));
    await client.until(/^HTTP\/1\.1 200 [^]*connection: close[^]*"body":""}$/i);
    client.close();
    await stopped;
  });

  test("tells a client that there is no place", async () => {
    const refused = vi.fn();
    const { open } = testServer(mirror, {}, { takePlace: () => undefined, refused });
    const client = open();
    await client.send(GET).catch(() => {});
    await client.served;
    expect(client.text).toMatch(/^HTTP\/1\.1 503 [^]*"code":14/);
    expect(refused).toHaveBeenCalledOnce();
  });
});

// Connections themselves as the attack: floods of new ones, other protocols, more than the caps allow.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ErrorCode } from "../../src/http2/mod.ts";
import { concat, framesIn, goawayIn, PREFACE, readUntilClose } from "../lib/raw_http2.ts";
import { type Serving, startServe } from "../lib/serve.ts";
import { connect, writeAll } from "./attack.ts";
import { Arena } from "./beside.ts";
import { expectGoodCallsBeside } from "./bounds.ts";
import { OPENINGS } from "./openings.ts";
import { call, hello } from "./pieces.ts";

/** How long a refused peer waits for its answer. */
const ANSWER_MS = 5_000;

describe("beside a good client", () => {
  let arena: Arena;
  beforeAll(async () => {
    arena = await Arena.start();
  }, 120_000);
  afterAll(() => arena.stop());

  test.each(OPENINGS)("$name is answered and closed", async ({ bytes, answer }) => {
    const told = await expectGoodCallsBeside(arena, async () => {
      const conn = await connect(arena.serving.hostPort);
      await writeAll(conn, bytes);
      const read = await readUntilClose(conn, ANSWER_MS);
      conn.close();
      return read;
    });
    for (const { bytes, closed } of told) {
      expect(closed).toBe(true);
      expect(String.fromCharCode(...bytes)).toMatch(answer);
    }
  }, 20_000);

  test.each([
    ["at once", new Uint8Array()],
    ["after the preface", concat(PREFACE, hello())],
    ["in the middle of a call", concat(PREFACE, hello(), call(0).subarray(0, 20))],
  ])("connections that are closed %s, as fast as one peer can", async (_, bytes) => {
    await expectGoodCallsBeside(arena, async () => {
      const conn = await connect(arena.serving.hostPort);
      await writeAll(conn, bytes);
      conn.close();
    }, 1);
  }, 20_000);
});

describe("connection caps", () => {
  const PER_PEER = 20;
  const ALL = 30;
  let serving: Serving;
  beforeAll(async () => {
    serving = await startServe(
      `[limits]\nmax_connections = ${ALL}\nmax_connections_per_peer = ${PER_PEER}\n`,
    );
  }, 120_000);
  afterAll(() => serving.stop());

  const open: Deno.Conn[] = [];
  afterAll(() => open.forEach((conn) => conn.close()));

  /** Opens one; what it was told. */
  async function opened(transport: "tcp" | "unix"): Promise<{ code: number; debug: string } | "served"> {
    const conn = transport === "tcp"
      ? await connect(serving.hostPort)
      : await Deno.connect({ transport, path: serving.unix.replace("unix://", "") });
    open.push(conn);
    await writeAll(conn, concat(PREFACE, hello(), call(0)));
    // Its answer, or its refusal.
    const buffer = new Uint8Array(65_536);
    let bytes = new Uint8Array();
    while (true) {
      const goaway = goawayIn(bytes);
      if (goaway) return goaway;
      if ([...framesIn(bytes)].some(({ stream }) => stream === 1)) return "served";
      const count = await conn.read(buffer);
      if (count === null) throw new Error("closed without a word");
      bytes = concat(bytes, buffer.subarray(0, count));
    }
  }

  test("one peer gets its share, others still get theirs, and all get no more than there are", async () => {
    for (let i = 0; i < PER_PEER; i++) expect(await opened("tcp")).toBe("served");
    expect(await opened("tcp")).toEqual({
      code: ErrorCode.ENHANCE_YOUR_CALM,
      debug: "too_many_connections_of_peer",
    });
    for (let i = PER_PEER; i < ALL; i++) expect(await opened("unix")).toBe("served");
    expect(await opened("unix")).toEqual({
      code: ErrorCode.ENHANCE_YOUR_CALM,
      debug: "too_many_connections",
    });
  });

  test("a place that is left is free again", async () => {
    open.shift()?.close();
    await expect.poll(() => opened("tcp"), { timeout: 5_000 }).toBe("served");
  });
});

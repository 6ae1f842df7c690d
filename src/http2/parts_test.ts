import { describe, expect, it } from "vitest";
import { Closed, ClosedStreams } from "./closed_streams.ts";
import { Floods } from "./floods.ts";
import { ReceiveWindow } from "./flow.ts";
import { latin1, latin1Name, writeLatin1 } from "./latin1.ts";
import { CLOSED_STREAM_MEMORY } from "./limits.ts";
import { DynamicTable } from "./hpack_table.ts";
import { STATIC_NAME_INDEX, staticIndex } from "./static_table.ts";
import { TokenBucket } from "./token_bucket.ts";
import { PeerSettings } from "./settings.ts";

describe("a token bucket", () => {
  it("gives its burst at once, then its rate", () => {
    const bucket = new TokenBucket(3, 10, 0);
    expect([1, 2, 3, 4].map(() => bucket.take(1, 0))).toEqual([true, true, true, false]);
    expect(bucket.take(1, 99)).toBe(false);
    expect(bucket.take(1, 200)).toBe(true);
  });

  it("never holds more than its burst, and no clock that goes back empties it", () => {
    const bucket = new TokenBucket(2, 1_000, 1_000);
    bucket.give(50);
    expect([bucket.take(2, 500), bucket.take(1, 400)]).toEqual([true, false]);
  });
});

describe("the flood limits", () => {
  it("forgive tiny DATA for useful DATA, and WINDOW_UPDATE for DATA that was sent", () => {
    const floods = new Floods(0);
    for (let i = 0; i < 100; i++) expect(floods.data(0, false, 0)).toBe("");
    expect(floods.data(0, false, 0)).toBe("too_many_tiny_data_frames");
    expect(floods.data(256, false, 0)).toBe("");
    expect(floods.data(1, false, 0)).toBe("");
    expect(floods.data(0, true, 0)).toBe("");
    for (let i = 0; i < 1_000; i++) expect(floods.windowUpdate(0, 0)).toBe("");
    expect(floods.windowUpdate(0, 0)).toBe("too_many_window_updates");
    expect(floods.windowUpdate(1, 0)).toBe("");
  });
});

describe("a receive window", () => {
  it("is announced again in halves, and is overdrawn by one byte", () => {
    const window = new ReceiveWindow(100);
    expect(window.receive(100)).toBe(true);
    expect([window.consume(49), window.consume(1), window.consume(50)]).toEqual([0, 50, 50]);
    expect(window.receive(100)).toBe(true);
    expect(window.receive(1)).toBe(false);
  });
});

describe("the memory of closed streams", () => {
  it("knows the last ones, tells skipped from forgotten, and does not grow", () => {
    const memory = new ClosedStreams();
    for (let id = 1; id < 10_000; id += 2) if (id !== 9_001) memory.remember(id, Closed.ENDED);
    expect(memory.recall(9_999 - 2 * (CLOSED_STREAM_MEMORY - 1), 9_999)).toBe(Closed.ENDED);
    expect(memory.recall(9_001, 9_999)).toBe(Closed.NEVER);
    expect(memory.recall(1, 9_999)).toBe(Closed.FORGOTTEN);
  });

  it("keeps the newer of two streams when the older one, which lived long, ends after it", () => {
    const memory = new ClosedStreams();
    const newer = 1 + 2 * CLOSED_STREAM_MEMORY;
    memory.remember(newer, Closed.RESET_BY_US);
    memory.remember(1, Closed.ENDED);
    expect(memory.recall(newer, newer + 2)).toBe(Closed.RESET_BY_US);
    expect(memory.recall(1, newer + 2)).toBe(Closed.FORGOTTEN);
  });
});

describe("latin1", () => {
  it("is one character a byte, for names and for long values", () => {
    const bytes = Uint8Array.from({ length: 3_000 }, (_, i) => i);
    const text = latin1(bytes, 0, bytes.length);
    expect([text.length, text.charCodeAt(0x85), text.charCodeAt(2_999)]).toEqual([3_000, 0x85, 2_999 & 0xff]);
    const back = new Uint8Array(3_000);
    expect(writeLatin1(text, back, 0)).toBe(3_000);
    expect(back).toEqual(bytes);
    for (let round = 0; round < 2; round++) {
      expect(latin1Name(bytes, 97, 123)).toBe("abcdefghijklmnopqrstuvwxyz");
    }
  });
});

describe("the HPACK tables", () => {
  it("have the RFC's indexes", () => {
    expect(STATIC_NAME_INDEX.get(":status")).toBe(8);
    expect(staticIndex(8, "500")).toBe(14);
    expect(staticIndex(8, "201")).toBe(0);
    expect(STATIC_NAME_INDEX.get("www-authenticate")).toBe(61);
  });

  it("evict the oldest, and an entry that is too large empties the dynamic one", () => {
    const table = new DynamicTable(100);
    table.insert("a", "1");
    table.insert("b", "2");
    table.insert("c", "3");
    expect([table.count, table.name(0), table.name(1), table.sizeBytes]).toEqual([2, "c", "b", 68]);
    expect(table.insert("d", "x".repeat(100))).toBe(false);
    expect([table.count, table.sizeBytes]).toEqual([0, 0]);
  });
});

describe("SETTINGS", () => {
  it.each([
    ["ENABLE_PUSH 2", [0, 2, 0, 0, 0, 2], 1],
    ["INITIAL_WINDOW_SIZE 2^31", [0, 4, 0x80, 0, 0, 0], 3],
    ["MAX_FRAME_SIZE 16383", [0, 5, 0, 0, 0x3f, 0xff], 1],
    ["an unknown one", [0x77, 0x77, 1, 2, 3, 4], 0],
  ])("with %s give the RFC's error", (_name, bytes, code) => {
    expect(new PeerSettings().apply(Uint8Array.from(bytes), 0, 6, false)).toBe(code);
  });
});

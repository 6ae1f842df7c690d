// The same services on grpc-js's server and on ours, called through grpc-js's channel and through ours:
// what the caller sees must be equal.
import { Buffer } from "node:buffer";
import { Metadata } from "@grpc/grpc-js";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Engines, MAX_MESSAGE_BYTES, startEngines } from "./engines.ts";
import { type CallPlan, type Kind, type Outcome, run } from "./outcome.ts";
import { metadataOf, pattern, type Script } from "./service.ts";

/** A handler hears of the end after the caller does, on a busy machine much later. */
const TOLD = { timeout: 5_000, interval: 10 };

let engines: Engines;
beforeAll(async () => {
  engines = await startEngines();
});
afterAll(() => engines.stop());

const script = (value: Script) => Buffer.from(JSON.stringify(value));
const withScript = (value: Script) => metadataOf([["x-script", JSON.stringify(value)]]);

function plan(kind: Kind, requests: Buffer[], more: Partial<CallPlan> = {}): CallPlan {
  return { kind, requests, metadata: new Metadata(), ...more };
}

/** Runs the plan on every pair. `blur` takes out what may differ, and says so where it is called. */
async function compare(
  make: () => CallPlan,
  blur: (outcome: Outcome) => unknown = (one) => one,
): Promise<Outcome> {
  const expected = withoutTextOfOk(await run(engines.reference.client, make()));
  for (const { name, client } of engines.others) {
    const outcome = withoutTextOfOk(await run(client, make()));
    expect({ pair: name, ...Object(blur(outcome)) }).toEqual({ pair: name, ...Object(blur(expected)) });
  }
  return expected;
}

/** grpc-js's server gives OK the text "OK"; ours gives it none, as a grpc-message is an error's (connectconformance). */
const withoutTextOfOk = (one: Outcome): Outcome => one.code === "OK" ? { ...one, details: "" } : one;

/** How many messages arrive before an error is a race in grpc-js's client, which drops unread ones. */
const withoutMessages = ({ messages: _, events, ...rest }: Outcome) => ({
  ...rest,
  events: events.filter((one) => one !== "message"),
});

/** grpc-js tells of response headers that were on the way even after the status; ours never. */
const withoutLateMetadata = ({ events, ...rest }: Outcome) => ({
  ...rest,
  events: events.filter((one, i) => one !== "metadata" || i < events.indexOf("status")),
});

/** Texts that each engine words for itself. */
const withoutDetails = ({ details: _, ...rest }: Outcome) => rest;

describe("unary", () => {
  it("returns the message and OK", async () => {
    const outcome = await compare(() => plan("Unary", [Buffer.from("hello")]));
    expect(outcome.code).toBe("OK");
    expect(outcome.messages).toHaveLength(1);
  });

  it("carries an empty message both ways", async () => {
    const outcome = await compare(() => plan("Unary", [Buffer.alloc(0)]));
    expect(outcome.messages).toEqual([expect.stringMatching(/^0:/)]);
  });

  it("carries 3 MiB both ways", async () => {
    const outcome = await compare(() => plan("Unary", [pattern(3 * 1024 * 1024)]));
    expect(outcome.code).toBe("OK");
  });

  it("refuses a response above the caller's limit", async () => {
    const outcome = await compare(() => plan("Unary", [script({ size: MAX_MESSAGE_BYTES + 1 })]));
    expect(outcome.code).toBe("RESOURCE_EXHAUSTED");
  });

  it("refuses a request above the server's limit", async () => {
    const outcome = await compare(() => plan("Unary", [pattern(MAX_MESSAGE_BYTES + 1)]));
    expect(outcome.code).toBe("RESOURCE_EXHAUSTED");
    expect(outcome.details).toContain(String(MAX_MESSAGE_BYTES));
  });

  it("gives every status code with its details", async () => {
    for (let code = 1; code <= 16; code++) {
      await compare(() => plan("Unary", [script({ code, details: `code ${code}` })]));
    }
  });

  it("gives details with any characters, and binary status details", async () => {
    const details = "50% of \u00e9t\u00e9, \u4f60\u597d \ud83d\ude00\n\tend";
    const trailers: [string, string][] = [["grpc-status-details-bin", "0805120474657374"], [
      "x-why",
      "because",
    ]];
    const outcome = await compare(() => plan("Unary", [script({ code: 9, details, trailers })]));
    expect(outcome).toMatchObject({ code: "FAILED_PRECONDITION", details });
    expect(outcome.trailers["grpc-status-details-bin"]).toEqual(["0805120474657374"]);
  });

  it("carries metadata both ways, ASCII and binary, repeated and empty", async () => {
    const metadata = () =>
      metadataOf([["x-a", "1"], ["x-a", "2"], ["x-e", ""], ["x-b-bin", "00ff10"], ["x-b-bin", "aa"], [
        "x-c-bin",
        "",
      ]]);
    const trailers: [string, string][] = [["t-one", "1"], ["t-two-bin", "0102"], ["t-two-bin", "0304"]];
    const outcome = await compare(() =>
      plan("Unary", [script({ reflect: "r-", trailers })], { metadata: metadata() })
    );
    expect(outcome.initial["r-x-b-bin"]).toEqual(["00ff10", "aa"]);
    expect(outcome.trailers["t-two-bin"]).toEqual(["0102", "0304"]);
  });

  it("hides what a handler threw", async () => {
    const outcome = await compare(() => plan("Unary", [script({ throws: true })]));
    expect(outcome.code).toBe("UNKNOWN");
    expect(outcome.details).not.toContain("secret");
  });

  it("answers UNIMPLEMENTED for a method without handler", async () => {
    const outcome = await compare(() => plan("Missing", [Buffer.alloc(1)]));
    expect(outcome.code).toBe("UNIMPLEMENTED");
  });

  it("answers UNIMPLEMENTED for no request message and for two", async () => {
    for (const requests of [[], [Buffer.from("a"), Buffer.from("b")]]) {
      const outcome = await compare(() => plan("Unary", requests, { asStream: true }), withoutDetails);
      expect(outcome.code).toBe("UNIMPLEMENTED");
    }
  });
});

describe("server streaming", () => {
  it("gives all messages in order, then the trailers", async () => {
    const outcome = await compare(() =>
      plan("ServerStream", [script({ count: 200, size: 1000, trailers: [["x-end", "yes"]] })])
    );
    expect(outcome.messages).toHaveLength(200);
    expect(outcome.trailers["x-end"]).toEqual(["yes"]);
  });

  it("gives large messages under flow control", async () => {
    const outcome = await compare(() => plan("ServerStream", [script({ count: 8, size: 1024 * 1024 })]));
    expect(outcome.messages).toHaveLength(8);
  });

  it("gives no message and OK", async () => {
    await compare(() => plan("ServerStream", [script({ count: 0 })]));
  });

  it("gives an error without a message", async () => {
    const outcome = await compare(() =>
      plan("ServerStream", [script({ count: 0, code: 5, details: "gone" })])
    );
    expect(outcome).toMatchObject({ code: "NOT_FOUND", details: "gone" });
  });

  it("hides what a handler threw", async () => {
    await compare(() => plan("ServerStream", [script({ throws: true })]));
  });

  it("answers UNIMPLEMENTED for no request message", async () => {
    const outcome = await compare(() => plan("ServerStream", [], { asStream: true }), withoutDetails);
    expect(outcome.code).toBe("UNIMPLEMENTED");
  });
});

describe("client streaming", () => {
  it("collects all messages, the empty ones too", async () => {
    const requests = [1, 0, 70_000, 5, 0, 1_000_000].map((size, i) => pattern(size, i));
    const outcome = await compare(() => plan("ClientStream", requests));
    expect(outcome.code).toBe("OK");
  });

  it("takes no message at all", async () => {
    await compare(() => plan("ClientStream", []));
  });

  it("ends while the caller still sends", async () => {
    const metadata = () =>
      withScript({ failAfter: 2, code: 8, details: "enough", trailers: [["x-left", "3"]] });
    const requests = [1, 2, 3].map((size) => pattern(size));
    const outcome = await compare(() =>
      plan("ClientStream", requests, { metadata: metadata(), keepOpen: true })
    );
    expect(outcome).toMatchObject({ code: "RESOURCE_EXHAUSTED", details: "enough" });
  });
});

describe("bidirectional streaming", () => {
  it("echoes each message, then ends", async () => {
    const requests = Array.from({ length: 100 }, (_, i) => pattern(i * 37, i));
    const metadata = () => withScript({ trailers: [["x-done", "1"]], initial: [["x-hello", "2"]] });
    const outcome = await compare(() => plan("Bidi", requests, { metadata: metadata() }));
    expect(outcome.messages).toHaveLength(100);
    expect(outcome.initial["x-hello"]).toEqual(["2"]);
  });

  it("ends with an error of the handler's in the middle", async () => {
    const metadata = () => withScript({ failAfter: 1, code: 3, details: "bad" });
    const outcome = await compare(
      () => plan("Bidi", [Buffer.from("a")], { metadata: metadata(), keepOpen: true }),
      withoutMessages,
    );
    expect(outcome).toMatchObject({ code: "INVALID_ARGUMENT", details: "bad" });
  });
});

describe("deadlines and cancellation", () => {
  it("ends with DEADLINE_EXCEEDED and tells the handler", async () => {
    const before = { reference: engines.reference.seen.cancelled, ours: engines.others[0].seen.cancelled };
    for (const kind of ["Unary", "ServerStream"] as const) {
      const outcome = await compare(
        () => plan(kind, [script({ hang: true })], { deadlineMs: 80 }),
        withoutDetails,
      );
      expect(outcome.code).toBe("DEADLINE_EXCEEDED");
    }
    await expect.poll(() => engines.others[0].seen.cancelled - before.ours, TOLD).toBe(4);
    await expect.poll(() => engines.reference.seen.cancelled - before.reference, TOLD).toBe(4);
  });

  it("does not start a call whose deadline has passed", async () => {
    const outcome = await compare(
      () => plan("Unary", [script({ hang: true })], { deadlineMs: -5 }),
      withoutDetails,
    );
    expect(outcome.code).toBe("DEADLINE_EXCEEDED");
  });

  it("ends with CANCELLED when the caller cancels", async () => {
    for (const kind of ["Unary", "ServerStream", "ClientStream", "Bidi"] as const) {
      const outcome = await compare(
        () => plan(kind, [script({ hang: true })], { cancelAfter: 0 }),
        withoutLateMetadata,
      );
      expect(outcome.code).toBe("CANCELLED");
    }
  });

  it("ends with CANCELLED in the middle of a stream, and tells the handler", async () => {
    const before = engines.others[0].seen.cancelled;
    const outcome = await compare(
      () => plan("ServerStream", [script({ hang: true, count: 3 })], { cancelAfter: 2 }),
      withoutMessages,
    );
    expect(outcome.code).toBe("CANCELLED");
    await expect.poll(() => engines.others[0].seen.cancelled - before, TOLD).toBe(2);
  });
});

describe("random calls", () => {
  const seed = Number(Deno.env.get("FC_SEED") ?? 20_261_121);

  const name = fc.stringMatching(/^x-[a-z0-9_.-]{1,12}$/).filter((one) =>
    one !== "x-script" && !one.endsWith("-bin")
  );
  const ascii = fc.string({ unit: fc.constantFrom(..."abc XYZ019,;=%~!".split("")), maxLength: 20 })
    .map((one) => one.trim());
  const binary = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString("hex"));
  const entry = fc.oneof(
    fc.tuple(name, ascii),
    fc.tuple(name.map((one) => `${one}-bin`), binary),
  );
  const entries = fc.uniqueArray(entry, { maxLength: 5, selector: ([key]) => key });
  const ending = fc.record({
    code: fc.option(fc.integer({ min: 1, max: 16 }), { nil: undefined }),
    details: fc.string({ unit: "binary", maxLength: 60 }).filter((one) => one.isWellFormed()),
    trailers: entries,
    initial: entries,
    size: fc.integer({ min: 0, max: 5_000 }),
    count: fc.integer({ min: 0, max: 10 }),
  });
  const requests = fc.array(fc.integer({ min: 0, max: 40_000 }), { maxLength: 8 });

  it(`are equal everywhere (seed ${seed})`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom<Kind>("Unary", "ServerStream", "ClientStream", "Bidi"),
        ending,
        requests,
        entries,
        async (kind, asked, sizes, metadata) => {
          const streams = kind === "ClientStream" || kind === "Bidi";
          const failing = streams && asked.code !== undefined ? { ...asked, failAfter: 1 } : asked;
          const make = () => {
            const own = metadataOf(metadata);
            if (streams) own.set("x-script", JSON.stringify(failing).replace(/[^ -~]/g, escape));
            return plan(kind, streams ? sizes.map((size) => pattern(size)) : [script(asked)], {
              metadata: own,
            });
          };
          await compare(make, (one) => one.code === "OK" ? one : withoutMessages(one));
        },
      ),
      { seed, numRuns: 120 },
    );
  }, 60_000);
});

/** JSON's own escape: metadata is printable ASCII. */
function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

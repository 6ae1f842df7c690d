import { status } from "@grpc/grpc-js";
import Long from "long";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Clock } from "../grpc/clock.ts";
import { Algorithm, KeyKind, KeyState, type SignerSignBatchRequestInit, Transport } from "../proto/mod.ts";
import { FIRST_BACKOFF_MS, MAX_DATA_BYTES, MAX_PENDING_ITEMS } from "./limits.ts";
import type { Link, LinkEvents } from "./link.ts";
import { SIGNER } from "./methods.ts";
import type { OutgoingItem } from "./outbox.ts";
import { SignerError } from "./signer.ts";
import { SignerClient } from "./signer_client.ts";
import { signerThat } from "./testkit.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const key = (id: string, der: string) => ({
  id,
  kind: KeyKind.EC_P256,
  state: KeyState.ENABLED,
  revision: Long.UONE,
  labels: {},
  versions: [{ version: 1, public_key_der: bytes(der), created_at_ms: Long.ZERO }],
  created_at_ms: Long.ZERO,
  delete_at_ms: Long.ZERO,
  imported: false,
});
const result = (id: number | null = 0) => ({ id: id ?? 0, version: 1, queue_us: 0, sign_us: 0 });

/** A signer that does what the test says. */
class FakeSigner {
  /** Undefined: nobody there. */
  keys: ReturnType<typeof key>[] | undefined = [key("default-p256", "first")];
  readonly messages: OutgoingItem[][] = [];
  /** What the last message said beside its items. */
  last: SignerSignBatchRequestInit = {};
  onTold = (_known: unknown): void => {};
  events: LinkEvents | undefined;
  hasRoom = true;
  opened = 0;
  closed = 0;

  readonly open = (events: LinkEvents): Promise<Link> => {
    this.opened++;
    if (!this.keys) return Promise.reject(new Error("nobody answers"));
    this.events = events;
    const hasRoom = () => this.hasRoom;
    return Promise.resolve({
      calls: signerThat({ unary: (_method, request) => this.unary(request as { id: string }) }),
      get hasRoom() {
        return hasRoom();
      },
      send: (batch) => {
        this.last = batch;
        this.onTold(batch.clock_known);
        // One without items says only whether the time is known.
        if (batch.items?.length) this.messages.push(batch.items as OutgoingItem[]);
      },
      close: () => void this.closed++,
    });
  };

  /** GetKey. */
  // deno-lint-ignore no-explicit-any -- the method says which type it is
  unary(request: { id: string }): Promise<any> {
    const found = this.keys?.find(({ id }) => id === request.id);
    return found ? Promise.resolve(found) : Promise.reject(new SignerError(status.NOT_FOUND, "key: no such"));
  }

  /** Answers every item with its own data. */
  answer(): void {
    const results = this.messages.splice(0).flat().map(({ id, data }) => ({
      ...result(id),
      signature: data,
    }));
    this.events?.onResults(results);
  }
}

/** Time that passes when the test says so. */
class ManualClock implements Clock {
  #nowMs = 0;
  readonly #timers = new Set<{ atMs: number; run: () => void }>();

  nowMs = () => this.#nowMs;
  epochMs = () => this.#nowMs;

  startTimer(delayMs: number, run: () => void) {
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs), run };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  /** Each timer at its own time, with what follows from it. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.#nowMs + byMs;
    while (true) {
      await turn();
      const due = [...this.#timers].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (!due) break;
      this.#timers.delete(due);
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.run();
    }
    this.#nowMs = untilMs;
  }
}

let clock: ManualClock;
let fake: FakeSigner;
let client: SignerClient;

beforeEach(() => {
  clock = new ManualClock();
  fake = new FakeSigner();
});

afterEach(() => client.close());

const somebody = { identity: "unix", transport: Transport.UNIX };
const job = (text: string) => ({
  key: "default-p256",
  algorithm: Algorithm.ECDSA_P256_SHA256,
  data: bytes(text),
  caller: somebody,
});
const sign = (text: string) => client.sign(job(text)).then(({ signature }) => signature);
/** The code that a call fails with, now or once it does. */
const failure = (call: Promise<unknown>) =>
  call.then(() => "no failure", (error: { code: status }) => status[error.code]);

async function connected(options = {}) {
  client = new SignerClient(fake.open, { clock, ...options });
  await turn();
}

test("what arrives in one turn crosses as one message, and results find their callers in any order", async () => {
  await connected();
  const calls = ["a", "b", "c"].map(sign);
  await turn();
  expect(fake.messages).toHaveLength(1);
  fake.messages[0].reverse();
  fake.answer();
  expect(await Promise.all(calls)).toEqual(["a", "b", "c"].map(bytes));
});

test("while the stream has no room, items gather for the next message", async () => {
  await connected();
  fake.hasRoom = false;
  const calls = [sign("a")];
  await turn();
  calls.push(sign("b"));
  await turn();
  expect(fake.messages).toEqual([]);
  fake.hasRoom = true;
  fake.events?.onRoom();
  await turn();
  expect(fake.messages.map((items) => items.length)).toEqual([2]);
  fake.answer();
  await Promise.all(calls);
});

test("a refused item fails by itself with the signer's status", async () => {
  await connected();
  const [bad, good] = [sign("a"), sign("b")];
  await turn();
  const [first] = fake.messages[0].splice(0, 1);
  const failure = { code: status.NOT_FOUND, message: "key: no such", reason: "", retry_after_ms: 0 };
  fake.events?.onResults([{ ...result(first.id), failure }]);
  fake.answer();
  await expect(bad).rejects.toMatchObject({ code: status.NOT_FOUND, message: "key: no such" });
  expect(await good).toEqual(bytes("b"));
});

test("calls made before the first signer is reached wait for it", async () => {
  client = new SignerClient(fake.open, { clock });
  const call = sign("a");
  const publicKey = client.publicKey("default-p256");
  await turn();
  await turn();
  fake.answer();
  expect(await call).toEqual(bytes("a"));
  expect(await publicKey).toEqual(bytes("first"));
});

test("when the signer dies, what is in flight gets UNAVAILABLE and later calls work", async () => {
  await connected();
  const healths: boolean[] = [];
  client.onHealth((healthy) => healths.push(healthy));
  const [lost, alsoLost] = [failure(sign("a")), failure(sign("b"))];
  await turn();
  fake.messages.length = 0;
  fake.events?.onEnd("killed");
  expect(await lost).toBe("UNAVAILABLE");
  expect(await alsoLost).toBe("UNAVAILABLE");
  const later = sign("c");
  await clock.advance(50);
  await turn();
  fake.answer();
  expect(await later).toEqual(bytes("c"));
  expect(healths).toEqual([false, true]);
});

test("while nobody is there calls fail at once, and work within half a second of its return", async () => {
  fake.keys = undefined;
  await connected();
  expect(client.healthy).toBe(false);
  expect(await failure(sign("a"))).toBe("UNAVAILABLE");
  expect(await failure(client.publicKey("default-p256"))).toBe("UNAVAILABLE");
  await clock.advance(60_000);
  expect(fake.opened).toBeLessThan(140);
  await expect(sign("a")).rejects.toThrow("nobody answers");
  fake.keys = [key("default-p256", "back")];
  await clock.advance(500);
  expect(client.healthy).toBe(true);
});

test("whoever waited for an attempt that fails hears why it did", async () => {
  fake.keys = undefined;
  client = new SignerClient(fake.open, { clock });
  await Promise.all([
    expect(sign("a")).rejects.toThrow("the signer is not there (nobody answers)"),
    expect(client.publicKey("default-p256")).rejects.toThrow("the signer is not there (nobody answers)"),
  ]);
});

test("a signer that dies as soon as it is reached is not asked without pause", async () => {
  await connected();
  for (let second = 0; second < 100; second++) {
    fake.events?.onEnd("died");
    await clock.advance(100);
  }
  expect(fake.opened).toBeLessThan(40);
});

test("public keys are kept while the signer is away and renewed when it is back", async () => {
  await connected();
  expect(await client.publicKey("default-p256")).toEqual(bytes("first"));
  fake.keys = undefined;
  fake.events?.onEnd("killed");
  await clock.advance(1_000);
  expect(await client.publicKey("default-p256")).toEqual(bytes("first"));
  fake.keys = [key("default-p256", "second")];
  await clock.advance(500);
  expect(await client.publicKey("default-p256")).toEqual(bytes("second"));
  expect(await failure(client.publicKey("other"))).toBe("NOT_FOUND");
});

test("an item that is not answered in time fails, and a silent signer is left for a new stream", async () => {
  await connected({ deadlineMs: 1_000 });
  const call = failure(sign("a"));
  await turn();
  await clock.advance(999);
  expect(fake.opened).toBe(1);
  await clock.advance(1);
  expect(await call).toBe("DEADLINE_EXCEEDED");
  await clock.advance(50);
  expect(fake.closed).toBe(1);
  expect(fake.opened).toBe(2);
});

test("one slow item does not cost the link that answers others", async () => {
  await connected({ deadlineMs: 1_000 });
  const slow = failure(sign("slow"));
  await turn();
  fake.messages.length = 0;
  await clock.advance(900);
  const quick = sign("quick");
  await turn();
  fake.answer();
  await quick;
  await clock.advance(100);
  expect(await slow).toBe("DEADLINE_EXCEEDED");
  expect(client.healthy).toBe(true);
});

test("too many items, or too large a one, are refused at once", async () => {
  await connected();
  fake.hasRoom = false;
  const calls = Array.from({ length: MAX_PENDING_ITEMS }, () => failure(sign("")));
  expect(await failure(sign(""))).toBe("RESOURCE_EXHAUSTED");
  const large = client.sign({ ...job(""), data: new Uint8Array(MAX_DATA_BYTES + 1) });
  expect(await failure(large)).toBe("INVALID_ARGUMENT");
  expect(await failure(client.sign({ ...job(""), key: "k".repeat(200) }))).toBe("INVALID_ARGUMENT");
  await client.close();
  expect(new Set(await Promise.all(calls))).toEqual(new Set(["UNAVAILABLE"]));
});

test("closing ends what is in flight and the link, and nothing works afterwards", async () => {
  await connected();
  const call = failure(sign("a"));
  await client.close();
  expect(await call).toBe("UNAVAILABLE");
  expect(await failure(sign("b"))).toBe("UNAVAILABLE");
  expect(fake.closed).toBe(1);
  await clock.advance(60_000);
  expect(fake.opened).toBe(1);
});

test("callers cross once a batch, with what is left of their time and whether the time is known", async () => {
  await connected();
  const other = { identity: "dns:ci.example", transport: Transport.TCP_TLS };
  const calls = [job("a"), { ...job("b"), caller: other, timeLeftMs: 20 }, job("c")].map((one) =>
    client.sign(one)
  );
  await turn();
  expect(fake.last.callers).toEqual([somebody, other]);
  expect(fake.messages[0].map(({ caller, timeout_ms }) => [caller, timeout_ms])).toEqual([
    [1, 5_000],
    [2, 20],
    [
      1,
      5_000,
    ],
  ]);
  expect(fake.last.clock_known).toBe(false);
  client.useClock({ known: true, onChange() {} });
  fake.answer();
  await Promise.all(calls);
  const later = client.sign(job("d"));
  await turn();
  expect(fake.last.clock_known).toBe(true);
  fake.answer();
  await later;
});

test("a signer hears whether the time is known when it is reached and when that changes, signatures or none", async () => {
  const told: unknown[] = [];
  fake.onTold = (known) => told.push(known);
  await connected();
  await turn();
  expect(told).toEqual([false]);
  const time = { known: false, changed: () => {}, onChange: (changed: () => void) => time.changed = changed };
  client.useClock(time);
  await turn();
  expect(told).toEqual([false]);
  time.known = true;
  time.changed();
  await turn();
  expect(told).toEqual([false, true]);
  fake.events?.onEnd("died");
  await clock.advance(FIRST_BACKOFF_MS);
  await turn();
  expect(told).toEqual([false, true, true]);
  expect(fake.messages).toEqual([]);
});

test("who heard that the queue is full hears it again without the way to the signer, and then asks again", async () => {
  await connected();
  const refused = failure(sign("a"));
  await turn();
  const failed = {
    code: status.RESOURCE_EXHAUSTED,
    message: "full",
    reason: "QUEUE_FULL",
    retry_after_ms: 80,
  };
  fake.events?.onResults(
    fake.messages.splice(0).flat().map(({ id }) => ({ ...result(id), failure: failed })),
  );
  expect(await refused).toBe("RESOURCE_EXHAUSTED");
  expect(await failure(sign("b"))).toBe("RESOURCE_EXHAUSTED");
  expect(fake.messages).toEqual([]);
  await clock.advance(10);
  const later = sign("c");
  await turn();
  fake.answer();
  expect(await later).toEqual(bytes("c"));
});

test("an item whose own time is over before there is room is not sent", async () => {
  await connected();
  fake.hasRoom = false;
  const late = failure(client.sign({ ...job("late"), timeLeftMs: 10 }));
  const good = sign("good");
  await clock.advance(10);
  fake.hasRoom = true;
  fake.events?.onRoom();
  await turn();
  expect(await late).toBe("DEADLINE_EXCEEDED");
  expect(fake.messages.map((items) => items.length)).toEqual([1]);
  fake.answer();
  await good;
});

test("a refusal keeps its reason and when to come again", async () => {
  await connected();
  const call = client.sign(job("a")).catch((error: unknown) => error);
  await turn();
  const failure = {
    code: status.RESOURCE_EXHAUSTED,
    message: "slow down",
    reason: "KEY_RATE",
    retry_after_ms: 250,
  };
  fake.events?.onResults([{ ...result(fake.messages[0][0].id), failure }]);
  expect(await call).toMatchObject({
    code: status.RESOURCE_EXHAUSTED,
    reason: "KEY_RATE",
    retryAfterMs: 250,
  });
});

test("calls beside the stream wait for the first signer, and fail while there is none", async () => {
  client = new SignerClient(fake.open, { clock });
  expect(await client.unary(SIGNER.getKey, { id: "default-p256" })).toMatchObject({ id: "default-p256" });
  fake.keys = undefined;
  fake.events?.onEnd("killed");
  await clock.advance(1_000);
  expect(await failure(client.unary(SIGNER.getKey, { id: "default-p256" }))).toBe("UNAVAILABLE");
});

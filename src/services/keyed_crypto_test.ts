// gatehouse.v1.Crypto with a signer that does what the test says: what is asserted to it, what is refused before it.
import { status } from "@grpc/grpc-js";
import { afterEach, expect, test } from "vitest";
import { outcome } from "../authority/authority_testkit.ts";
import { clientStream, GrpcError, unary } from "../grpc/client.ts";
import {
  Algorithm,
  EcdsaEncoding,
  methodAt,
  type SignBatchRequestInit,
  type SignBatchResponse,
  type SignRequestInit,
  type SignResponse,
  type SignStreamRequestInit,
  Transport,
  type VerifyRequestInit,
  type VerifyResponse,
} from "../proto/mod.ts";
import { type Signer, SignerError, type SignJob, type SignStreamJob } from "../signer/signer.ts";
import { signed } from "../signer/testkit.ts";
import { MAX_BATCH_ITEMS } from "./keyed_crypto.ts";
import { type KeyedServices, startKeyedServices, TLS_NAME } from "./keyed_testkit.ts";
import { reasonIn, retryAfterIn } from "./refusal.ts";

const at = <Q, R>(name: string) => methodAt<Q, R>(`/gatehouse.v1.Crypto/${name}`);
const Sign = at<SignRequestInit, SignResponse>("Sign");
const SignBatch = at<SignBatchRequestInit, SignBatchResponse>("SignBatch");
const SignStream = at<SignStreamRequestInit, SignResponse>("SignStream");
const Verify = at<VerifyRequestInit, VerifyResponse>("Verify");
const Random = at<{ bytes: number }, { data: Uint8Array }>("Random");

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (from: Uint8Array) => new TextDecoder().decode(from);
const request = (data = "x"): SignRequestInit => ({
  key: "release",
  algorithm: Algorithm.ECDSA_P256_SHA256,
  data: bytes(data),
});

let started: KeyedServices | undefined;
afterEach(() => started?.stop());

/** Keeps what it was asked, and echoes the data. */
async function startEchoing(does: Partial<Signer> = {}): Promise<SignJob[]> {
  const jobs: SignJob[] = [];
  started = await startKeyedServices({
    sign(job) {
      jobs.push({ ...job, data: Uint8Array.from(job.data ?? job.digest), digest: undefined });
      return Promise.resolve(signed(text(job.data ?? job.digest)));
    },
    ...does,
  });
  return jobs;
}

test("the signer hears who calls and how, and what is left of the call's time", async () => {
  const jobs = await startEchoing();
  const asked = { ...request(), version: 3, encoding: EcdsaEncoding.RAW };
  expect(text((await unary(started!.byUnix(), Sign, asked)).signature)).toBe("x");
  await unary(started!.byTls(["release"]), Sign, asked, { deadlineMs: 5_000 });
  expect(jobs[0]).toMatchObject({
    key: "release",
    version: 3,
    encoding: EcdsaEncoding.RAW,
    caller: { identity: "unix", transport: Transport.UNIX },
    timeLeftMs: undefined,
  });
  expect(jobs[1].caller).toEqual({ identity: TLS_NAME, transport: Transport.TCP_TLS });
  expect(jobs[1].timeLeftMs).toBeGreaterThan(3_000);
  expect(jobs[1].timeLeftMs).toBeLessThanOrEqual(5_000);
});

test("timings come when they are asked for, and not otherwise", async () => {
  await startEchoing();
  const channel = started!.byUnix();
  expect((await unary(channel, Sign, request())).timings ?? null).toBeNull();
  const { timings } = await unary(channel, Sign, { ...request(), timings: true });
  expect(timings).toMatchObject({ queue_us: 2, sign_us: 3 });
  expect(timings?.total_us).toBeGreaterThan(0);
});

test("a key that [access] doesn't give is refused as one that the signer doesn't have, in the same bytes", async () => {
  const absent = () =>
    Promise.reject(new SignerError(status.NOT_FOUND, "the signer's own words", "KEY_NOT_FOUND"));
  const hidden = () =>
    Promise.reject(new SignerError(status.PERMISSION_DENIED, "the signer's own words", "KEY_NOT_ALLOWED"));
  const told: unknown[] = [];
  for (const [sign, keys] of [[absent, ["other"]], [absent, ["release"]], [hidden, ["release"]]] as const) {
    started = await startKeyedServices({ sign, unary: sign });
    const channel = started.byTls([...keys]);
    for (const call of [unary(channel, Sign, request()), unary(channel, Verify, request())]) {
      const error = await call.catch((error: unknown) => error);
      if (!(error instanceof GrpcError)) throw error;
      told.push([error.code, error.details, error.metadata.toJSON()["grpc-status-details-bin"]]);
    }
    await started.stop();
  }
  started = undefined;
  expect(told).toHaveLength(6);
  for (const one of told) expect(one).toEqual(told[0]);
});

test("what the signer refuses comes with its reason and with when to come again", async () => {
  const refuse = () => Promise.reject(new SignerError(status.RESOURCE_EXHAUSTED, "wait", "KEY_RATE", 1_250));
  await startEchoing({ sign: refuse });
  const error = await unary(started!.byUnix(), Sign, request()).catch((error: unknown) => error);
  if (!(error instanceof GrpcError)) throw error;
  expect([error.code, error.details]).toEqual([status.RESOURCE_EXHAUSTED, "wait"]);
  expect([reasonIn(error.metadata), retryAfterIn(error.metadata)]).toEqual(["KEY_RATE", 1_250]);
});

test.each([
  ["no input", { data: undefined }, "INVALID_ARGUMENT"],
  ["a digest that is none", { data: undefined, digest: new Uint8Array(65) }, "INVALID_ARGUMENT"],
  ["empty data", { data: new Uint8Array() }, "OK"],
])("%s", async (_name, change, expected) => {
  const jobs = await startEchoing();
  const told = await outcome(unary(started!.byUnix(), Sign, { ...request(), ...change }));
  expect(told.split(" ")[0]).toBe(expected);
  expect(jobs.length).toBe(expected === "OK" ? 1 : 0);
});

test("each item of a batch has an outcome of its own, in their order, and all are asked for in one turn", async () => {
  const waiting: (() => void)[] = [];
  await startEchoing({
    sign({ data, key }) {
      const echo = signed(text(data ?? new Uint8Array()));
      return new Promise((resolve, reject) =>
        waiting.push(() =>
          key === "slow"
            ? reject(new SignerError(status.RESOURCE_EXHAUSTED, "wait", "KEY_RATE", 7))
            : resolve(echo)
        )
      );
    },
  });
  const items = [request("a"), { ...request(), key: "slow" }, { ...request(), key: "not mine" }, {
    ...request(),
    data: undefined,
  }, { ...request("b"), timings: true }];
  const call = unary(started!.byTls(["release", "slow"]), SignBatch, { items });
  await expect.poll(() => waiting.length).toBe(3);
  for (const settle of waiting.reverse()) settle();
  const { items: outcomes } = await call;
  expect(outcomes.map(({ signed, refused }) => signed ? text(signed.signature) : refused?.reason)).toEqual(
    ["a", "KEY_RATE", "KEY_NOT_ALLOWED", "", "b"],
  );
  expect(outcomes[1].refused).toMatchObject({
    code: status.RESOURCE_EXHAUSTED,
    message: "wait",
    retry_after_ms: 7,
  });
  expect(outcomes[3].refused).toMatchObject({ code: status.INVALID_ARGUMENT });
  expect(outcomes[4].signed?.timings?.total_us).toBeGreaterThan(0);
});

test("a batch has at most so many items, and may have none", async () => {
  await startEchoing();
  const channel = started!.byUnix();
  const most = Array.from({ length: MAX_BATCH_ITEMS }, (_, index) => request(`${index}`));
  expect((await unary(channel, SignBatch, { items: most })).items).toHaveLength(MAX_BATCH_ITEMS);
  expect((await unary(channel, SignBatch, {})).items).toEqual([]);
  const more = { items: [...most, request()] };
  expect(await outcome(unary(channel, SignBatch, more))).toMatch(/^INVALID_ARGUMENT/);
});

/** Collects what streams carry. */
async function startStreaming(): Promise<{ job: SignStreamJob; data: string; ended: boolean }[]> {
  const streams: { job: SignStreamJob; data: string; ended: boolean }[] = [];
  started = await startKeyedServices({
    async signStream(job, parts) {
      const stream = { job, data: "", ended: false };
      streams.push(stream);
      for await (const part of parts) stream.data += text(part);
      stream.ended = true;
      return signed(stream.data);
    },
  });
  return streams;
}

async function* messages(...of: SignStreamRequestInit[]): AsyncGenerator<SignStreamRequestInit, void, void> {
  for (const one of of) yield await Promise.resolve(one);
}

test("data in parts is signed as a whole, also none at all", async () => {
  const streams = await startStreaming();
  const start = { ...request(), data: undefined, timings: true };
  const channel = started!.byUnix();
  const parts = ["one ", "", "two"].map((part) => ({ data: bytes(part) }));
  const answer = await clientStream(channel, SignStream, messages({ start }, ...parts));
  expect(text(answer.signature)).toBe("one two");
  expect(answer.timings?.total_us).toBeGreaterThan(0);
  expect(text((await clientStream(channel, SignStream, messages({ start }))).signature)).toBe("");
  expect(streams[0].job).toMatchObject({ key: "release", caller: { identity: "unix" } });
});

const start = { ...request(), data: undefined };
test.each<[string, SignStreamRequestInit[], string]>([
  ["no message", [], "INVALID_ARGUMENT"],
  ["data first", [{ data: bytes("x") }], "INVALID_ARGUMENT"],
  ["data in the first message", [{ start: request() }], "INVALID_ARGUMENT"],
  ["a second start", [{ start }, { data: bytes("x") }, { start }], "INVALID_ARGUMENT"],
  ["Ed25519", [{ start: { ...start, algorithm: Algorithm.EDDSA_ED25519 } }], "INVALID_ARGUMENT"],
  [
    "a key that isn't the caller's",
    [{ start: { ...start, key: "other" } }],
    "PERMISSION_DENIED KEY_NOT_ALLOWED",
  ],
])("a stream with %s is refused, and nothing is signed", async (_name, sent, expected) => {
  const streams = await startStreaming();
  const told = await outcome(clientStream(started!.byTls(["release"]), SignStream, messages(...sent)));
  expect(told).toMatch(new RegExp(`^${expected}`));
  expect(streams.filter(({ ended }) => ended)).toEqual([]);
});

test("a caller who goes away in the middle of his data has nothing signed", async () => {
  const streams = await startStreaming();
  const leaving = new AbortController();
  const forever = async function* (): AsyncGenerator<SignStreamRequestInit, void, void> {
    yield { start };
    yield { data: bytes("half") };
    await new Promise<void>((resolve) => leaving.signal.addEventListener("abort", () => resolve()));
  };
  const call = outcome(clientStream(started!.byUnix(), SignStream, forever(), { signal: leaving.signal }));
  await expect.poll(() => streams[0]?.data).toBe("half");
  leaving.abort();
  expect(await call).toMatch(/^CANCELLED/);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(streams[0].ended).toBe(false);
});

test("a caller who loses the key while his data comes has nothing signed", async () => {
  const streams = await startStreaming();
  const { promise: taken, resolve: take } = Promise.withResolvers<void>();
  const slow = async function* (): AsyncGenerator<SignStreamRequestInit, void, void> {
    yield { start };
    yield { data: bytes("half") };
    await taken;
  };
  const call = outcome(clientStream(started!.byTls(["release"]), SignStream, slow()));
  await expect.poll(() => streams[0]?.data).toBe("half");
  started!.byTls(["other"]);
  take();
  expect(await call).toBe("PERMISSION_DENIED KEY_NOT_ALLOWED");
  expect(streams[0].ended).toBe(false);
});

test("random bytes are bounded", async () => {
  const given = { data: bytes("random") };
  await startEchoing({ unary: () => Promise.resolve(given as never) });
  const channel = started!.byUnix();
  expect(text((await unary(channel, Random, { bytes: 6 })).data)).toBe("random");
  expect(await outcome(unary(channel, Random, { bytes: 0 }))).toMatch(/^INVALID_ARGUMENT/);
  expect(await outcome(unary(channel, Random, { bytes: 65_537 }))).toMatch(/^INVALID_ARGUMENT/);
});

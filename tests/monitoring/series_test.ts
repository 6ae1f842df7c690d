// What a real agent tells, with a real signer and a real edge: every metric that a rule or the dashboard names is there.
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Channel } from "../../src/grpc/channel.ts";
import { unary } from "../../src/grpc/client.ts";
import {
  Algorithm,
  type EchoRequestInit,
  type EchoResponse,
  type GetMetricsRequestInit,
  type GetMetricsResponse,
  methodAt,
  type SignRequestInit,
  type SignResponse,
} from "../../src/proto/mod.ts";
import { mostSeriesInAll } from "../../src/telemetry/cardinality.ts";
import { CATALOGUE } from "../../src/telemetry/catalogue.ts";
import { parseAddress } from "../../src/transport/address.ts";
import { dialer } from "../../src/transport/dial.ts";
import { type Serving, startServe } from "../lib/serve.ts";
import { alertsText, dashboardText, metricsIn } from "./files.ts";

const Echo = methodAt<EchoRequestInit, EchoResponse>("/echo.EchoService/Echo");
const Sign = methodAt<SignRequestInit, SignResponse>("/gatehouse.v1.Crypto/Sign");
const GetMetrics = methodAt<GetMetricsRequestInit, GetMetricsResponse>("/gatehouse.v1.Status/GetMetrics");

let serving: Serving;
let tls: Channel;
let plain: Channel;

beforeAll(async () => {
  serving = await startServe("", { args: ["--tls"] });
  const [ca, cert, key] = (["ca", "cert", "key"] as const).map((name) =>
    readFileSync(serving.tlsFiles[name], "utf8")
  );
  tls = channelTo(serving.tls, { ca, cert, key });
  plain = channelTo(serving.tcp);
}, 90_000);

afterAll(async () => {
  tls?.close();
  plain?.close();
  await serving?.stop();
});

function channelTo(address: string, files?: { ca: string; cert: string; key: string }): Channel {
  return new Channel([{ address, dial: dialer(parseAddress(address), { tls: files }) }]);
}

async function scrape(): Promise<string> {
  const { text } = await unary(tls, GetMetrics, {}, { deadlineMs: 10_000 });
  return new TextDecoder().decode(text);
}

/** Names of what has a series, histograms by their own. */
const namesIn = (text: string) => [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);

/** Bytes that are neither HTTP/2 nor TLS, until the other side has had enough. */
function babble(address: string): Promise<void> {
  const { hostname, port } = new URL(address.replace(/^\w+:/, "http:"));
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => socket.write(new Uint8Array(64).fill(0xff)));
    socket.on("data", () => {});
    socket.on("error", () => {});
    socket.on("close", () => resolve());
  });
}

it("tells every metric that a rule or the dashboard names", async () => {
  const deadline = { deadlineMs: 10_000 };
  await unary(tls, Echo, { payload: "hello" }, deadline);
  const data = new Uint8Array(16);
  const algorithm = Algorithm.ECDSA_P256_SHA256;
  await unary(plain, Sign, { key: "default-p256", algorithm, data }, deadline);
  await expect(unary(plain, Sign, { key: "no-such-key", algorithm, data }, deadline)).rejects.toThrow();
  await expect(unary(plain, GetMetrics, {}, deadline)).rejects.toThrow("never served over this transport");
  const large = { payload: "x".repeat(5 * 1024 * 1024) };
  await expect(unary(plain, Echo, large, deadline)).rejects.toThrow();
  await Promise.all([babble(serving.tcp), babble(serving.tls)]);
  const named = [...new Set([...metricsIn(alertsText()), ...metricsIn(dashboardText())])];
  // The edge is asked once a second at most.
  await expect.poll(async () => {
    const there = namesIn(await scrape());
    return named.filter((name) => !there.includes(name));
  }, { timeout: 15_000, interval: 500 }).toEqual([]);
  const text = await scrape();
  expect(namesIn(text).filter((name) => !Object.hasOwn(CATALOGUE, name))).toEqual([]);
  expect(text).toContain('grpc_code="PERMISSION_DENIED",transport="tcp-plain"');
  expect(text).toContain(
    'grpc_service="echo.EchoService",grpc_method="Echo",grpc_code="OK",transport="tcp-tls"} 1\n',
  );
  expect(text).toMatch(/gatehouse_signer_sign_seconds_count\{algorithm="ECDSA_P256_SHA256"\} 1\n/);
}, 60_000);

it("makes no series of what a flood of callers names", async () => {
  const series = async () => (await scrape()).split("\n").filter((line) => /^[a-z]/.test(line)).length;
  const flood = async (name: string) => {
    const calls = Array.from({ length: 200 }, (_, at) => {
      const path = `/${name}.Service${at}/Method${at}`;
      return unary(at % 2 === 0 ? tls : plain, { ...Echo, path }, { payload: "" }, { deadlineMs: 10_000 });
    });
    const keys = Array.from({ length: 100 }, (_, at) => {
      const request = { key: `${name}-${at}`, algorithm: 1_000 + at, data: new Uint8Array(1) };
      return unary(plain, Sign, request, { deadlineMs: 10_000 });
    });
    await Promise.allSettled([...calls, ...keys]);
  };
  await flood("one");
  const before = await series();
  await flood("other");
  expect(await series()).toBe(before);
  expect(before).toBeLessThan(mostSeriesInAll());
}, 60_000);

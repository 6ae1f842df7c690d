// One Sign by TLS as a trace: the real edge, agent and signer, and a collector of the test's own that they tell.
// Must never pass with a double of any of the three.
import { Metadata } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Channel } from "../../src/grpc/channel.ts";
import { unary } from "../../src/grpc/client.ts";
import { Algorithm, methodAt, type SignRequestInit, type SignResponse } from "../../src/proto/mod.ts";
import { parseAddress } from "../../src/transport/address.ts";
import { dialer } from "../../src/transport/dial.ts";
import { type CollectedSpan, type Collector, startCollector } from "../lib/otlp_collector.ts";
import { type Serving, startServe } from "../lib/serve.ts";

const Sign = methodAt<SignRequestInit, SignResponse>("/gatehouse.v1.Crypto/Sign");
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER = "00f067aa0ba902b7";

let dir: string;
let collector: Collector;
let serving: Serving;
let channel: Channel;
beforeAll(async () => {
  dir = await Deno.makeTempDir({ prefix: "gatehouse-trace-" });
  collector = await startCollector(`unix://${dir}/otlp.sock`);
  const config = `[telemetry]\notlp = "${collector.address}"\nsample = 0.0\n`;
  serving = await startServe(config, { args: ["tls://127.0.0.1:0"] });
  const { ca, cert, key } = serving.tlsFiles;
  const [caText, certText, keyText] = await Promise.all(
    [ca, cert, key].map((file) => Deno.readTextFile(file)),
  );
  const dial = dialer(parseAddress(serving.tls), { tls: { ca: caText, cert: certText, key: keyText } });
  channel = new Channel([{ address: serving.tls, dial }]);
}, 120_000);
afterAll(async () => {
  channel?.close();
  await serving?.stop();
  await collector?.close();
  await Deno.remove(dir, { recursive: true });
});

function sign(traceparent?: string): Promise<SignResponse> {
  const metadata = new Metadata();
  if (traceparent !== undefined) metadata.set("traceparent", traceparent);
  const data = new TextEncoder().encode("traced");
  const request = { key: "default-p256", algorithm: Algorithm.ECDSA_P256_SHA256, data };
  return unary(channel, Sign, request, { metadata, deadlineMs: 20_000 });
}

const ofTrace = () => collector.spans.filter(({ traceId }) => traceId === TRACE);

test(
  "one Sign through the edge is one trace of edge, agent and signer, each in the time of the one before",
  async () => {
    await sign(`00-${TRACE}-${CALLER}-01`);
    const spans = await collector.until(() => ofTrace().length >= 5 ? ofTrace() : undefined, "five spans");
    const of = (service: string, name: string): CollectedSpan => {
      const found = spans.filter((span) => span.service === service && span.name === name);
      expect([service, name, found.length]).toEqual([service, name, 1]);
      return found[0];
    };
    const handshake = of("gatehouse-edge", "TLS handshake");
    const call = of("gatehouse-agent", "gatehouse.v1.Crypto/Sign");
    const asked = of("gatehouse-agent", "gatehouse.signer.v1.SignerService/Sign");
    const queue = of("gatehouse-signer", "queue");
    const signed = of("gatehouse-signer", "sign");
    expect(spans).toHaveLength(5);
    expect([handshake, call, asked, queue, signed].map(({ parentId }) => parentId)).toEqual([
      CALLER,
      handshake.spanId,
      call.spanId,
      asked.spanId,
      asked.spanId,
    ]);
    const times = [
      handshake.startNs,
      handshake.endNs,
      call.startNs,
      asked.startNs,
      queue.startNs,
      queue.endNs,
      signed.startNs,
      signed.endNs,
      asked.endNs,
      call.endNs,
    ];
    times.slice(1).forEach((time, i) => expect([i, time >= times[i]]).toEqual([i, true]));
    expect(handshake.endNs - handshake.startNs).toBeGreaterThan(0n);
    expect(signed.endNs - signed.startNs).toBeGreaterThan(0n);
    expect(handshake.attributes).toMatchObject({ "tls.protocol.version": "1.3" });
  },
  60_000,
);

test(
  "the next call of that connection has nothing of the edge, and one that nobody asks to trace has no span",
  async () => {
    const before = collector.spans.length;
    await sign();
    await sign(`00-${"7".repeat(32)}-${CALLER}-00`);
    await sign(`00-${TRACE}-${CALLER}-01`);
    await collector.until(() => ofTrace().length >= 9 || undefined, "four more spans");
    expect(collector.spans.length).toBe(before + 4);
    expect(collector.spans.filter(({ service }) => service === "gatehouse-edge")).toHaveLength(1);
  },
  60_000,
);

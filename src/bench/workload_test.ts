import { Buffer } from "node:buffer";
import { expect, test } from "vitest";
import {
  CryptoKeyType,
  CryptoSigningAlgorithm,
  type EchoRequestInit,
  serviceDefinition,
} from "../proto/mod.ts";
import { SERVICES } from "./options.ts";
import { workloadFor } from "./workload.ts";

const echo = serviceDefinition("echo.EchoService").Echo;
const sign = serviceDefinition("crypto.CryptoService").Sign;
const echoed = (bytes: Buffer) => echo.requestDeserialize(bytes) as unknown as { payload: string };

/** What the server would answer. */
const answer = (request: Buffer) =>
  echo.responseSerialize({ payload: echoed(request).payload, response_timestamp: 5 } as EchoRequestInit);

test("every call's data differs, over all processes and services", () => {
  for (const service of SERVICES) {
    const seen = new Set<string>();
    for (const index of [0, 1, 2]) {
      const workload = workloadFor(service, 18, index, 3);
      const [one, other] = [workload.request(), workload.request()];
      for (let i = 0; i < 1_000; i++) {
        const request = i % 2 === 0 ? one : other;
        workload.stamp(request);
        seen.add(request.toString("latin1"));
      }
    }
    expect(seen.size).toBe(3_000);
  }
});

test("requests are what they say, of the asked size", () => {
  for (const payloadBytes of [0, 1, 11, 18, 200, 70_000]) {
    const request = workloadFor("echo", payloadBytes, 0, 1).request();
    expect(echoed(request).payload.length).toBe(payloadBytes);
    const rsa = workloadFor("rsa_sign", payloadBytes, 0, 1);
    const toSign = rsa.request();
    rsa.stamp(toSign);
    const read = sign.requestDeserialize(toSign) as unknown as { data: Buffer };
    expect(read).toMatchObject({
      key_type: CryptoKeyType.RSA,
      algorithm: CryptoSigningAlgorithm.RSA_PKCS1_SHA256,
    });
    expect(read.data.length).toBe(payloadBytes);
  }
});

test("an answer with another payload is wrong, the right one is right whatever its fields' order", () => {
  for (const payloadBytes of [0, 1, 18, 300]) {
    const workload = workloadFor("echo", payloadBytes, 0, 1);
    const request = workload.request();
    workload.stamp(request);
    const right = answer(request);
    expect(workload.check(request, right)).toBeUndefined();
    // response_timestamp (field 3, a varint) first.
    expect(workload.check(request, Buffer.concat([right.subarray(-2), right.subarray(0, -2)])))
      .toBeUndefined();
    workload.stamp(request);
    workload.stamp(request);
    if (payloadBytes > 0) expect(workload.check(request, right)).toMatch(/changed/);
  }
  const workload = workloadFor("echo", 18, 0, 1);
  expect(workload.check(workload.request(), Buffer.alloc(0))).toMatch(/changed/);
});

test("a signature must be there", () => {
  const workload = workloadFor("ecc_sign", 18, 0, 1);
  const response = (signature: Buffer) => sign.responseSerialize({ signature });
  expect(workload.check(workload.request(), response(Buffer.alloc(0)))).toMatch(/empty/);
  expect(workload.check(workload.request(), response(Buffer.from([1])))).toBeUndefined();
});

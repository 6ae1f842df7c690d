// What each part of the appliance does to its own health service, and what none of them does to the whole.
import { service as definition } from "grpc-health-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Channel } from "../grpc/channel.ts";
import { type ClientMethod, unary } from "../grpc/client.ts";
import { MemoryListener } from "../grpc/conn_pair.ts";
import { Server } from "../grpc/server.ts";
import { signerThat } from "../signer/testkit.ts";
import { CRYPTO_SERVICE, ECHO_SERVICE, Health } from "./health.ts";

const Check = definition.Check as unknown as ClientMethod<{ service: string }, { status: string }>;

let health: Health;
let tellSigner: (healthy: boolean) => void;
let server: Server;
let channel: Channel;
beforeEach(() => {
  const signer = signerThat({ onHealth: (callback) => tellSigner = callback });
  health = new Health(signer);
  server = new Server();
  health.addToServer(server);
  const listener = new MemoryListener();
  void server.serve(listener);
  channel = new Channel([{ address: "memory", dial: () => listener.dial() }]);
});
afterEach(async () => {
  channel.close();
  await server.shutdown(0);
});

const of = async (service: string) => (await unary(channel, Check, { service })).status;

test("the whole and Crypto follow the signer, Echo doesn't", async () => {
  tellSigner(false);
  expect([await of(""), await of(CRYPTO_SERVICE), await of(ECHO_SERVICE)]).toEqual([
    "NOT_SERVING",
    "NOT_SERVING",
    "SERVING",
  ]);
  tellSigner(true);
  expect([await of(""), await of(CRYPTO_SERVICE)]).toEqual(["SERVING", "SERVING"]);
});

test("a part has a service of its own from its first word on, and leaves the whole as it is", async () => {
  await expect(of("gatehouse.tls")).rejects.toThrow();
  health.set("gatehouse.tls", false);
  expect([await of("gatehouse.tls"), await of("")]).toEqual(["NOT_SERVING", "SERVING"]);
  health.set("gatehouse.tls", true);
  expect(await of("gatehouse.tls")).toBe("SERVING");
});

test("once it drains nothing serves any more, whatever the parts say", async () => {
  health.set("gatehouse.edge", true);
  health.drain();
  tellSigner(true);
  health.set("gatehouse.edge", true);
  for (const service of ["", ECHO_SERVICE, CRYPTO_SERVICE, "gatehouse.edge"]) {
    expect(await of(service)).toBe("NOT_SERVING");
  }
});

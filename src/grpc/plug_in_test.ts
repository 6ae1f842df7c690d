// grpc-health-check and @grpc/reflection run on this server as they are.
import type { Server as ReferenceServer } from "@grpc/grpc-js";
import { ReflectionService } from "@grpc/reflection";
import { HealthImplementation } from "grpc-health-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { apiPackage, serviceDefinition } from "../proto/mod.ts";
import { Channel } from "./channel.ts";
import { bidi, type ClientMethod, serverStream, unary } from "./client.ts";
import { MemoryListener } from "./conn_pair.ts";
import { Server } from "./server.ts";

const server = new Server();
const health = new HealthImplementation({ "": "SERVING" });
const reflection = new ReflectionService(apiPackage);
// They ask for grpc-js's Server and use its addService only.
const plug = {
  addService(...service: Parameters<Server["addService"]>) {
    methods.push(...Object.values(service[0]) as ClientMethod<object, Reply>[]);
    server.addService(...service);
  },
} as unknown as ReferenceServer;
const methods: ClientMethod<object, Reply>[] = [];

interface Reply {
  status?: string;
  list_services_response?: { service: { name: string }[] };
}

const listener = new MemoryListener();
const channel = new Channel([{ address: listener.address, dial: listener.dial }]);
beforeAll(() => {
  health.addToServer(plug);
  reflection.addToServer(plug);
  server.addService(serviceDefinition("echo.EchoService"), {});
  void server.serve(listener);
});
afterAll(async () => {
  channel.close();
  await server.shutdown(100);
});

const find = (path: string) => methods.find((one) => one.path === path) as ClientMethod<object, Reply>;

describe("grpc-health-check", () => {
  it("answers Check, and NOT_FOUND for what it doesn't know", async () => {
    const check = find("/grpc.health.v1.Health/Check");
    expect(await unary(channel, check, { service: "" })).toMatchObject({ status: "SERVING" });
    await expect(unary(channel, check, { service: "none" })).rejects.toMatchObject({ code: 5 });
  });

  it("tells a watcher each change, until it leaves", async () => {
    const seen: unknown[] = [];
    for await (
      const { status } of serverStream(channel, find("/grpc.health.v1.Health/Watch"), { service: "a" })
    ) {
      seen.push(status);
      if (seen.length === 3) break;
      health.setStatus("a", seen.length === 1 ? "NOT_SERVING" : "SERVING");
    }
    expect(seen).toEqual(["SERVICE_UNKNOWN", "NOT_SERVING", "SERVING"]);
  });
});

describe("@grpc/reflection", () => {
  it.each(["v1", "v1alpha"])("lists services in %s", async (version) => {
    const call = bidi(channel, find(`/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`));
    await call.send({ list_services: "*", listServices: "*" });
    const reply = await call.next();
    call.halfClose();
    expect(JSON.stringify(reply)).toContain("echo.EchoService");
    expect(await call.next()).toBeUndefined();
  });
});

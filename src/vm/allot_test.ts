import { expect, it } from "vitest";
import { chooseCid, choosePort, FIRST_GATEWAY_PORT, isPortFree } from "./allot.ts";
import { listen } from "../transport/mod.ts";

const free = () => Promise.resolve(true);

it("a VM keeps its context id; a new one gets the lowest from 3 that no other has", () => {
  expect(chooseCid(9, new Set([3]))).toBe(9);
  expect(chooseCid(undefined, new Set())).toBe(3);
  expect(chooseCid(undefined, new Set([3, 4, 6]))).toBe(5);
  expect(chooseCid(3, new Set([3]))).toBe(4);
});

it("a VM keeps its port while it is free, and never takes another VM's", async () => {
  expect(await choosePort({ own: 60000, taken: new Set() }, free)).toBe(60000);
  expect(await choosePort({ own: 60000, taken: new Set() }, (port) => Promise.resolve(port !== 60000))).toBe(
    50051,
  );
  expect(await choosePort({ taken: new Set([50051, 50052]) }, free)).toBe(50053);
  expect(await choosePort({ taken: new Set([50443]), first: FIRST_GATEWAY_PORT }, free)).toBe(50444);
});

it("a port that was asked for is that one or an error", async () => {
  expect(await choosePort({ asked: 7, own: 8, taken: new Set([7]) }, free)).toBe(7);
  const error = choosePort({ asked: 7, taken: new Set() }, () => Promise.resolve(false));
  await expect(error).rejects.toMatchObject({ code: "port-in-use", message: expect.stringContaining("7") });
  const other = choosePort(
    { asked: 7, taken: new Set(), option: "--gateway-port" },
    () => Promise.resolve(false),
  );
  await expect(other).rejects.toMatchObject({ next: expect.stringContaining("leave --gateway-port out") });
  const none = choosePort({ taken: new Set() }, () => Promise.resolve(false));
  await expect(none).rejects.toMatchObject({ code: "port-in-use" });
});

it("sees a port that somebody listens on", async () => {
  const listener = await listen({ transport: "tcp", hostname: "127.0.0.1", port: 0 });
  const port = Number(new URL(listener.address).port);
  expect(await isPortFree(port)).toBe(false);
  listener.close();
  expect(await isPortFree(port)).toBe(true);
});

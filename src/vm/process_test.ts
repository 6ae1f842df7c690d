import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { systemClock } from "./clock.ts";
import { GatehouseError } from "./errors.ts";
import {
  endProcess,
  findByArgument,
  identify,
  isAlive,
  signalProcess,
  spawnDetached,
  waitForExit,
} from "./process.ts";

let dir: string;
beforeEach(async () => void (dir = await Deno.makeTempDir()));
afterEach(() => Deno.remove(dir, { recursive: true }));

const start = (...argv: string[]) => spawnDetached(argv, join(dir, "log"));

it("a process outlives nothing it shouldn't: SIGTERM ends it and it is known as gone", async () => {
  const id = await start("sleep", "60");
  expect(isAlive(id)).toBe(true);
  await endProcess(id, 1_000, systemClock);
  expect(isAlive(id)).toBe(false);
});

it("a process that ignores SIGTERM is killed", async () => {
  const id = await start("sh", "-c", "trap '' TERM; echo set; while :; do sleep 0.1; done");
  while (await Deno.readTextFile(join(dir, "log")) === "") await systemClock.sleep(10);
  await endProcess(id, 200, systemClock);
  expect(isAlive(id)).toBe(false);
});

it("a pid that another process got is never signalled", async () => {
  const id = await start("sleep", "60");
  const reused = { ...id, startTicks: id.startTicks - 1 };
  const otherBoot = { ...id, bootId: "00000000-0000-0000-0000-000000000000" };
  for (const stale of [reused, otherBoot]) {
    expect(isAlive(stale)).toBe(false);
    expect(signalProcess(stale, "SIGKILL")).toBe(false);
    await endProcess(stale, 10, systemClock);
  }
  expect(isAlive(id)).toBe(true);
  await endProcess(id, 1_000, systemClock);
});

it("runs in a session of its own, so that Ctrl-C at the terminal doesn't reach it", async () => {
  const id = await start("sleep", "60");
  const stat = await Deno.readTextFile(`/proc/${id.pid}/stat`);
  const [, , group, session] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  expect([Number(group), Number(session)]).toEqual([id.pid, id.pid]);
  await endProcess(id, 1_000, systemClock);
});

it("a command name with spaces and parentheses doesn't hide the start time", async () => {
  const program = join(dir, "a) R (b");
  await Deno.copyFile("/usr/bin/sleep", program);
  await Deno.chmod(program, 0o755);
  const id = await start(program, "60");
  await systemClock.sleep(50);
  expect(identify(id.pid)?.startTicks).toBe(id.startTicks);
  await endProcess(id, 1_000, systemClock);
});

it("a program that isn't there is told by name", async () => {
  const error = await start("/nonexistent/program").catch((error: unknown) => error);
  expect(error).toBeInstanceOf(GatehouseError);
  expect((error as GatehouseError).message).toContain("/nonexistent/program");
});

it("a stray is found by program and argument, not by argument alone", async () => {
  const marker = join(dir, "socket");
  const id = await start("tail", "-f", marker + "x", "/dev/null");
  await systemClock.sleep(50);
  expect(findByArgument("tail", marker)).toEqual([id]);
  expect(findByArgument("qemu-system-x86_64", marker)).toEqual([]);
  await endProcess(id, 1_000, systemClock);
});

it("waiting for a process that stays gives up at the timeout", async () => {
  const id = await start("sleep", "60");
  expect(await waitForExit(id, 60, systemClock)).toBe(false);
  await endProcess(id, 1_000, systemClock);
});

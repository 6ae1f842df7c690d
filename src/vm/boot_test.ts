// Boots real QEMU with guests of a few bytes: the launcher's whole way, without the image.
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { boot, type BootOptions } from "./boot.ts";
import { destroy, list, logs, runningVmOf, status, stop } from "./control.ts";
import { GatehouseError } from "./errors.ts";
import { ownVmPaths, type VmPaths } from "./paths.ts";
import { findByArgument, isAlive, signalProcess, waitForExit } from "./process.ts";
import { systemClock } from "./clock.ts";
import { findProgram } from "./programs.ts";
import { QEMU } from "./qemu.ts";
import { tinyGuest } from "./tiny_guest.ts";
import { addressList } from "./running.ts";
import { readRecord } from "./vm_state.ts";

const withQemu = it.skipIf((await findProgram(QEMU)) === undefined);

let home: string;
let before: string | undefined;

beforeEach(async () => {
  home = await Deno.makeTempDir({ prefix: "gh-" });
  before = Deno.env.get("GATEHOUSE_HOME");
  Deno.env.set("GATEHOUSE_HOME", home);
});

afterEach(async () => {
  for (const { name } of await list()) await destroy(name);
  expect(findByArgument(QEMU, home)).toEqual([]);
  if (before === undefined) Deno.env.delete("GATEHOUSE_HOME");
  else Deno.env.set("GATEHOUSE_HOME", before);
  await Deno.remove(home, { recursive: true });
});

async function guest(text: string, then: "halt" | "reset" | "dots"): Promise<string> {
  const path = join(home, "guest.bin");
  await Deno.writeFile(path, tinyGuest(text, then));
  return path;
}

function options(firmware: string, more: Partial<BootOptions> = {}): BootOptions {
  return {
    name: "t1",
    repoRoot: home,
    image: () => Promise.resolve({ dir: home, boot: { kind: "firmware", path: firmware } }),
    configToml: "",
    isHealthy: async () => (await Deno.readTextFile(ownVmPaths("t1").serialLog)).includes("up\n"),
    memoryMib: 16,
    cpus: 1,
    stateDiskBytes: 1024 * 1024,
    accel: "tcg",
    vsock: { kind: "none" },
    limits: { healthMs: 6_000, silenceMs: 3_000 },
    ...more,
  };
}

async function runningAddresses(): Promise<string[] | undefined> {
  const vm = await runningVmOf("t1");
  return vm && addressList(vm);
}

async function failure(work: Promise<unknown>): Promise<GatehouseError> {
  const error = await work.then(() => undefined, (error: unknown) => error);
  expect(error).toBeInstanceOf(GatehouseError);
  return error as GatehouseError;
}

withQemu("a guest that answers is ready, and stopping it leaves state but no process or socket", async () => {
  const vm = await boot(options(await guest("up\n", "dots")));
  expect(vm).toMatchObject({ phase: "ready", attempts: 1, alreadyRunning: false });
  expect(vm.addresses.tls).toMatch(/^tls:\/\/127\.0\.0\.1:\d+$/);
  expect(await runningAddresses()).toEqual([vm.addresses.tls]);
  expect(await status("t1")).toMatchObject({ phase: "ready" });

  const again = await boot(options("/nonexistent"));
  expect(again.alreadyRunning).toBe(true);

  expect(await stop("t1", { graceMs: 200 })).toBe("quit");
  expect(await status("t1")).toMatchObject({ phase: "stopped" });
  expect(await runningVmOf("t1")).toBeUndefined();
  const left = [...Deno.readDirSync(ownVmPaths("t1").dir)].map(({ name }) => name).sort();
  expect(left).toEqual([
    "admin.key",
    "admin.pub",
    "config.toml",
    "lock",
    "machine-id",
    "qemu.log",
    "recovery.key",
    "recovery.pub",
    "sealing.key",
    "serial.log",
    "state.img",
    "tls",
    "vm.json",
  ]);
}, 30_000);

withQemu("keys, certificates and machine id survive down and up", async () => {
  const firmware = await guest("up\n", "halt");
  await boot(options(firmware));
  const paths = ownVmPaths("t1");
  const files = [
    paths.sealingKey,
    paths.recoveryKey,
    paths.machineId,
    paths.adminKey,
    `${paths.tls}/ca.pem`,
    `${paths.tls}/server.pem`,
  ];
  const read = () => Promise.all(files.map((file) => Deno.readFile(file)));
  const kept = await read();
  await stop("t1", { graceMs: 0 });
  await boot(options(firmware));
  expect(await read()).toEqual(kept);
}, 30_000);

withQemu("a kernel panic under emulation is tried three times more and then told with its line", async () => {
  const seen: string[] = [];
  const error = await failure(boot(options(
    await guest("[ 1.0] Kernel panic - not syncing: Attempted to kill init!\n", "reset"),
    { onProgress: ({ detail }) => seen.push(detail) },
  )));
  expect(error.code).toBe("boot-failed");
  expect(error.message).toContain(
    "panicked while booting, 4 times: [ 1.0] Kernel panic - not syncing: Attempted to kill init!",
  );
  expect(seen.some((detail) => detail.includes("trying again"))).toBe(true);
  expect(await status("t1")).toMatchObject({ phase: "stopped", attempts: 4 });
}, 30_000);

withQemu("the second attempt may succeed", async () => {
  const firmware = await guest("double fault: 0000\n", "halt");
  let launches = 0;
  const vm = await boot(options(firmware, {
    onProgress: ({ detail }) => {
      if (!detail.startsWith("starting QEMU")) return;
      if (++launches === 2) Deno.writeFileSync(firmware, tinyGuest("up\n", "halt"));
    },
  }));
  expect(vm).toMatchObject({ phase: "ready", attempts: 2 });
}, 30_000);

withQemu("a guest that falls silent or resets without a word is told as such", async () => {
  const hung = await failure(
    boot(options(await guest("", "halt"), { limits: { healthMs: 5_000, silenceMs: 500 } })),
  );
  expect(hung.message).toContain("hung while booting, 2 times: nothing on its console for 0.5 s");
  const died = await failure(boot(options(await guest("bye\n", "reset"))));
  expect(died.message).toContain("died while booting, 2 times: the guest ended or reset by itself");
}, 30_000);

withQemu("a guest that prints but never answers is given up at the deadline", async () => {
  const error = await failure(
    boot(options(await guest("x", "dots"), { limits: { healthMs: 700, silenceMs: 5_000 } })),
  );
  expect(error.message).toContain("no healthy answer within 0.7 s");
}, 30_000);

withQemu("Ctrl-C in the middle leaves no process and a VM that can be booted", async () => {
  const firmware = await guest("x", "dots");
  const abort = new AbortController();
  const cut = boot(
    options(firmware, { signal: abort.signal, isHealthy: () => (abort.abort(), Promise.resolve(false)) }),
  );
  expect((await failure(cut)).code).toBe("cancelled");
  expect(findByArgument(QEMU, home)).toEqual([]);
  await Deno.writeFile(firmware, tinyGuest("up\n", "halt"));
  expect(await boot(options(firmware))).toMatchObject({ phase: "ready" });
}, 30_000);

withQemu("QEMU killed with -9 is told as stopped, and the next up boots again", async () => {
  const firmware = await guest("up\n", "halt");
  await boot(options(firmware));
  const record = await readRecord(ownVmPaths("t1"));
  const qemu = record?.qemu;
  if (qemu === undefined) throw new Error("no QEMU on record");
  signalProcess(qemu, "SIGKILL");
  await waitForExit(qemu, 2_000, systemClock);
  expect(await status("t1")).toMatchObject({
    phase: "stopped",
    problem: "it ended by itself, or was killed",
  });
  const vm = await boot(options(firmware));
  expect(vm).toMatchObject({ phase: "ready", alreadyRunning: false });
}, 30_000);

withQemu("a QEMU that nobody recorded is found and ended by the next up", async () => {
  const firmware = await guest("up\n", "halt");
  await boot(options(firmware));
  const paths = ownVmPaths("t1");
  const orphan = (await readRecord(paths))?.qemu;
  if (orphan === undefined) throw new Error("no QEMU on record");
  await Deno.remove(paths.record);
  await boot(options(firmware));
  expect(isAlive(orphan)).toBe(false);
}, 30_000);

withQemu("a port in use is told before the image is built; an unasked one is passed over", async () => {
  const firmware = await guest("up\n", "halt");
  const first = await boot(options(firmware, { name: "t1" }));
  const port = Number(new URL(first.addresses.tls ?? "").port);
  let built = false;
  const clash = boot(options(firmware, {
    name: "t2",
    tcpPort: port,
    image: () => {
      built = true;
      return Promise.reject(new Error("built"));
    },
  }));
  const error = await failure(clash);
  expect(error).toMatchObject({ code: "port-in-use" });
  expect(error.message).toContain(String(port));
  expect(built).toBe(false);

  const second = await boot(options(firmware, { name: "t2" }));
  expect(second.addresses.tls).not.toBe(first.addresses.tls);
  expect(second.cid).not.toBe(first.cid);
}, 30_000);

withQemu("a VM without TCP has no network, no TCP address, and keeps its port for later", async () => {
  const firmware = await guest("up\n", "halt");
  const first = await boot(options(firmware));
  await stop("t1", { graceMs: 0 });
  const closed = await boot(options(firmware, { tcpService: "none" }));
  expect(closed.addresses.tls).toBeUndefined();
  expect((await status("t1")).addresses.tls).toBeUndefined();
  expect(await runningAddresses()).toEqual([]);
  const record = await readRecord(ownVmPaths("t1"));
  const command = await Deno.readTextFile(`/proc/${record?.qemu?.pid}/cmdline`);
  expect(command.split("\0")).toContain("-nic");
  expect(command).not.toContain("hostfwd");
  await stop("t1", { graceMs: 0 });
  expect((await boot(options(firmware))).addresses.tls).toBe(first.addresses.tls);
}, 30_000);

withQemu("two ups of one VM exclude each other", async () => {
  const firmware = await guest("up\n", "halt");
  const first = boot(options(firmware));
  await systemClock.sleep(50);
  expect((await failure(boot(options(firmware)))).code).toBe("busy");
  await first;
}, 30_000);

withQemu("an image without its kernel is told with the file's name", async () => {
  const error = await failure(boot(options(join(home, "gone.bin"))));
  expect(error.code).toBe("missing-image");
  expect(error.message).toContain("gone.bin");
}, 30_000);

withQemu("the console is given without the guest's control sequences", async () => {
  await boot(options(await guest("\x1b[2J\x1b]0;title\x07red\x1b[31m\rtext\nup\n", "halt")));
  const lines: string[] = [];
  for await (const line of logs("t1", { follow: false })) lines.push(line);
  expect(lines).toEqual(["redtext", "up"]);
}, 30_000);

/** A VM whose sealing key was being changed when the command that did it died. */
async function brokenOffChange(): Promise<VmPaths> {
  const paths = ownVmPaths("t1");
  await Deno.mkdir(paths.dir, { recursive: true, mode: 0o700 });
  await Deno.writeFile(paths.sealingKey, new Uint8Array(32).fill(1), { mode: 0o600 });
  await Deno.writeFile(paths.nextSealingKey, new Uint8Array(32).fill(2), { mode: 0o600 });
  return paths;
}
const REFUSES = "gatehouse-signer: wrong sealing key\n";

withQemu(
  "a VM that refuses its sealing key gets the next one, which takes its place once the VM answers",
  async () => {
    const paths = await brokenOffChange();
    const firmware = await guest(REFUSES, "dots");
    const onProgress = ({ detail }: { detail: string }) => {
      if (detail.includes(paths.nextSealingKey)) Deno.writeFileSync(firmware, tinyGuest("up\n", "dots"));
    };
    expect(await boot(options(firmware, { onProgress }))).toMatchObject({ phase: "ready", attempts: 1 });
    expect(await Deno.readFile(paths.sealingKey)).toEqual(new Uint8Array(32).fill(2));
    await expect(Deno.stat(paths.nextSealingKey)).rejects.toThrow(Deno.errors.NotFound);
  },
  30_000,
);

withQemu("one that refuses both keeps both", async () => {
  const paths = await brokenOffChange();
  const error = await failure(boot(options(await guest(REFUSES, "dots"))));
  expect(error.message).toMatch(/wrong sealing key/);
  expect(await Deno.readFile(paths.sealingKey)).toEqual(new Uint8Array(32).fill(1));
  expect(await Deno.readFile(paths.nextSealingKey)).toEqual(new Uint8Array(32).fill(2));
}, 30_000);

withQemu("one that opens with its own key keeps the next one: the change may go on", async () => {
  const paths = await brokenOffChange();
  await boot(options(await guest("up\n", "dots")));
  expect(await Deno.readFile(paths.sealingKey)).toEqual(new Uint8Array(32).fill(1));
  expect(await Deno.readFile(paths.nextSealingKey)).toEqual(new Uint8Array(32).fill(2));
}, 30_000);

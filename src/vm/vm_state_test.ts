import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ensurePrivateDir, type VmPaths, vmPaths } from "./paths.ts";
import {
  ensureState,
  readMachineId,
  readRecord,
  recordedVms,
  type VmRecord,
  withLock,
  writeRecord,
} from "./vm_state.ts";

let home: string;
let paths: VmPaths;
const pathsOf = (name: string) => vmPaths(name, new Map([["GATEHOUSE_HOME", home]]), Deno.uid() ?? 0);

beforeEach(async () => {
  home = await Deno.makeTempDir({ prefix: "gh-" });
  paths = pathsOf("one");
});
afterEach(() => Deno.remove(home, { recursive: true }));

const RECORD: VmRecord = {
  version: 1,
  name: "one",
  phase: "ready",
  cid: 3,
  tcpPort: 50051,
  vsock: "vhost-user",
  accel: "tcg",
  qemu: { pid: 12, startTicks: 34, bootId: "b" },
};

it("what is written is read back", async () => {
  await ensurePrivateDir(paths.dir);
  expect(await readRecord(paths)).toBeUndefined();
  writeRecord(paths, RECORD);
  expect(await readRecord(paths)).toEqual(RECORD);
  expect((await Deno.stat(paths.record)).mode! & 0o777).toBe(0o600);
});

it.each([
  ["half of it", '{"version":1,"na', "it is not JSON"],
  ["another version", JSON.stringify({ ...RECORD, version: 2 }), "version"],
  [
    "a pid that no process can have",
    JSON.stringify({ ...RECORD, qemu: { pid: -1, startTicks: 1, bootId: "" } }),
    "qemu.pid",
  ],
  ["far too much", " ".repeat(100_000), "100000 bytes"],
])("a damaged vm.json (%s) is told with the reason and never guessed at", async (_, text, reason) => {
  await ensurePrivateDir(paths.dir);
  await Deno.writeTextFile(paths.record, text);
  await expect(readRecord(paths)).rejects.toMatchObject({
    code: "state-damaged",
    message: expect.stringContaining(reason),
  });
});

it("key, machine id and disk are made once, private, and never made again", async () => {
  await ensureState(paths, 1 << 20);
  const read = () => Promise.all([paths.sealingKey, paths.machineId].map((path) => Deno.readFile(path)));
  const first = await read();
  expect(first[0]).toHaveLength(32);
  expect(await readMachineId(paths)).toMatch(/^[0-9a-f]{32}$/);
  await Deno.writeTextFile(paths.stateImage, "written by the guest");
  await Deno.chmod(paths.sealingKey, 0o644);
  await ensureState(paths, 1 << 20);
  expect(await read()).toEqual(first);
  expect(await Deno.readTextFile(paths.stateImage)).toBe("written by the guest");
  expect((await Deno.stat(paths.sealingKey)).mode! & 0o777).toBe(0o600);
  expect((await Deno.stat(paths.dir)).mode! & 0o777).toBe(0o700);
});

it("the guest's disk takes no room before the guest writes", async () => {
  await ensureState(paths, 1 << 30);
  const info = await Deno.stat(paths.stateImage);
  expect(info.size).toBe(1 << 30);
  expect(info.blocks).toBe(0);
});

it("a sealing key cut short is refused, not replaced", async () => {
  await ensurePrivateDir(paths.dir);
  await Deno.writeTextFile(paths.sealingKey, "short");
  await expect(ensureState(paths, 1)).rejects.toMatchObject({ code: "state-damaged" });
  expect(await Deno.readTextFile(paths.sealingKey)).toBe("short");
});

it("two VMs have different keys and machine ids", async () => {
  const other = pathsOf("two");
  await ensureState(paths, 1);
  await ensureState(other, 1);
  expect(await Deno.readFile(other.sealingKey)).not.toEqual(await Deno.readFile(paths.sealingKey));
  expect(await readMachineId(other)).not.toBe(await readMachineId(paths));
});

it("the lock excludes a second holder and is free again afterwards, even after a failure", async () => {
  await withLock(paths.lock, "VM one", async () => {
    await expect(withLock(paths.lock, "VM one", () => Promise.resolve())).rejects.toMatchObject({
      code: "busy",
    });
  });
  await expect(withLock(paths.lock, "VM one", () => Promise.reject(new Error("work")))).rejects.toThrow(
    "work",
  );
  expect(await withLock(paths.lock, "VM one", () => Promise.resolve(1))).toBe(1);
});

it("a lock whose file was removed between its opening and its locking excludes others all the same", async () => {
  const open = Deno.open;
  const spy = vi.spyOn(Deno, "open").mockImplementationOnce(async (...args) => {
    const file = await open(...args);
    await Deno.remove(paths.dir, { recursive: true });
    return file;
  });
  await ensurePrivateDir(paths.dir);
  await withLock(paths.lock, "VM one", async () => {
    await expect(withLock(paths.lock, "VM one", () => Promise.resolve())).rejects.toMatchObject({
      code: "busy",
    });
  });
  expect(spy).toHaveBeenCalled();
  spy.mockRestore();
});

it("lists VMs by name and passes over what is none", async () => {
  await ensurePrivateDir(pathsOf("two").dir);
  await ensurePrivateDir(paths.dir);
  await Deno.mkdir(join(home, "vms", "Not a name"));
  await Deno.writeTextFile(join(home, "vms", "file"), "");
  expect((await recordedVms(home, pathsOf)).map(({ name }) => name)).toEqual(["one", "two"]);
  expect(await recordedVms(join(home, "nowhere"), pathsOf)).toEqual([]);
});

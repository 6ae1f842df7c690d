// What `gatehouse up` promises, on VMs that really boot: the product's main job
// as a user does it, and the faults that it must survive. One file, in order: a
// boot under software emulation is too dear to repeat for each test.
import { generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { verifySignature } from "../../src/cli/verify_signature.ts";
import { dialer } from "../../src/transport/dial.ts";
import { systemClock } from "../../src/vm/clock.ts";
import { vmPaths } from "../../src/vm/paths.ts";
import { QmpClient } from "../../src/vm/qmp.ts";
import { bootAndCheck, changeAndKill } from "../faults/kept_in_vm.ts";
import { Lane } from "../faults/kept_keys.ts";
import { ALGORITHMS } from "../lib/algorithms.ts";
import {
  gatehouse,
  gatehouseJson,
  run,
  runBytes,
  runOk,
  type RunOptions,
  tryGatehouse,
} from "../lib/command.ts";
import { opensslVerdicts } from "../lib/openssl.ts";
import { SIGNED, TLS_CALLERS } from "../lib/tls_callers.ts";
import { grpcurl } from "../lib/tools.ts";

/** Image build, two compilers and a boot on two cores without KVM. */
const FIRST_UP_MS = 15 * 60_000;
const UP_MS = 5 * 60_000;
/** Some changes of keys, under software emulation. */
const KILLED_AFTER_MS = 5_000;

interface Up {
  name: string;
  addresses: { vsock: string; tls: string; gateway: { vsock: string; tls: string } };
  tls: { ca: string; cert: string; key: string };
  admin_key: string;
  built: boolean;
  calls: { transport: string; call: string; latency_ms: number; verified: boolean }[];
}

interface Status {
  phase: string;
  qemu_pid: number;
  dir: string;
}

let home: string;
let dir: string;
let vm: Up;
const env = () => ({ GATEHOUSE_HOME: home });
const up = (name: string, ...args: string[]) =>
  gatehouseJson<Up>(["up", "--yes", "--name", name, ...args], { env: env() });
/** Whatever the phase: `status` ends with 3 when the VM isn't ready. */
const status = async (name: string) =>
  JSON.parse((await tryGatehouse(["status", "--name", name, "--json"], { env: env() })).out) as Status;
/** Who calls, at addresses that are named by hand: the certificates that `up` made for that VM. */
const by = ({ tls }: Up): RunOptions => ({
  env: { GATEHOUSE_TLS_CA: tls.ca, GATEHOUSE_TLS_CERT: tls.cert, GATEHOUSE_TLS_KEY: tls.key },
});
const pubkey = (server: string, algorithm = "ECDSA_P256_SHA256") =>
  gatehouse(["pubkey", "--server", server, "--algorithm", algorithm], by(vm));
const echoes = async (server: string, timeoutMs = 30_000) =>
  (await tryGatehouse(["echo", "alive", "--server", server, "--timeout", String(timeoutMs)], by(vm))).code ===
    0;

beforeAll(async () => {
  home = await Deno.makeTempDir({ prefix: "gatehouse-vm-" });
  dir = await Deno.makeTempDir({ prefix: "gatehouse-vm-files-" });
  vm = await up("first");
}, FIRST_UP_MS);

afterAll(async () => {
  for (const name of ["first", "second"]) {
    await tryGatehouse(["down", "--name", name, "--purge"], { env: env() });
  }
  const left = await run("sh", ["-c", `ps -eo args | grep -F '${home}' | grep -v grep`]);
  await Deno.remove(home, { recursive: true });
  await Deno.remove(dir, { recursive: true });
  expect(left.out).toBe(""); // `down` leaves no process behind
}, UP_MS);

test("up ends in four verified rows: Echo and Sign, over VSOCK and over TLS", () => {
  expect(vm.calls.map(({ transport, call, verified }) => [transport, call, verified])).toEqual([
    ["VSOCK", "Echo", true],
    ["VSOCK", "Sign", true],
    ["TLS", "Echo", true],
    ["TLS", "Sign", true],
  ]);
});

test("a second up builds nothing and finds the VM running", async () => {
  const again = await up("first");
  expect(again.built).toBe(false);
  expect(again.addresses).toEqual(vm.addresses);
  expect(again.calls.every(({ verified }) => verified)).toBe(true);
}, UP_MS);

describe.each(["vsock", "tls"] as const)("over %s", (transport) => {
  test.each(ALGORITHMS)("openssl verifies $name, and refuses other data", async (algorithm) => {
    const verdicts = await opensslVerdicts(vm.addresses[transport], algorithm, dir, by(vm));
    expect(verdicts.good).toBe("Verified OK");
    expect(verdicts.forged).toMatch(/Verification failure/i);
  }, 60_000);

  test("Echo returns every byte of 1 MiB", async () => {
    const reply = await gatehouseJson<{ payload_bytes: number }>(
      ["echo", "--size", "1048576", "--server", vm.addresses[transport]],
      by(vm),
    );
    expect(reply.payload_bytes).toBe(1_048_576);
  }, 60_000);

  test("grpcurl lists, calls Echo, gets SERVING", async (context) => {
    const tool = await grpcurl();
    if ("reason" in tool) return context.skip(tool.reason);
    const proxy = transport === "vsock" ? await startProxy(vm.addresses.vsock) : undefined;
    const hostPort = proxy?.hostPort ?? hostPortOf(vm);
    const { ca, cert, key } = vm.tls;
    const how = proxy === undefined ? ["-cacert", ca, "-cert", cert, "-key", key] : ["-plaintext"];
    try {
      const call = (...args: string[]) => runOk(tool.path, [...how, "-max-time", "30", ...args]);
      expect((await call(hostPort, "list")).split("\n")).toEqual(
        expect.arrayContaining(["crypto.CryptoService", "echo.EchoService"]),
      );
      expect(JSON.parse(await call("-d", '{"payload":"hi"}', hostPort, "echo.EchoService/Echo")))
        .toMatchObject({ payload: "hi" });
      expect(JSON.parse(await call(hostPort, "grpc.health.v1.Health/Check"))).toEqual({ status: "SERVING" });
    } finally {
      await proxy?.stop();
    }
  }, 120_000);
});

test(
  "the HTTP gateway answers over VSOCK, which `page` brings to loopback, and over TLS with the same certificates",
  async () => {
    const page = await startRelay("page", "--name", "first");
    const echoed = await fetch(`http://${page.hostPort}/v1/echo`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ payload: "over VSOCK" }),
    });
    expect([echoed.status, await echoed.json()]).toEqual([
      200,
      expect.objectContaining({ payload: "over VSOCK" }),
    ]);
    // Who may call there by himself may not look.
    const looked = await fetch(`http://${page.hostPort}/v1/status`);
    await looked.body?.cancel();
    expect(looked.status).toBe(401);
    await page.stop();
    const { ca, cert, key } = vm.tls;
    const curl = (...args: string[]) =>
      run("curl", ["--silent", "--show-error", "--max-time", "30", "--cacert", ca, ...args]);
    const url = `${vm.addresses.gateway.tls.replace("tls:", "https:")}/v1/status`;
    const { out, err } = await curl("--cert", cert, "--key", key, url);
    expect(JSON.parse(out || err)).toMatchObject({
      units: expect.arrayContaining([expect.objectContaining({ name: "edge", healthy: true })]),
    });
    expect((await curl(url)).code).not.toBe(0);
  },
  60_000,
);

test("a garbage client on either transport changes nothing for the next", async () => {
  const [hostname, port] = hostPortOf(vm).split(":");
  const garbage = crypto.getRandomValues(new Uint8Array(4096));
  const tcp = await Deno.connect({ hostname, port: Number(port) });
  await tcp.write(garbage);
  tcp.close();
  const proxy = await startProxy(vm.addresses.vsock);
  const [proxyHost, proxyPort] = proxy.hostPort.split(":");
  const vsock = await Deno.connect({ hostname: proxyHost, port: Number(proxyPort) });
  await vsock.write(garbage);
  vsock.close();
  expect(await echoes(vm.addresses.vsock)).toBe(true);
  expect(await echoes(vm.addresses.tls)).toBe(true);
  await proxy.stop();
}, 60_000);

describe.each(TLS_CALLERS)("$name over mutual TLS", ({ tool, call }) => {
  test("reaches Echo and Sign with a certificate, and nothing without", async (context) => {
    const found = await tool();
    if ("reason" in found) return context.skip(found.reason);
    const { ca, cert, key } = vm.tls;
    const called = await call(found.path, hostPortOf(vm), { ca, client: { cert, key } });
    expect(called?.echo).toMatch(/^by /);
    const { stdout: spki } = await runBytes(
      "./gatehouse",
      ["pubkey", "--server", vm.addresses.vsock, "--algorithm", "RSA_PKCS1_SHA256", "--out", "der"],
    );
    const data = new TextEncoder().encode(SIGNED);
    expect(await verifySignature("RSA_PKCS1_SHA256", spki, data, called?.signature ?? new Uint8Array())).toBe(
      true,
    );
    expect(await call(found.path, hostPortOf(vm), { ca })).toBeUndefined();
  }, 120_000);
});

describe("administration", () => {
  const listAdmins = (...args: string[]) =>
    tryGatehouse(["admins", "list", ...args], { ...by(vm), env: { ...by(vm).env, ...env() } });

  test("is the owner's, over VSOCK, by the key that up made", async () => {
    const { code, out } = await listAdmins("--name", "first");
    expect([code, out]).toEqual([0, expect.stringMatching(/owner +admin/)]);
  }, 60_000);

  test("is nobody's without a key, nor with another one, though they reach VSOCK", async () => {
    const without = await listAdmins("--server", vm.addresses.vsock);
    expect([without.code, without.err]).toEqual([1, expect.stringMatching(/UNAUTHENTICATED/)]);
    const other = join(dir, "other-admin.key");
    const { privateKey } = generateKeyPairSync("ed25519");
    await Deno.writeTextFile(other, String(privateKey.export({ type: "pkcs8", format: "pem" })));
    const stranger = await listAdmins("--server", vm.addresses.vsock, "--admin-key", other);
    expect([stranger.code, stranger.err]).toEqual([1, expect.stringMatching(/UNAUTHENTICATED/)]);
  }, 60_000);

  test("is nobody's over TLS, whatever the certificate", async () => {
    const { code, err } = await listAdmins("--server", vm.addresses.tls);
    expect([code, err]).toEqual([1, expect.stringMatching(/PERMISSION_DENIED/)]);
  }, 60_000);
});

test("a configuration that cuts the operator off is undone by itself", async () => {
  // No VSOCK, and an address in the VM's network to which nothing is forwarded.
  const cut = join(dir, "cut.toml");
  const before = await gatehouse(["config", "get", "--name", "first"], { env: env() });
  const tlsOnly = before.replace('"vsock://any:50051", ', "");
  expect(tlsOnly).not.toBe(before);
  await Deno.writeTextFile(cut, `${tlsOnly}\n[network]\naddresses = ["10.0.2.99/24"]\ndhcp = "no"\n`);
  const applied = tryGatehouse(
    ["config", "apply", cut, "--name", "first", "--confirm-within", "25s", "--confirm", "auto", "--json"],
    { env: env() },
  );
  const reached = () =>
    Promise.all([vm.addresses.vsock, vm.addresses.tls].map((address) => echoes(address, 2_000)));
  await expect.poll(reached, { timeout: 25_000, interval: 200 }).toEqual([false, false]);
  const { out } = await applied;
  expect(JSON.parse(out)).toMatchObject({ reached: false, confirmed: false });
  await expect.poll(reached, { timeout: 60_000, interval: 500 }).toEqual([true, true]);
  expect(await gatehouse(["config", "get", "--name", "first"], { env: env() })).toBe(before);
  expect(await gatehouse(["logs", "--name", "first"], { env: env() })).toMatch(/CONFIG_REVERTED/);
}, 180_000);

test("`down` and `up` find the same keys", async () => {
  const before = [await pubkey(vm.addresses.vsock), await pubkey(vm.addresses.vsock, "RSA_PSS_SHA256")];
  await gatehouse(["down", "--name", "first"], { env: env() });
  expect((await status("first")).phase).toBe("stopped");
  vm = await up("first");
  expect([await pubkey(vm.addresses.vsock), await pubkey(vm.addresses.tls, "RSA_PSS_SHA256")]).toEqual(
    before,
  );
}, UP_MS);

test("a VM killed with -9 while its keys change comes up again with all that was acknowledged", async () => {
  const before = await pubkey(vm.addresses.vsock);
  const lanes = ["a-", "b-", "c-"].map((prefix) => new Lane(prefix, Math.random));
  await changeAndKill({ name: "first", home }, lanes, vm, KILLED_AFTER_MS);
  vm = await bootAndCheck({ name: "first", home }, lanes);
  expect(lanes.reduce((sum, { acknowledged }) => sum + acknowledged, 0)).toBeGreaterThan(3);
  expect(await pubkey(vm.addresses.vsock)).toBe(before);
}, UP_MS);

test("a second VM from the same image runs beside it, with other keys and another machine id", async () => {
  const second = await up("second");
  expect(second.built).toBe(false);
  expect(await pubkey(second.addresses.vsock)).not.toBe(await pubkey(vm.addresses.vsock));
  const ids = await Promise.all(["first", "second"].map((name) => guestMachineId(name)));
  expect(ids[0]).toMatch(/^[0-9a-f]{32}$/);
  expect(ids[1]).toMatch(/^[0-9a-f]{32}$/);
  expect(ids[0]).not.toBe(ids[1]);
  await gatehouse(["down", "--name", "second"], { env: env() });
}, UP_MS);

test(
  "agent, edge and signer that are killed are started again by systemd, and answer with the same keys",
  async () => {
    // The VM has no shell to kill from; its keyboard asks the kernel. Alt-SysRq-F is the OOM killer, which takes the
    // agent: it is the one that the units offer. Alt-SysRq-I kills every process but the first.
    const sysctl = join(dir, "sysctl.extra");
    await Deno.writeTextFile(sysctl, "kernel.sysrq = 64\n");
    const second = await up("second", "--credential", `sysctl.extra=${sysctl}`);
    const before = await pubkey(second.addresses.vsock);
    const logs = () => gatehouse(["logs", "--name", "second"], { env: env() });
    const socket = ownVmPathsBelow(home, "second").qmpSocket;
    const press = async (key: string) => {
      const qmp = await QmpClient.start(
        await dialer({ transport: "unix", path: socket })(),
        systemClock,
        5_000,
      );
      const keys = ["alt", "sysrq", key].map((data) => ({ type: "qcode", data }));
      await qmp.execute("send-key", { keys }, 5_000);
      qmp.close();
    };
    /** How often each has said that it is ready. */
    const starts = async () => {
      const text = await logs();
      return ["agent", "edge", "signer"].map((name) =>
        new Set(
          [...text.matchAll(new RegExp(`gatehouse-${name}\\[(\\d+)\\]: .*(?:"ready"| ready on )`, "g"))].map((
            [, pid],
          ) => pid),
        ).size
      );
    };
    const patience = { timeout: 90_000, interval: 500 };
    await press("f");
    await expect.poll(logs, { timeout: 30_000, interval: 500 }).toMatch(/Killed process \d+ \(deno\)/);
    await expect.poll(starts, patience).toEqual([2, 1, 1]);
    expect(await pubkey(second.addresses.vsock)).toBe(before);
    await gatehouseJson(["sign", "deno.json", "--server", second.addresses.tls], by(second));
    await press("i");
    await expect.poll(starts, patience).toEqual([3, 2, 2]);
    await expect.poll(
      () =>
        tryGatehouse(["sign", "deno.json", "--server", second.addresses.tls], by(second)).then(({ code }) =>
          code
        ),
      patience,
    ).toBe(0);
    expect(await pubkey(second.addresses.vsock)).toBe(before);
    await gatehouse(["down", "--name", "second"], { env: env() });
  },
  UP_MS,
);

test(
  "a copied disk can't be opened with another sealing key: the signer says so and touches nothing",
  async () => {
    const [first, second] = await Promise.all([status("first"), status("second")]);
    const key = await pubkey(vm.addresses.vsock);
    await gatehouse(["down", "--name", "first"], { env: env() });
    await Deno.copyFile(join(first.dir, "state.img"), join(second.dir, "state.img"));
    const ran = await tryGatehouse(["up", "--yes", "--name", "second", "--json"], { env: env() });
    expect(ran.code).toBe(1);
    const logs = await gatehouse(["logs", "--name", "second"], { env: env() });
    expect(logs).toMatch(/sealing key/i);
    await tryGatehouse(["down", "--name", "second"], { env: env() });
    // The disk that the wrong key met still opens with the right one.
    await Deno.copyFile(join(second.dir, "state.img"), join(first.dir, "state.img"));
    vm = await up("first");
    expect(await pubkey(vm.addresses.vsock)).toBe(key);
  },
  2 * UP_MS,
);

const hostPortOf = ({ addresses }: Up): string => addresses.tls.replace("tls://", "");

/** Where a VM of this state home has its files. */
const ownVmPathsBelow = (gatehouseHome: string, name: string) =>
  vmPaths(
    name,
    { get: (key) => key === "GATEHOUSE_HOME" ? gatehouseHome : Deno.env.get(key) },
    Deno.uid() ?? 0,
  );

/** The id that the guest itself says it has, from its log. */
async function guestMachineId(name: string): Promise<string> {
  const logs = await gatehouse(["logs", "--name", name], { env: env() });
  return /machine_id[=":\s]+([0-9a-f]{32})/.exec(logs)?.[1] ?? "";
}

const startProxy = (to: string): Promise<Relay> =>
  startRelay("proxy", "--listen", "tcp://127.0.0.1:0", "--to", to);

interface Relay {
  hostPort: string;
  stop(): Promise<void>;
}

/** A command that passes a port on until it is told to end. */
async function startRelay(command: string, ...args: string[]): Promise<Relay> {
  const child = new Deno.Command("./gatehouse", {
    args: [command, "--json", ...args],
    stdout: "piped",
    stderr: "inherit",
    env: env(),
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes("}")) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`${command} ended before it was ready`);
    text += value;
  }
  return {
    hostPort: (JSON.parse(text) as { listening: string }).listening.replace("tcp://", ""),
    async stop() {
      child.kill("SIGTERM");
      await child.status;
      await reader.cancel();
    },
  };
}

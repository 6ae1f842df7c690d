// What the units of the three services allow, read from their files: each may reach
// what its comment says, and the edge is held as tightly as the keeper of the keys.
import { expect, test } from "vitest";
import { loadConfig } from "../../src/agent/config/mod.ts";
import { REPO_ROOT } from "../../src/cli/root.ts";
import { checkVmConfig } from "../../src/cli/vm_config.ts";
import { GATEWAY_VSOCK_PORT, GUEST_PORT } from "../../src/vm/machine.ts";

/** The last value of each key of [Service], systemd.syntax(7), lists joined by a space. */
async function service(name: string): Promise<Map<string, string>> {
  const text = await Deno.readTextFile(`${REPO_ROOT}/image/units/${name}.service`);
  const values = new Map<string, string>();
  let inside = false;
  for (const line of text.replaceAll("\\\n", " ").split("\n")) {
    if (line.startsWith("[")) inside = line === "[Service]";
    const match = inside ? /^(\w+)=(.*)$/.exec(line) : null;
    if (match === null) continue;
    const [, key, value] = match;
    const before = values.get(key);
    values.set(key, before === undefined || value === "" ? value : `${before} ${value}`);
  }
  return values;
}

test.each([
  ["gatehouse-agent", ["AF_UNIX", "AF_VSOCK"]],
  ["gatehouse-edge", ["AF_INET", "AF_INET6", "AF_UNIX"]],
  ["gatehouse-signer", ["AF_UNIX"]],
  ["gatehouse-network", ["AF_UNIX"]],
])("%s opens sockets of %s and of no other family", async (name, families) => {
  const allowed = (await service(name)).get("RestrictAddressFamilies") ?? "";
  expect(allowed.split(" ").sort()).toEqual(families);
});

test("the signer is given the credentials that its command names, and no other", async () => {
  const unit = await service("gatehouse-signer");
  const named = [...(unit.get("ExecStart") ?? "").matchAll(/-credential (\S+)/g)].map(([, name]) => name);
  expect(named).toEqual(["gatehouse.sealing-key", "gatehouse.recovery"]);
  expect(unit.get("LoadCredential")?.split(" ")).toEqual(named);
});

test("the edge and the agent give up all that the signer gives up, but what their work needs", async () => {
  const signer = await service("gatehouse-signer");
  /** Programs, users, memory and networks are each unit's own. */
  const own =
    /^(Exec|User|Group|Supplementary|Restart|Syslog|LoadCredential|StateDir|RuntimeDir|OOM|LimitMEMLOCK|Tasks|Memory(?!Deny)|PrivateNetwork|RestrictAddressFamilies|IPAddressDeny|SystemCall(Filter|ErrorNumber))/;
  const held = [...signer].filter(([key]) => !own.test(key));
  expect(held.length).toBeGreaterThan(25);
  const edge = await service("gatehouse-edge");
  const agent = await service("gatehouse-agent");
  /** V8 compiles to memory that it then runs, and protects it by keys; it starts by exec, with no word when it is ready. */
  const deno = new Set(["MemoryDenyWriteExecute", "Type"]);
  for (const [key, value] of held) {
    expect(`${key}=${edge.get(key)}`).toBe(`${key}=${value}`);
    if (!deno.has(key)) expect(`${key}=${agent.get(key)}`).toBe(`${key}=${value}`);
  }
  // The signer's are named one by one, and held against its own list by its tests.
  expect(edge.get("SystemCallFilter")).toBe("@system-service ~@privileged @resources @setuid");
  expect(agent.get("SystemCallFilter")).toBe("@system-service @pkey ~@privileged @resources @setuid");
});

test("the agent opens two ports of VSOCK, gRPC's and the gateway's, calls one of the host's, and has no address of TCP", async () => {
  const [, list = ""] = /--allow-net=(\S+)/.exec((await service("gatehouse-agent")).get("ExecStart") ?? "") ??
    [];
  expect(list.split(",").filter((one) => !one.startsWith("unix:"))).toEqual([
    // An OpenTelemetry collector.
    "vsock:2:4317",
    `vsock:-1:${GUEST_PORT}`,
    `vsock:-1:${GATEWAY_VSOCK_PORT}`,
  ]);
});

test("a VM that is given no configuration answers gRPC and the gateway over VSOCK alone", async () => {
  const text = await Deno.readTextFile(`${REPO_ROOT}/image/default.toml`);
  expect(checkVmConfig(loadConfig(text, "default.toml"), "default.toml")).toEqual({
    tcpService: "none",
    gateway: { vsock: true, tcp: "none" },
  });
});

test("no service has a capability but the one that takes away the agent's word", async () => {
  for (const name of ["gatehouse-agent", "gatehouse-edge", "gatehouse-signer"]) {
    const unit = await service(name);
    expect([unit.get("CapabilityBoundingSet"), unit.get("AmbientCapabilities")]).toEqual(["", ""]);
  }
  expect((await service("gatehouse-network")).get("CapabilityBoundingSet")).toBe("CAP_DAC_OVERRIDE");
});

test("what the edge needs of the agent it reaches by the agent's group, and the agent its figures by the edge's", async () => {
  const [agent, edge] = await Promise.all([service("gatehouse-agent"), service("gatehouse-edge")]);
  expect(edge.get("SupplementaryGroups")).toBe("gatehouse-agent");
  expect(agent.get("SupplementaryGroups")?.split(" ").sort()).toEqual(["gatehouse-edge", "gatehouse-signer"]);
  const directories = agent.get("RuntimeDirectory")?.split(" ").map((name) => `/run/${name}`) ?? [];
  const flag = (name: string) => new RegExp(`--${name} (\\S+)`).exec(agent.get("ExecStart") ?? "")?.[1] ?? "";
  expect(directories).toContain(flag("edge-dir"));
  expect(directories).toContain(flag("network-dir"));
  for (const back of [flag("edge-back"), flag("edge-gateway-back")]) {
    expect(directories).toContain(back.replace(/\/[^/]*$/, ""));
    expect(/--allow-net=(\S+)/.exec(agent.get("ExecStart") ?? "")?.[1].split(",")).toContain(`unix:${back}`);
  }
  expect(edge.get("ExecStart")).toContain(`--config ${flag("edge-dir")}/current/edge.json`);
  expect(`/run/${edge.get("RuntimeDirectory")}`).toBe(flag("edge-metrics").replace(/\/[^/]*$/, ""));
});

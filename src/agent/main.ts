// The agent's entry in the VM (and in a container): a configuration file for the first
// start, a state directory, a signer's socket, and an edge where there is one.
// `gatehouse serve` composes the same agent by itself.
import { parseArgs } from "node:util";
import { RemoteSigner } from "../signer/remote_signer.ts";
import { dialer } from "../transport/dial.ts";
import { parseAddress } from "../transport/address.ts";
import { Agent, type EdgeOptions } from "./agent.ts";
import { openConfig } from "./config_store/open.ts";
import { createLog, errorText } from "./log/mod.ts";
import { networkApplier } from "./network/network_applier.ts";

/** How long the last log lines may take to be written. */
const FLUSH_MS = 1_000;

const { values } = parseArgs({
  args: Deno.args,
  options: {
    config: { type: "string" },
    signer: { type: "string" },
    state: { type: "string", default: "/var/lib/gatehouse-state/agent" },
    credentials: { type: "string" },
    "edge-dir": { type: "string" },
    "edge-back": { type: "string" },
    "edge-gateway-back": { type: "string" },
    "edge-metrics": { type: "string" },
    "network-dir": { type: "string" },
  },
});

const log = createLog();
const own = log.component("agent");

const { agent, signer } = await start().catch(async (error: unknown) => {
  own.error("can't serve", { error: errorText(error) });
  await log.flush(FLUSH_MS);
  return Deno.exit(1);
});
own.info("ready", { addresses: agent.addresses.join(","), machine_id: machineId() });

let stopping = false;
for (const name of ["SIGTERM", "SIGINT"] as const) {
  Deno.addSignalListener(name, () => {
    if (stopping) Deno.exit(1);
    stopping = true;
    void stop(name);
  });
}

async function stop(signal: string): Promise<never> {
  own.info("stopping", { signal });
  let code = 0;
  try {
    await agent.shutdown();
    await signer.close();
  } catch (error) {
    own.error("stopping failed", { error: errorText(error) });
    code = 1;
  }
  await log.flush(FLUSH_MS);
  Deno.exit(code);
}

async function start(): Promise<{ agent: Agent; signer: RemoteSigner }> {
  const { config: file, state: stateDir, credentials: credentialsDir } = values;
  const kept = await openConfig({
    stateDir,
    credentialsDir,
    toml: file === undefined ? undefined : await Deno.readTextFile(file),
    fileName: file ?? "(defaults)",
    log,
    strict: false,
  });
  const settings = kept.content.config.signer;
  const socket = values.signer ?? settings.socket;
  const signer = new RemoteSigner({
    address: socket,
    dial: dialer(parseAddress(socket)),
    deadlineMs: settings.deadline_ms,
  });
  const agent = await Agent.start({
    kept,
    signer,
    log,
    strict: false,
    stateDir,
    credentialsDir,
    edge: edgeOptions(),
    instanceId: machineId(),
    appliers: [networkApplier(values["network-dir"])],
  });
  return { agent, signer };
}

/** The edge of this machine; it is the only one that opens TCP. */
function edgeOptions(): EdgeOptions | undefined {
  const { "edge-dir": dir, "edge-metrics": metricsSocket } = values;
  const { "edge-back": backSocket, "edge-gateway-back": gatewayBackSocket } = values;
  if (dir === undefined || backSocket === undefined || gatewayBackSocket === undefined) return undefined;
  return { dir, backSocket, gatewayBackSocket, metricsSocket, opensPlainTcp: true, groupReads: true };
}

/** Which machine this is, machine-id(5), so that a log tells two VMs of one image apart. */
function machineId(): string | undefined {
  try {
    return Deno.readTextFileSync("/etc/machine-id").trim();
  } catch {
    return undefined;
  }
}

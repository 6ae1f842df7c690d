// The agent's entry in the VM (and in a container): one configuration file, one
// signer's socket. `gatehouse serve` composes the same agent by itself.
import { parseArgs } from "node:util";
import { RemoteSigner } from "../signer/remote_signer.ts";
import { dialer } from "../transport/dial.ts";
import { parseAddress } from "../transport/address.ts";
import { Agent } from "./agent.ts";
import { loadConfig } from "./config/mod.ts";
import { createLogger } from "./log/mod.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: { config: { type: "string" }, signer: { type: "string" } },
});

const file = values.config;
const config = loadConfig(file ? await Deno.readTextFile(file) : "", file ?? "(defaults)");
const log = createLogger(config.log);
const socket = values.signer ?? config.signer.socket;
const signer = new RemoteSigner({ address: socket, dial: dialer(parseAddress(socket)), deadlineMs: config.signer.deadline_ms });

let agent: Agent;
try {
  agent = await Agent.start({ config, signer, log, strict: false });
} catch (error) {
  log.fatal("can't serve", { error: error instanceof Error ? error.message : String(error) });
  Deno.exit(1);
}
log.info("ready", { addresses: agent.addresses });

let stopping = false;
for (const name of ["SIGTERM", "SIGINT"] as const) {
  Deno.addSignalListener(name, () => {
    if (stopping) Deno.exit(1);
    stopping = true;
    log.info("stopping", { signal: name });
    agent.shutdown().then(() => signer.close()).then(() => Deno.exit(0)).catch((error: unknown) => {
      log.error("stopping failed", { error: String(error) });
      Deno.exit(1);
    });
  });
}

// gatehouse serve: agent and signer on this machine, without a VM.
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { Agent } from "../agent/agent.ts";
import { type Config, loadConfig, setKey } from "../agent/config/mod.ts";
import { openConfig } from "../agent/config_store/open.ts";
import { createLog } from "../agent/log/mod.ts";
import { networkApplier } from "../agent/network/network_applier.ts";
import { RemoteSigner } from "../signer/remote_signer.ts";
import { startSignerProcess } from "../signer/process.ts";
import { formatAddress, parseAddress } from "../transport/address.ts";
import { dialer } from "../transport/dial.ts";
import { checkPlainTcp } from "../transport/plain_tcp.ts";
import { buildDataplane } from "../vm/artifacts.ts";
import { GatehouseError } from "../vm/errors.ts";
import { ensureSealingKey } from "../vm/sealing_key.ts";
import { action, interrupted } from "./command.ts";
import { readConfigText } from "./config.ts";
import { note, print, printJson, progressReporter } from "./output.ts";
import { REPO_ROOT } from "./root.ts";

interface ServeOptions {
  listen?: string[];
  state: string;
  config?: string;
  sealingKey?: string;
  credentials?: string;
  insecureTcp: boolean;
}

export function register(program: Command): void {
  program.command("serve")
    .summary("run agent and signer on this machine, without a VM")
    .option(
      "--listen <address...>",
      "tcp://host:port, unix:///path, vsock://any:port (default: the configuration's)",
    )
    .requiredOption("--state <dir>", "where the sealed keys are kept")
    .option(
      "--sealing-key <file>",
      "what the keys are sealed with, 32 bytes (default: made beside the state)",
    )
    .option("--config <file>", "configuration, TOML")
    .option(
      "--credentials <dir>",
      "what the first start takes over; gatehouse.admin there is the first administrator's public key",
    )
    .option("--insecure-tcp", "allow plain TCP beyond loopback", false)
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  gatehouse serve --listen tcp://127.0.0.1:50051 --state ./state
  gatehouse serve --listen unix:///run/gatehouse.sock vsock://any:50051 --state /var/lib/gatehouse`,
    )
    .action(action(async ({ json, signal }, options: ServeOptions) => {
      const given = await givenConfig(options);
      const state = await stateDir(options.state);
      const log = createLog();
      const progress = progressReporter();
      const { signer: binary } = await buildDataplane(REPO_ROOT, { onProgress: progress.report, signal });
      progress.done();

      const socket = join(state, "signer.sock");
      const signerProcess = await startSignerProcess({
        binary,
        socket,
        stateDir: state,
        sealingKeyFile: options.sealingKey ??
          await ensureSealingKey(`${state}.sealing-key`, join(state, "signer.db")),
        onLog: note,
      });
      let signer: RemoteSigner | undefined;
      try {
        // The signer holds the state's lock: what follows is the only agent that writes there.
        const stateOfAgent = join(state, "agent");
        const kept = await openConfig({
          ...given,
          stateDir: stateOfAgent,
          credentialsDir: options.credentials,
          log,
          strict: true,
        });
        signer = new RemoteSigner({
          address: `unix://${socket}`,
          dial: dialer(parseAddress(`unix://${socket}`)),
          deadlineMs: kept.content.config.signer.deadline_ms,
        });
        const agent = await Agent.start({
          kept,
          signer,
          log,
          strict: true,
          stateDir: stateOfAgent,
          credentialsDir: options.credentials,
          appliers: [networkApplier(undefined)],
        });
        if (json) printJson({ ready: true, addresses: agent.addresses, state });
        else print(`Gatehouse ready: ${agent.addresses.join(", ")} (keys in ${state}, Ctrl-C ends it)`);
        await interrupted(signal);
        await agent.shutdown();
      } finally {
        await signer?.close();
        await signerProcess.stop();
      }
    }));
}

/** The file with what the command line says of listening; no text at all when neither says anything. */
async function givenConfig(options: ServeOptions): Promise<{ toml?: string; fileName: string }> {
  const fileName = options.config ?? "(command line)";
  let toml = options.config === undefined ? undefined : await readConfigText(options.config);
  const config = loadConfig(toml ?? "", fileName);
  const insecureTcp = options.insecureTcp || config.listen.insecure_tcp;
  for (const address of options.listen ?? []) {
    const refusal = checkPlainTcp(parseAddress(address), insecureTcp);
    if (refusal) {
      throw new GatehouseError("bad-argument", refusal, "listen on 127.0.0.1, or add --insecure-tcp");
    }
    refuseProxied(address, config);
  }
  if (options.listen !== undefined) {
    toml = setKey(toml ?? "", "listen", "addresses", JSON.stringify(options.listen));
  }
  if (options.insecureTcp) toml = setKey(toml ?? "", "listen", "insecure_tcp", "true");
  return { toml, fileName };
}

/** One socket can't both demand a PROXY header and be without one. */
function refuseProxied(address: string, { listen }: Config): void {
  const name = formatAddress(parseAddress(address));
  if (!listen.proxied.some((text) => formatAddress(parseAddress(text)) === name)) return;
  throw new GatehouseError(
    "bad-argument",
    `--listen ${name}: the configuration has it in listen.proxied`,
    "leave it out of --listen: serve opens the configuration's proxied sockets by itself",
  );
}

/** The state directory, made if it isn't there. */
async function stateDir(path: string): Promise<string> {
  const next = "give --state a directory that can be written";
  if (path === "") throw new GatehouseError("bad-argument", "--state is empty", next);
  try {
    await Deno.mkdir(resolve(path), { recursive: true, mode: 0o700 });
    return resolve(path);
  } catch (error) {
    throw new GatehouseError(
      "bad-argument",
      `--state ${path}: ${error instanceof Error ? error.message : error}`,
      next,
    );
  }
}

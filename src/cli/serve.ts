// gatehouse serve: agent and signer on this machine, without a VM.
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { Agent } from "../agent/agent.ts";
import { openConfig } from "../agent/config_store/open.ts";
import { createLog } from "../agent/log/mod.ts";
import { networkApplier } from "../agent/network/network_applier.ts";
import { RemoteSigner } from "../signer/remote_signer.ts";
import { startSignerProcess } from "../signer/process.ts";
import { type EdgeProcess, startEdgeProcess } from "../edge/process.ts";
import { parseAddress } from "../transport/address.ts";
import { dialer } from "../transport/dial.ts";
import { buildDataplane } from "../vm/artifacts.ts";
import { GatehouseError } from "../vm/errors.ts";
import { CLI_NAME } from "../vm/owner.ts";
import { exists } from "../files/write_once.ts";
import { ensureRecoveryKey } from "../vm/recovery_key.ts";
import { ensureSealingKey } from "../vm/sealing_key.ts";
import { action, interrupted } from "./command.ts";
import { note, progressReporter } from "./output.ts";
import { REPO_ROOT } from "./root.ts";
import { admitClient, type GivenConfig, givenConfig, type ServeConfigFlags } from "./serve_config.ts";
import {
  checkCredentialFlags,
  type CredentialFlags,
  gatherCredentials,
  makesOwnTls,
  wantsTls,
} from "./serve_credentials.ts";
import { type ServedAddresses, tellReady } from "./serve_ready.ts";

interface ServeOptions extends ServeConfigFlags, CredentialFlags {
  state: string;
  sealingKey?: string;
  recoveryRecipient?: string;
  json?: boolean;
}

export function register(program: Command): void {
  program.command("serve")
    .summary("run agent and signer on this machine, without a VM")
    .option(
      "--listen <address...>",
      "tls://host:port, tcp://host:port, unix:///path, vsock://any:port (default: the configuration's)",
    )
    .option(
      "--gateway <address...>",
      "where HTTP comes in, of the same kinds (default: unix://STATE/http.sock, and a port with --tls)",
    )
    .requiredOption("--state <dir>", "where the sealed keys are kept")
    .option(
      "--sealing-key <file>",
      "what the keys are sealed with, 32 bytes (default: made beside the state)",
    )
    .option(
      "--recovery-recipient <file>",
      "to whom backups are encrypted, for good: an age recipient (default: a recovery key is made beside the state)",
    )
    .option("--config <file>", "configuration, TOML")
    .option(
      "--tls",
      "serve TLS, to clients with a certificate: at tls://127.0.0.1:50051 if nothing else is said",
    )
    .option("--tls-dir <dir>", "with the authority in this directory, as `gatehouse ca init` makes it")
    .option("--tls-cert <file>", "with this server certificate and those between it and its authority, PEM")
    .option("--tls-key <file>", "the key of --tls-cert, PEM")
    .option("--client-ca <file>", "the authorities of the clients' certificates, PEM")
    .option("--crl <file>", "what those authorities have revoked, PEM")
    .option(
      "--admin <file>",
      "the first administrator's public key, PEM or OpenSSH (default: a key is made beside the state)",
    )
    .option(
      "--credentials <dir>",
      "what the first start takes over; gatehouse.admin there is the first administrator's public key",
    )
    .option("--insecure-tcp", "allow plain TCP beyond loopback", false)
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
TLS without certificates of your own: an authority, a certificate for the server and one for a client are
made in STATE.tls, beside the state. Who else is to call gets one by \`gatehouse ca issue STATE.tls NAME --client\`.

Examples:
  gatehouse serve --listen tcp://127.0.0.1:50051 --state ./state
  gatehouse serve --listen unix:///run/gatehouse.sock vsock://any:50051 --state /var/lib/gatehouse
  gatehouse serve --tls --state ./state
  gatehouse serve --listen tls://0.0.0.0:443 unix:///run/gatehouse.sock --state /var/lib/gatehouse \\
    --tls-cert server.pem --tls-key server.key --client-ca clients.pem --crl revoked.pem`,
    )
    .action(action(({ json, signal }, options: ServeOptions) => serve(options, json, signal)));
}

async function serve(options: ServeOptions, json: boolean, signal: AbortSignal): Promise<void> {
  await checkCredentialFlags(options);
  let given = await givenConfig(options, resolve(options.state), wantsTls(options));
  const state = await makeStateDir(options.state);
  if (given.tlsHosts.length > 0 && await makesOwnTls(options)) given = admitClient(given, CLI_NAME);
  const progress = progressReporter();
  const binaries = await buildDataplane(REPO_ROOT, { onProgress: progress.report, signal });
  progress.done();

  const running = new AsyncDisposableStack();
  try {
    const signerSocket = join(state, "signer.sock");
    const recovery = await recoveryOf(options, state);
    const signerProcess = await startSignerProcess({
      binary: binaries.signer,
      socket: signerSocket,
      stateDir: state,
      sealingKeyFile: options.sealingKey ??
        await ensureSealingKey(
          `${state}.sealing-key`,
          ...["signer.db", "signer.db.copy"].map((file) => join(state, file)),
        ),
      recoveryRecipientFile: recovery.recipientFile,
      onLog: note,
    });
    running.defer(() => signerProcess.stop());
    // The signer holds the state's lock: what follows is the only agent that writes there.
    const credentials = await gatherCredentials(options, state, given.tlsHosts);
    const served = await startAgent(running, {
      given,
      state,
      signerSocket,
      credentialsDir: credentials.dir,
      edgeBinary: binaries.edge,
    });
    tellReady({ ...served, state, recoveryKey: recovery.identityFile, ...credentials }, json);
    await interrupted(signal);
  } finally {
    await running.disposeAsync();
  }
}

interface AgentStart {
  readonly given: GivenConfig;
  readonly state: string;
  readonly signerSocket: string;
  readonly credentialsDir: string;
  readonly edgeBinary: string;
}

/**
 * Starts the agent and, where there is a tls:// address, the edge.
 * @param running ends them, in the order that loses no call
 * @returns where they listen
 */
async function startAgent(running: AsyncDisposableStack, start: AgentStart): Promise<ServedAddresses> {
  const { given, state, signerSocket, credentialsDir } = start;
  const log = createLog();
  const stateDir = join(state, "agent");
  const kept = await openConfig({ ...given, stateDir, credentialsDir, log, strict: true });
  const { config } = kept.content;
  const tlsOf = (addresses: readonly string[]) =>
    addresses.filter((text) => parseAddress(text).transport === "tls").length;
  const grpcByTls = tlsOf(config.listen.addresses);
  const byTls = grpcByTls + tlsOf(config.gateway.addresses);
  const edge = byTls === 0 ? undefined : {
    dir: join(state, "edge"),
    backSocket: join(state, "edge-back.sock"),
    gatewayBackSocket: join(state, "edge-gateway-back.sock"),
    metricsSocket: join(state, "edge-metrics.sock"),
  };
  const signer = new RemoteSigner({
    address: `unix://${signerSocket}`,
    dial: dialer({ transport: "unix", path: signerSocket }),
    deadlineMs: config.signer.deadline_ms,
  });
  running.defer(() => signer.close());
  const agent = await Agent.start({
    kept,
    signer,
    log,
    strict: true,
    stateDir,
    credentialsDir,
    edge,
    appliers: [networkApplier(undefined)],
  });
  const started: { edge?: EdgeProcess } = {};
  // At once: the edge waits for its connections to end, which the agent's end ends.
  running.defer(async () => {
    await Promise.all([started.edge?.stop(), agent.shutdown()]);
  });
  started.edge = edge && await startEdgeProcess({
    binary: start.edgeBinary,
    configFile: join(edge.dir, "current", "edge.json"),
    addresses: byTls,
    onLog: note,
  });
  // The edge has those of gRPC first.
  const tls = (started.edge?.addresses ?? []).map((hostPort) => `tls://${hostPort}`);
  const own = (addresses: readonly string[], backSocket: string | undefined) =>
    addresses.filter((address) => address !== `unix://${backSocket}`);
  return {
    addresses: [...tls.slice(0, grpcByTls), ...own(agent.addresses, edge?.backSocket)],
    gateway: [...tls.slice(grpcByTls), ...own(agent.gatewayAddresses, edge?.gatewayBackSocket)],
  };
}

/**
 * Who opens the backups: whom the operator names, or a recovery key beside the state, made with a new store. An older
 * store may have another recipient, so none is made for it.
 */
async function recoveryOf(
  { recoveryRecipient }: ServeOptions,
  state: string,
): Promise<{ recipientFile?: string; identityFile?: string }> {
  if (recoveryRecipient !== undefined) return { recipientFile: recoveryRecipient };
  const identityFile = `${state}.recovery-key`;
  if (await exists(join(state, "signer.db")) && !await exists(identityFile)) return {};
  const recipientFile = `${state}.recovery-pub`;
  await ensureRecoveryKey(identityFile, recipientFile);
  return { recipientFile, identityFile };
}

/** The state directory, made if it isn't there. */
async function makeStateDir(path: string): Promise<string> {
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

// gatehouse up: from a clone to a VM that has answered over both transports.
import { resolve } from "node:path";
import type { Command } from "commander";
import { loadConfig } from "../agent/config/mod.ts";
import { examine, type ExamineOptions, formatFindings, install } from "../vm/doctor.ts";
import { GatehouseError } from "../vm/errors.ts";
import {
  boot,
  CLI_NAME,
  GATEWAY_TCP_PORT,
  GATEWAY_VSOCK_PORT,
  GUEST_PORT,
  type RunningVm,
} from "../vm/machine.ts";
import { DEFAULT_VM, ownVmPaths } from "../vm/paths.ts";
import { driftOf } from "../vm/drift.ts";
import { startPrometheus } from "../vm/prometheus.ts";
import { builtImage } from "../vm/image/built.ts";
import { action, wholeNumber } from "./command.ts";
import { readConfigText } from "./config.ts";
import { type CallRow, firstCalls } from "./first_calls.ts";
import { note, print, printJson, progressReporter, table } from "./output.ts";
import { CACHE_DIR, REPO_ROOT } from "./root.ts";
import { checkVmConfig } from "./vm_config.ts";
import { gatewayRows } from "./vm_gateway.ts";
import { vmIsHealthy } from "./vm_health.ts";

interface UpOptions {
  name: string;
  yes: boolean;
  locked: boolean;
  config?: string;
  port?: string;
  gatewayPort?: string;
  memory?: string;
  monitoring: boolean;
  credential: string[];
}

/** What `up` gives its VM when no file is named: both transports for gRPC and for the gateway, and the certificate that it made for this command line. */
const UP_CONFIG = `# Written by \`gatehouse up\`. The TLS ports are bound to the host's 127.0.0.1.
[listen]
addresses = ["vsock://any:${GUEST_PORT}", "tls://0.0.0.0:${GUEST_PORT}"]

[gateway]
addresses = ["vsock://any:${GATEWAY_VSOCK_PORT}", "tls://0.0.0.0:${GATEWAY_TCP_PORT}"]

[[access.identities]]
san = "dns:${CLI_NAME}"
role = "operator"
keys = ["*"]
`;

export function register(program: Command): void {
  program.command("up")
    .summary("build the image, boot the VM, call it")
    .option("--name <vm>", "several VMs run side by side under different names", DEFAULT_VM)
    .option("-y, --yes", "install what is missing without asking", false)
    .option("--locked", "a package version that differs from the lock file is an error", false)
    .option("--config <file>", "the VM's configuration, TOML (default: VSOCK and TLS)")
    .option("--port <n>", "port on the host's 127.0.0.1 (default: that of last time, or the first free one)")
    .option("--gateway-port <n>", "the same for the HTTP gateway")
    .option("--memory <MiB>", "the VM's memory")
    .option("--monitoring", "read the VM's metrics by Debian's Prometheus on this host, until `down`", false)
    .option("--credential <name=file...>", "further systemd credentials for the VM", [])
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  gatehouse up\n  gatehouse up --yes --name second\n  gatehouse up --monitoring\n  gatehouse up --config vm.toml",
    )
    .action(action(async ({ json, signal }, options: UpOptions) => {
      const started = performance.now();
      const configToml = options.config === undefined ? UP_CONFIG : await readConfigText(options.config);
      const configName = options.config ?? "(up's own)";
      const { tcpService, gateway } = checkVmConfig(loadConfig(configToml, configName), configName);
      if (tcpService === "none" && options.port !== undefined) {
        throw new GatehouseError(
          "bad-argument",
          `--port ${options.port}: ${configName} opens no TCP port`,
          "leave --port out, or add a tls:// address to listen.addresses",
        );
      }
      if (gateway.tcp === "none" && options.gatewayPort !== undefined) {
        throw new GatehouseError(
          "bad-argument",
          `--gateway-port ${options.gatewayPort}: ${configName} opens no TCP port for the gateway`,
          "leave --gateway-port out, or add a tls:// address to gateway.addresses",
        );
      }
      if (options.monitoring && gateway.tcp !== "tls") {
        throw new GatehouseError(
          "bad-argument",
          `--monitoring: ${configName} opens no TLS port for the gateway, where the metrics are`,
          "leave --monitoring out, or add a tls:// address to gateway.addresses",
        );
      }
      await prepare(options, json, signal);

      const progress = progressReporter();
      let built = false;
      let drift: readonly string[] = [];
      const vm = await boot({
        name: options.name,
        repoRoot: REPO_ROOT,
        configToml,
        tcpService,
        tcpPort: portOption("--port", options.port),
        gateway,
        gatewayPort: portOption("--gateway-port", options.gatewayPort),
        memoryMib: options.memory === undefined
          ? undefined
          : wholeNumber("--memory", options.memory, 512, 1_048_576),
        image: async () => {
          const result = await builtImage({
            repoRoot: REPO_ROOT,
            cacheDir: CACHE_DIR,
            locked: options.locked,
            onProgress: progress.report,
            signal,
          });
          ({ built, drift } = result);
          return result.image;
        },
        credentials: options.credential.map(parseCredential),
        isHealthy: vmIsHealthy,
        onProgress: progress.report,
        signal,
      }).finally(progress.done);

      if (vm.alreadyRunning && vm.imageDir !== undefined) drift = await driftOf(vm.imageDir, options.locked);
      for (const line of drift) note(`image drift: ${line}`);
      if (vm.alreadyRunning && await Deno.readTextFile(ownVmPaths(vm.name).config) !== configToml) {
        note(
          `VM ${vm.name} runs with another configuration than ${configName}; \`down\` and \`up\` to change it`,
        );
      }
      const calls = await firstCalls(vm, signal);
      const prometheus = options.monitoring ? await monitoringOf(vm, signal) : undefined;
      const seconds = (performance.now() - started) / 1000;
      if (json) {
        printJson({
          name: vm.name,
          addresses: vm.addresses,
          tls: vm.clientFiles,
          admin_key: ownVmPaths(vm.name).adminKey,
          prometheus,
          accel: vm.accel,
          built,
          drift,
          seconds: Number(seconds.toFixed(1)),
          calls,
        });
      } else report(vm, calls, seconds, vm.alreadyRunning, prometheus);
      return calls.every(({ verified }) => verified) ? 0 : 1;
    }));
}

const portOption = (option: string, text: string | undefined): number | undefined =>
  text === undefined ? undefined : wholeNumber(option, text, 1, 65_535);

/** QEMU's fw_cfg names have 55 characters at most, of which "opt/io.systemd.credentials/" takes 27. */
const MAX_CREDENTIAL_NAME = 28;

/** `name=file`, as systemd.system-credentials(7) names them. */
function parseCredential(text: string): { name: string; path: string } {
  const [, name, path] = /^([A-Za-z0-9._-]+)=(.+)$/.exec(text) ?? [];
  if (!name || !path) {
    throw new GatehouseError(
      "bad-argument",
      `--credential ${text}: not of the form name=file`,
      "give a name and a file",
    );
  }
  if (name.length > MAX_CREDENTIAL_NAME) {
    throw new GatehouseError(
      "bad-argument",
      `--credential ${name}: ${name.length} characters, QEMU passes names of at most ${MAX_CREDENTIAL_NAME}`,
      "choose a shorter name",
    );
  }
  return { name, path: resolve(path) };
}

/** Installs what is missing, or throws with the command that does. */
async function prepare(
  { yes, monitoring }: Pick<UpOptions, "yes" | "monitoring">,
  json: boolean,
  signal: AbortSignal,
): Promise<void> {
  const progress = progressReporter();
  progress.report({ step: "examine the machine", detail: "KVM is tried with a real guest" });
  const wanted: ExamineOptions = { purposes: monitoring ? ["monitoring"] : [] };
  const findings = await examine(REPO_ROOT, wanted);
  progress.done();
  if (!findings.some(({ state }) => state === "missing")) return;
  if (!json) note(formatFindings(findings));
  await install(findings, {
    repoRoot: REPO_ROOT,
    yes,
    ask: (question) => Promise.resolve(Deno.stdin.isTerminal() && confirm(question)),
    onProgress: progress.report,
    signal,
  }).finally(progress.done);
  const still = (await examine(REPO_ROOT, wanted)).filter(({ state }) => state === "missing");
  if (still.length > 0) {
    throw new GatehouseError(
      "missing-tool",
      `still missing: ${still.map(({ name, need }) => `${name} (${need})`).join(", ")}`,
      still.map(({ fix }) => fix?.command).filter(Boolean).join("; ") || "see `gatehouse doctor`",
    );
  }
}

/** @returns the URL of the Prometheus that reads this VM from now on */
async function monitoringOf(vm: RunningVm, signal: AbortSignal): Promise<string> {
  const gateway = vm.addresses.gateway?.tls;
  if (gateway === undefined) {
    throw new GatehouseError(
      "monitoring-failed",
      `VM ${vm.name} runs without a TLS port for its gateway, where the metrics are`,
      "`down` it, then `up --monitoring`",
    );
  }
  return await startPrometheus({
    dir: ownVmPaths(vm.name).monitoring,
    repoRoot: REPO_ROOT,
    target: gateway.replace("tls://", ""),
    files: vm.clientFiles,
    signal,
  });
}

function report(
  vm: RunningVm,
  calls: CallRow[],
  seconds: number,
  alreadyRunning: boolean,
  prometheus: string | undefined,
): void {
  const { name } = vm;
  print(
    alreadyRunning
      ? `VM ${name} runs already.`
      : `VM ${name} is up (${vm.accel === "kvm" ? "KVM" : "software emulation"}, ${seconds.toFixed(0)} s).`,
  );
  print("");
  print(table([
    ["transport", "call", "latency", "verified"],
    ...calls.map((
      { transport, call, latency_ms, verified },
    ) => [transport, call, `${latency_ms.toFixed(1)} ms`, verified ? "yes" : "NO"]),
  ]));
  print("");
  if (vm.addresses.vsock) print(`VSOCK  ${vm.addresses.vsock}`);
  if (vm.addresses.tls) print(`TLS    ${vm.addresses.tls}  (bound to this host's 127.0.0.1 only)`);
  if (vm.addresses.tcp) print(`TCP    ${vm.addresses.tcp}  (plain, bound to this host's 127.0.0.1 only)`);
  for (const [label, address] of gatewayRows(vm.addresses.gateway)) {
    const bound = address.startsWith("http")
      ? "the gateway, bound to this host's 127.0.0.1 only"
      : "the gateway";
    print(`${label.padEnd(5)}  ${address}  (${bound})`);
  }
  if (prometheus !== undefined) {
    print(`Prometheus  ${prometheus}  (its alerts: ${prometheus}/alerts; ends with \`down\`)`);
  }
  if (vm.addresses.tls) print(`\nWith this VM's certificates:\n  ${grpcurlCommand(vm, vm.addresses.tls)}`);
  const named = name === DEFAULT_VM ? "" : ` --name ${name}`;
  print(`
Next:
  ./gatehouse echo hello${named}
  ./gatehouse sign FILE --out raw -o FILE.sig${named}
  ./gatehouse page${named}    opens the gateway and its page to this machine's browser
  ./gatehouse status${named}    ./gatehouse logs -f${named}    ./gatehouse down${named}`);
}

/** For other tools than ours: the three files that they want. */
function grpcurlCommand({ clientFiles: { ca, cert, key } }: RunningVm, address: string): string {
  return `grpcurl -cacert ${ca} -cert ${cert} -key ${key} ${address.replace("tls://", "")} list`;
}

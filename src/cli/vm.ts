// gatehouse status, logs, down: what one does with a VM that `up` started.
import type { Command } from "commander";
import { GatehouseError } from "../vm/errors.ts";
import { addressList, destroy, list, logs, status, stop, type VmStatus } from "../vm/machine.ts";
import { DEFAULT_VM } from "../vm/paths.ts";
import { type AdminOptions, adminOptions, withAdmin } from "./admin_client.ts";
import { callsOf } from "./appliance/appliance_calls.ts";
import { eventJson, eventLine } from "./appliance/event_view.ts";
import { followEvents } from "./appliance/follow_events.ts";
import { lookAt, lookJson, lookText } from "./appliance/look.ts";
import { action, wholeNumber } from "./command.ts";
import { note, print, printJson, printJsonLine, progressReporter, table } from "./output.ts";
import { callsOwnVm } from "./server_option.ts";
import { gatewayRows } from "./vm_gateway.ts";
import { vmIsHealthy } from "./vm_health.ts";

/** `status` answers within this, whatever the agent does. */
const LOOK_MS = 30_000;

interface LogsOptions extends AdminOptions {
  follow: boolean;
  events: boolean;
  after?: string;
}

export function register(program: Command): void {
  registerStatus(program);
  registerLogs(program);
  registerDown(program);
}

function registerStatus(program: Command): void {
  adminOptions(program.command("status"))
    .summary("how the VM is, and what runs in it")
    .option("--all", "every VM on this machine, its state only")
    .addHelpText(
      "after",
      `
Shows the VM's own state and, with the administrator's key or a certificate of role operator, what
the agent says of itself: version, uptime, clock, configuration, transports, certificates, units,
the last events. Without either: its health, and what to do. Ends with 3 when the VM isn't ready.

Examples:
  gatehouse status
  gatehouse status --all --json
  gatehouse status --server unix:///run/gatehouse.sock --admin-key ./alice.key
  gatehouse status --server tls://gatehouse.example:50051 --ca ca.pem --cert me.pem --key me.key`,
    )
    .action(action(async ({ json, signal }, options: AdminOptions & { all?: boolean }) => {
      const isHealthy = (vm: Parameters<typeof vmIsHealthy>[0]) => vmIsHealthy(vm, signal);
      if (options.all) {
        const all = await list({ isHealthy });
        if (json) printJson(all.map((row) => "status" in row ? jsonOf(row.status) : row));
        else if (all.length === 0) print("no VM yet; ./gatehouse up makes one");
        else print(table([["VM", "phase", "addresses"], ...all.map(rowOf)]));
        return;
      }
      const timeLimit = AbortSignal.any([signal, AbortSignal.timeout(LOOK_MS)]);
      if (!callsOwnVm(options)) {
        const look = await lookAt(options, timeLimit);
        if (json) printJson(lookJson(look));
        else print(lookText(look));
        return "status" in look ? 0 : 1;
      }
      const vm = await status(options.name, { isHealthy });
      const look = vm.phase === "ready" ? await lookAt(options, timeLimit) : undefined;
      if (json) printJson({ ...jsonOf(vm), agent: look && lookJson(look) });
      else {
        printStatus(vm);
        if (look) print(lookText(look));
      }
      return vm.phase === "ready" ? 0 : 3;
    }));
}

function registerLogs(program: Command): void {
  adminOptions(program.command("logs"))
    .summary("the VM's log: kernel, units, agent, signer; or the agent's events")
    .option("-f, --follow", "go on as it grows, until Ctrl-C", false)
    .option("--events", "the agent's events: starts, changes, denials, losses", false)
    .option("--after <number>", "with --events: only those after this one")
    .addHelpText(
      "after",
      `
With --events -f a stream that breaks is taken up again after the last event that was seen.
With --json: one JSON object a line.

Examples:
  gatehouse logs
  gatehouse logs -f
  gatehouse logs --json | tail -n 5
  gatehouse logs --events
  gatehouse logs --events -f --json
  gatehouse logs --events --after 120 --server unix:///run/gatehouse.sock --admin-key ./alice.key`,
    )
    .action(action(async ({ json, signal }, options: LogsOptions) => {
      if (options.events) return await printEvents(options, json, signal);
      if (options.server !== undefined || options.after !== undefined) {
        throw new GatehouseError(
          "bad-argument",
          `--${
            options.server === undefined ? "after" : "server"
          } is for events: a VM's log lies on this machine`,
          "add --events, or leave the option out",
        );
      }
      for await (const line of logs(options.name, { follow: options.follow, signal })) {
        if (json) printJsonLine({ line });
        else print(line);
      }
    }));
}

function registerDown(program: Command): void {
  program.command("down")
    .summary("stop the VM; its keys stay")
    .option("--name <vm>", "which VM", DEFAULT_VM)
    .option("--purge", "remove its disk and its keys too, for good", false)
    .option("--json", "print JSON")
    .addHelpText("after", "\nExamples:\n  gatehouse down\n  gatehouse down --name second --purge")
    .action(action(async ({ json }, options: { name: string; purge: boolean }) => {
      const progress = progressReporter();
      const stopping = { onProgress: progress.report };
      const ending = await (options.purge ? destroy(options.name, stopping) : stop(options.name, stopping))
        .finally(progress.done);
      if (json) printJson({ name: options.name, stopped: true, purged: options.purge, ending });
      else if (options.purge) print(`VM ${options.name} is gone, its keys too.`);
      else print(`VM ${options.name} is down. Its keys stay; \`./gatehouse up\` boots it again.`);
    }));
}

async function printEvents(options: LogsOptions, json: boolean, signal: AbortSignal): Promise<void> {
  const after = options.after === undefined
    ? 0
    : wholeNumber("--after", options.after, 0, Number.MAX_SAFE_INTEGER);
  await withAdmin(options, signal, async (client) => {
    const events = followEvents(callsOf(client), { after, follow: options.follow, signal, onNotice: note });
    for await (const event of events) {
      if (json) printJsonLine(eventJson(event));
      else print(eventLine(event));
    }
  });
}

const rowOf = (row: Awaited<ReturnType<typeof list>>[number]): string[] =>
  "status" in row
    ? [
      row.name,
      row.status.phase,
      addressList(row.status).join(","),
    ]
    : [row.name, "?", row.error];

function jsonOf(vm: VmStatus) {
  return {
    name: vm.name,
    phase: vm.phase,
    problem: vm.problem,
    addresses: vm.addresses,
    cid: vm.cid,
    accel: vm.accel,
    qemu_pid: vm.pid,
    uptime_ms: vm.uptimeMs,
    attempts: vm.attempts,
    dir: vm.stateDir,
    serial_log: vm.serialLog,
  };
}

function printStatus(vm: VmStatus): void {
  print(`VM ${vm.name}: ${vm.phase}${vm.problem ? ` (${vm.problem})` : ""}`);
  if (vm.phase === "stopped") return print("Next: ./gatehouse up");
  if (vm.addresses.vsock) print(`VSOCK   ${vm.addresses.vsock}`);
  if (vm.addresses.tls) print(`TLS     ${vm.addresses.tls}`);
  if (vm.addresses.tcp) print(`TCP     ${vm.addresses.tcp}`);
  for (const [label, address] of gatewayRows(vm.addresses.gateway)) print(`${label.padEnd(6)}  ${address}`);
  print(`CPU     ${vm.accel === "kvm" ? "KVM" : "software emulation"}`);
  if (vm.uptimeMs !== undefined) print(`uptime  ${Math.round(vm.uptimeMs / 1000)} s (process ${vm.pid})`);
  print(`state   ${vm.stateDir}`);
}

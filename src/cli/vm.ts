// gatehouse status, logs, down: what one does with a VM that `up` started.
import type { Command } from "commander";
import { addressList, destroy, list, logs, status, stop, type VmStatus } from "../vm/machine.ts";
import { DEFAULT_VM } from "../vm/paths.ts";
import { action } from "./command.ts";
import { print, printJson, printJsonLine, progressReporter, table } from "./output.ts";
import { vmIsHealthy } from "./vm_health.ts";

interface NameOption {
  name: string;
}

export function register(program: Command): void {
  const vmCommand = (name: string, summary: string) =>
    program.command(name).summary(summary).option("--name <vm>", "which VM", DEFAULT_VM);

  vmCommand("status", "how the VM is")
    .option("--all", "every VM")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExamples:\n  gatehouse status\n  gatehouse status --all --json")
    .action(action(async ({ json, signal }, options: NameOption & { all?: boolean }) => {
      const isHealthy = (vm: Parameters<typeof vmIsHealthy>[0]) => vmIsHealthy(vm, signal);
      if (options.all) {
        const all = await list({ isHealthy });
        if (json) printJson(all.map((row) => "status" in row ? jsonOf(row.status) : row));
        else if (all.length === 0) print("no VM yet; ./gatehouse up makes one");
        else print(table([["VM", "phase", "addresses"], ...all.map(rowOf)]));
        return;
      }
      const vm = await status(options.name, { isHealthy });
      if (json) printJson(jsonOf(vm));
      else printStatus(vm);
      return vm.phase === "ready" ? 0 : 3;
    }));

  vmCommand("logs", "the VM's log: kernel, units, agent, signer")
    .option("-f, --follow", "go on as it grows, until Ctrl-C", false)
    .option("--json", "print one JSON object a line")
    .addHelpText(
      "after",
      "\nExamples:\n  gatehouse logs\n  gatehouse logs -f\n  gatehouse logs --json | tail -n 5",
    )
    .action(action(async ({ json, signal }, options: NameOption & { follow: boolean }) => {
      for await (const line of logs(options.name, { follow: options.follow, signal })) {
        if (json) printJsonLine({ line });
        else print(line);
      }
    }));

  vmCommand("down", "stop the VM; its keys stay")
    .option("--purge", "remove its disk and its keys too, for good", false)
    .option("--json", "print JSON")
    .addHelpText("after", "\nExamples:\n  gatehouse down\n  gatehouse down --name second --purge")
    .action(action(async ({ json }, options: NameOption & { purge: boolean }) => {
      const progress = progressReporter();
      const stopping = { onProgress: progress.report };
      const ending = await (options.purge ? destroy(options.name, stopping) : stop(options.name, stopping))
        .finally(progress.done);
      if (json) printJson({ name: options.name, stopped: true, purged: options.purge, ending });
      else if (options.purge) print(`VM ${options.name} is gone, its keys too.`);
      else print(`VM ${options.name} is down. Its keys stay; \`./gatehouse up\` boots it again.`);
    }));
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
  print(`CPU     ${vm.accel === "kvm" ? "KVM" : "software emulation"}`);
  if (vm.uptimeMs !== undefined) print(`uptime  ${Math.round(vm.uptimeMs / 1000)} s (process ${vm.pid})`);
  print(`state   ${vm.stateDir}`);
}

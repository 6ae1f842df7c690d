// gatehouse doctor: what this machine has, what is missing, what installs it.
import type { Command } from "commander";
import { examine, formatFindings } from "../vm/doctor.ts";
import { action } from "./command.ts";
import { print, printJson, progressReporter } from "./output.ts";
import { REPO_ROOT } from "./root.ts";

export function register(program: Command): void {
  program.command("doctor")
    .summary("check what this machine has and what is missing")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  gatehouse doctor --json")
    .action(action(async ({ json }) => {
      const progress = progressReporter();
      progress.report({ step: "examine the machine", detail: "KVM is tried with a real guest" });
      const findings = await examine(REPO_ROOT);
      progress.done();
      if (json) printJson(findings);
      else print(formatFindings(findings));
      return findings.some(({ state }) => state === "missing") ? 1 : 0;
    }));
}

// Brings what the stages need to a bare machine, where that may be done without
// asking: as root. Elsewhere it names what is missing, and the stages skip or fail.
import { note, progressReporter } from "../src/cli/output.ts";
import { REPO_ROOT } from "../src/cli/root.ts";
import { commandsFor, examine, formatFindings, install } from "../src/vm/doctor.ts";

/** @returns when everything is there, or all was done that may be done */
export async function prepareMachine(signal: AbortSignal): Promise<void> {
  const findings = await examine(REPO_ROOT, { purposes: ["monitoring", "tests"] });
  if (!findings.some(({ state }) => state === "missing")) return;
  note(formatFindings(findings));
  if (Deno.uid() !== 0) {
    note(`\nNot installed, since this is not root. Next:\n  ${commandsFor(findings).join("\n  ")}`);
    return;
  }
  const progress = progressReporter();
  await install(findings, {
    repoRoot: REPO_ROOT,
    yes: true,
    ask: () => Promise.resolve(true),
    onProgress: progress.report,
    signal,
  }).finally(progress.done);
}

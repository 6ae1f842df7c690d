// gatehouse test: every check that the project has, the fast ones first.
import type { Command } from "commander";
import { runTests } from "../../tests/run.ts";
import { stages } from "../../tests/stages.ts";
import { action } from "./command.ts";

interface TestOptions {
  quick: boolean;
  only?: string[];
}

export function register(program: Command): void {
  program.command("test")
    .summary("run every check")
    .option("--quick", "format, lint, types and unit tests: under three minutes", false)
    .option("--only <stage...>", "just these stages")
    .addHelpText("after", `\nStages:\n${stageList()}`)
    .addHelpText(
      "after",
      "\nExamples:\n  gatehouse test\n  gatehouse test --quick\n  gatehouse test --only vm",
    )
    .action(action(({ signal }, options: TestOptions) => runTests({ ...options, signal })));
}

function stageList(): string {
  const width = Math.max(...stages.map(({ name }) => name.length));
  return stages.map(({ name, what, onDemand }) =>
    `  ${name.padEnd(width)}  ${what}${onDemand ? " (only when named)" : ""}`
  ).join("\n");
}

// gatehouse config: checks a configuration file before anything runs on it, and changes that of a server that runs.
import type { Command } from "commander";
import { checkConfig, configReference } from "../agent/config/mod.ts";
import { action } from "./command.ts";
import { registerChanging } from "./config_versions/change_commands.ts";
import { registerReading } from "./config_versions/read_commands.ts";
import { readInput } from "./files.ts";
import { note, print, printJson } from "./output.ts";

/** A configuration has a few dozen lines; this bounds a wrong file. */
const MAX_CONFIG_BYTES = 1024 * 1024;

/** The text of a configuration file. @throws GatehouseError when it can't be read or is far too large */
export async function readConfigText(path: string): Promise<string> {
  return new TextDecoder().decode(
    await readInput(path, MAX_CONFIG_BYTES, "name a configuration: `gatehouse config reference` shows one"),
  );
}

export function register(program: Command): void {
  const config = program.command("config").summary(
    "check a configuration file, and get or change that of a server",
  )
    .addHelpText(
      "after",
      `
Changes go over VSOCK and Unix sockets only, proven with an enrolled key (--admin-key).

Examples:
  gatehouse config check gatehouse.toml
  gatehouse config reference
  gatehouse config get > gatehouse.toml
  gatehouse config apply gatehouse.toml --confirm-within 60s
  gatehouse config history
  gatehouse config rollback 3`,
    );
  config.command("check")
    .summary("find what is wrong with a configuration file, without a server")
    .argument("<file>", "TOML; - reads standard input")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  gatehouse config check gatehouse.toml")
    .action(action(async ({ json }, file: string) => {
      const problems = checkConfig(await readConfigText(file), file);
      if (json) printJson({ ok: problems.length === 0, problems });
      else if (problems.length === 0) print(`${file}: ok`);
      else {
        for (const { line, column, key, reason, next } of problems) {
          note(`${file}:${line}:${column}: ${key ? `${key}: ` : ""}${reason}${next ? ` (${next})` : ""}`);
        }
      }
      return problems.length === 0 ? 0 : 1;
    }));
  registerReading(config);
  registerChanging(config);
  config.command("reference")
    .summary("every key, its default and what it does, as Markdown")
    .addHelpText("after", "\nExample:\n  gatehouse config reference | less")
    .action(action(() => Promise.resolve(print(configReference()))));
}

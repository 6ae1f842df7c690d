// gatehouse config get|confirm|history: the versions that a server has, and keeping the one in force.
import type { Command } from "commander";
import { type AdminOptions, adminOptions, withAdmin } from "../admin_client.ts";
import { action } from "../command.ts";
import { note, print, printBytes, printJson, table } from "../output.ts";
import { confirmConfig, entryOf, getVersion, history, stateOf, versionNumber } from "./calls.ts";

export function registerReading(config: Command): void {
  registerGet(config);
  registerConfirm(config);
  registerHistory(config);
}

function registerGet(config: Command): void {
  adminOptions(config.command("get"))
    .summary("the configuration that a server has in force, as a file")
    .option("--version <number>", "another version that is kept")
    .addHelpText(
      "after",
      "\nExamples:\n  gatehouse config get > gatehouse.toml\n  gatehouse config get --version 3 --json",
    )
    .action(action(async ({ json, signal }, options: AdminOptions & { version?: string }) => {
      const wanted = options.version === undefined ? 0 : versionNumber("--version", options.version);
      const found = await withAdmin(options, signal, (client) => getVersion(client, wanted));
      if (json) return printJson(entryOf(found));
      printBytes(new TextEncoder().encode(found.toml));
      note(`# version ${found.version}, by ${found.applied_by}${withComma(stateOf(found))}`);
    }));
}

function registerConfirm(config: Command): void {
  adminOptions(config.command("confirm"))
    .summary("keep a version that would be undone by itself")
    .argument("[version]", "the one that is meant (default: the one in force)")
    .addHelpText("after", "\nExample:\n  gatehouse config confirm 4")
    .action(action(async ({ json, signal }, version: string | undefined, options: AdminOptions) => {
      const confirmed = await withAdmin(options, signal, async (client) => {
        const number = version === undefined
          ? (await getVersion(client, 0)).version.toNumber()
          : versionNumber("version", version);
        return await confirmConfig(client, number);
      });
      if (json) printJson(entryOf(confirmed));
      else print(`Version ${confirmed.version} stays`);
    }));
}

function registerHistory(config: Command): void {
  adminOptions(config.command("history"))
    .summary("the versions that a server keeps")
    .addHelpText("after", "\nExamples:\n  gatehouse config history\n  gatehouse config history --json")
    .action(action(async ({ json, signal }, options: AdminOptions) => {
      const versions = await withAdmin(options, signal, history);
      if (json) return printJson({ versions: versions.map(entryOf) });
      print(table([
        ["VERSION", "APPLIED", "BY", "STATE", "COMMENT"],
        ...versions.map((one) => [
          String(one.version),
          new Date(one.applied_at_ms.toNumber()).toISOString(),
          one.applied_by,
          stateOf(one),
          one.comment,
        ]),
      ]));
    }));
}

const withComma = (state: string): string => state === "" ? "" : `, ${state}`;

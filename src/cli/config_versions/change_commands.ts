// gatehouse config apply|rollback: another configuration for a server that runs.
import type { Command } from "commander";
import { MAX_CONFIRM_S } from "../../agent/config_store/control.ts";
import type { ConfigVersion, TlsMaterialInit } from "../../proto/mod.ts";
import { GatehouseError } from "../../vm/errors.ts";
import { type AdminClient, type AdminOptions, adminOptions, withAdmin } from "../admin_client.ts";
import { action } from "../command.ts";
import { readInput } from "../files.ts";
import { note, print, printJson } from "../output.ts";
import { parseSeconds } from "../times.ts";
import { applyConfig, entryOf, getVersion, inFile, rollbackConfig, versionNumber } from "./calls.ts";
import { confirmAfter, type ConfirmMode, confirmMode, type Outcome } from "./confirm_after.ts";
import { diffText } from "./diff.ts";

/** What the server takes of each part; more is a wrong file. */
const MAX_FILE_BYTES = 256 * 1024;

interface ConfirmOptions extends AdminOptions {
  confirmWithin: string;
  confirm?: string;
}

interface ApplyOptions extends ConfirmOptions {
  tlsCert?: string;
  tlsKey?: string;
  clientCa?: string;
  crl?: string;
  dryRun?: boolean;
  comment: string;
  expectedVersion?: string;
}

export function registerChanging(config: Command): void {
  registerApply(config);
  registerRollback(config);
}

function confirmOptions(command: Command): Command {
  return command
    .option("--confirm-within <time>", "undo it unless it is confirmed in time, like 60s or 5m", "0")
    .option(
      "--confirm <auto|ask|no>",
      "with --confirm-within: confirm once a new connection reaches the server, ask first, or leave it to " +
        "`gatehouse config confirm` (default: ask on a terminal, else no)",
    );
}

function registerApply(config: Command): void {
  confirmOptions(adminOptions(config.command("apply")))
    .summary("put another configuration or other certificates in force")
    .argument("[file]", "TOML; - reads standard input; left out: only what the options give changes")
    .option("--tls-cert <file>", "the server's certificate and those above it, PEM; an empty file removes it")
    .option("--tls-key <file>", "its private key, PEM")
    .option("--client-ca <file>", "the CA of the clients' certificates, PEM")
    .option("--crl <file>", "revocation lists, PEM")
    .option("--dry-run", "check, show what would change, and change nothing")
    .option("--comment <text>", "why, for the history", "")
    .option("--expected-version <number>", "refuse when another version is in force")
    .addHelpText(
      "after",
      `
Examples:
  gatehouse config get > gatehouse.toml
  gatehouse config apply gatehouse.toml --dry-run
  gatehouse config apply gatehouse.toml --confirm-within 60s --comment "two more listeners"
  gatehouse config apply --tls-cert server.pem --tls-key server.key
  gatehouse config apply gatehouse.toml --confirm-within 60s --confirm auto`,
    )
    .action(action(async ({ json, signal }, file: string | undefined, options: ApplyOptions) => {
      const within = seconds(options.confirmWithin);
      const mode = confirmMode(options.confirm, within);
      const tls = await tlsMaterial(options);
      if (file === undefined && tls === undefined) {
        throw new GatehouseError(
          "bad-argument",
          "there is nothing to apply",
          "name a file, or give --tls-cert and --tls-key, --client-ca or --crl",
        );
      }
      const toml = file === undefined ? undefined : await text(file);
      const { before, after } = await withAdmin(options, signal, async (client) => {
        const before = await getVersion(client, 0);
        const request = {
          expected_version: options.expectedVersion === undefined
            ? before.version
            : versionNumber("--expected-version", options.expectedVersion),
          toml,
          tls,
          confirm_within_s: within,
          comment: options.comment,
          dry_run: options.dryRun ?? false,
        };
        try {
          return { before, after: await applyConfig(client, request) };
        } catch (error) {
          throw inFile(error, file ?? "toml");
        }
      });
      if (!json) tellChange(before, after, tls);
      if (options.dryRun) {
        if (json) printJson({ ...entryOf(after), dry_run: true, diff: diffText(before.toml, after.toml) });
        else print("Nothing has changed: this was a dry run");
        return;
      }
      return await finish(before, after, within, options, mode, signal, json);
    }));
}

function registerRollback(config: Command): void {
  confirmOptions(adminOptions(config.command("rollback")))
    .summary("put an older version's content in force again")
    .argument("<version>", "as `gatehouse config history` has it")
    .addHelpText(
      "after",
      "\nExamples:\n  gatehouse config rollback 3\n  gatehouse config rollback 3 --confirm-within 60s",
    )
    .action(action(async ({ json, signal }, version: string, options: ConfirmOptions) => {
      const within = seconds(options.confirmWithin);
      const mode = confirmMode(options.confirm, within);
      const wanted = versionNumber("version", version);
      const { before, after } = await withAdmin(options, signal, async (client: AdminClient) => {
        const before = await getVersion(client, 0);
        const request = { version: wanted, expected_version: before.version, confirm_within_s: within };
        return { before, after: await rollbackConfig(client, request) };
      });
      if (!json) tellChange(before, after, tlsChange(before, after));
      return await finish(before, after, within, options, mode, signal, json);
    }));
}

/** Confirms as asked, and says how it stands. Exit code 1: it will be undone, since nobody got through. */
async function finish(
  before: ConfigVersion,
  after: ConfigVersion,
  within: number,
  options: AdminOptions,
  mode: ConfirmMode,
  signal: AbortSignal,
  json: boolean,
): Promise<number> {
  const outcome: Outcome | undefined = within === 0
    ? undefined
    : await confirmAfter(after, options, mode, signal);
  if (json) printJson({ ...entryOf(after), diff: diffText(before.toml, after.toml), ...outcome });
  else if (outcome === undefined) print(`Version ${after.version} is in force`);
  else if (outcome.confirmed) print(`Version ${after.version} is in force and confirmed`);
  return outcome?.reached === false ? 1 : 0;
}

function tellChange(before: ConfigVersion, after: ConfigVersion, tls: TlsMaterialInit | undefined): void {
  const lines = diffText(before.toml, after.toml);
  for (const line of lines) print(line);
  const parts = Object.entries(tls ?? {}).filter(([, pem]) => pem !== undefined);
  for (const [name, pem] of parts) print(`${pem === "" ? "-" : "+"} tls.${name}`);
  if (lines.length === 0 && parts.length === 0) print("The text is the one in force");
  for (const warning of after.warnings) note(`Warning: ${warning}`);
}

/** What differs of the parts that an answer has; the private key is in none. */
function tlsChange(before: ConfigVersion, after: ConfigVersion): TlsMaterialInit {
  const parts = ["certificate_pem", "client_ca_pem", "crl_pem"] as const;
  return Object.fromEntries(
    parts.map((part) => [part, before.tls?.[part] ?? "", after.tls?.[part] ?? ""] as const)
      .filter(([, was, is]) => was !== is).map(([part, , is]) => [part, is]),
  );
}

async function tlsMaterial(options: ApplyOptions): Promise<TlsMaterialInit | undefined> {
  const { tlsCert, tlsKey, clientCa, crl } = options;
  if ([tlsCert, tlsKey, clientCa, crl].every((file) => file === undefined)) return undefined;
  const part = (file: string | undefined) => file === undefined ? undefined : text(file);
  return {
    certificate_pem: await part(tlsCert),
    private_key_pem: await part(tlsKey),
    client_ca_pem: await part(clientCa),
    crl_pem: await part(crl),
  };
}

const text = async (file: string): Promise<string> =>
  new TextDecoder().decode(await readInput(file, MAX_FILE_BYTES, "give the file that is meant"));

/** "60s", "5m", "1h", or seconds. */
function seconds(given: string): number {
  const value = parseSeconds(given);
  if (value !== undefined && value <= MAX_CONFIRM_S) return value;
  throw new GatehouseError(
    "bad-argument",
    `--confirm-within ${given}: no time up to an hour`,
    "write it like 60s or 5m; 0 for no confirmation",
  );
}

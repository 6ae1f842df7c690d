// gatehouse restore: keys out of a backup into a server. The recovery identity must never leave here in clear.
import { Buffer } from "node:buffer";
import type { Command } from "commander";
import type { RestoreRequestInit, RestoreResponse } from "../proto/mod.ts";
import { digestFile, fileParts } from "../files/streamed_file.ts";
import { exists } from "../files/write_once.ts";
import { AgeError, readIdentity } from "../recovery/age.ts";
import { GatehouseError } from "../vm/errors.ts";
import { ownVmPaths } from "../vm/paths.ts";
import { type AdminOptions, adminOptions, withAdmin } from "./admin_client.ts";
import { idsOption } from "./backup.ts";
import { action } from "./command.ts";
import { readInput } from "./files.ts";
import { note, print, printJson } from "./output.ts";
import { callsOwnVm } from "./server_option.ts";
import { withProgress } from "./signing/late_progress.ts";
import { sealForSigner } from "./transport_key.ts";

/** One line, and comments. */
const MAX_IDENTITY_BYTES = 16_384;

interface RestoreOptions extends Omit<AdminOptions, "key"> {
  identity?: string;
  key?: string[];
  skipExisting?: boolean;
  replaceDefaults?: boolean;
  dryRun?: boolean;
}

export function register(program: Command): void {
  adminOptions(program.command("restore"), undefined, idsOption("restore"))
    .summary("put keys of a backup into a server")
    .argument("<file>", "as `gatehouse backup create` wrote it")
    .option(
      "--identity <file>",
      "the recovery key, AGE-SECRET-KEY-1…; - for standard input (default: recovery.key of the running VM)",
    )
    .option("--skip-existing", "leave keys alone that are there already (default: refuse the whole)")
    .option(
      "--replace-defaults",
      "the backup's default-… keys take the place of the server's own, which are lost (default: refuse)",
    )
    .option("--dry-run", "check it whole, say what would be restored, and change nothing")
    .addHelpText(
      "after",
      `
The file is checked whole before anything changes: a wrong key or a cut file changes nothing.
The identity is encrypted here, to the signer's transport key: it lies in clear neither on the way nor in the agent.
Every server makes default-… keys of its own at its first start: a whole backup goes into another one with
--replace-defaults (those of the backup sign there from then on) or --skip-existing (its own stay).

Examples:
  gatehouse restore keys.age --identity recovery.key --dry-run
  gatehouse restore keys.age --identity recovery.key --replace-defaults
  gatehouse restore keys.age --identity recovery.key --key release --skip-existing
  pass show gatehouse/recovery | gatehouse restore keys.age --identity -`,
    )
    .action(action(async ({ json, signal }, file: string, options: RestoreOptions) => {
      const found = await sizeAndDigest(file);
      const identity = await identityOf(options);
      await withAdmin({ ...options, key: undefined }, signal, async (client) => {
        const start = {
          sealed_identity: await sealForSigner(client, new TextEncoder().encode(identity)),
          sha256: new Uint8Array(Buffer.from(found.sha256, "hex")),
          bytes: found.bytes,
          ids: options.key ?? [],
          skip_existing: Boolean(options.skipExisting),
          replace_well_known: Boolean(options.replaceDefaults),
          dry_run: Boolean(options.dryRun),
        };
        const { restored, skipped, ...counts } = await client.clientStream<
          RestoreRequestInit,
          RestoreResponse
        >(
          "/gatehouse.v1.Backup/Restore",
          { start },
          async function* () {
            for await (const data of withProgress("restore", fileParts(file), found.bytes)) yield { data };
          },
        );
        const [restored_count, skipped_count] = [counts.restored_count, counts.skipped_count].map(Number);
        if (json) {
          return printJson({ dry_run: start.dry_run, restored, skipped, restored_count, skipped_count });
        }
        const tell = (verb: string, ids: string[], count: number) => {
          for (const id of ids) print(`${verb}  ${id}`);
          if (count > ids.length) print(`${verb}  ${count - ids.length} more`);
        };
        tell(start.dry_run ? "would restore" : "restored", restored, restored_count);
        tell(start.dry_run ? "would skip" : "skipped", skipped, skipped_count);
        if (restored_count + skipped_count === 0) print("There is no key in it.");
        if (start.dry_run) note("Nothing has changed. Without --dry-run it is done.");
      });
    }));
}

async function sizeAndDigest(file: string) {
  const next = "give the file that `gatehouse backup create` wrote";
  try {
    const found = await digestFile(file);
    if (found.bytes > 0) return found;
  } catch (error) {
    throw new GatehouseError(
      "bad-argument",
      `can't read ${file}: ${error instanceof Error ? error.message : error}`,
      next,
    );
  }
  throw new GatehouseError("bad-argument", `${file} is empty`, next);
}

async function identityOf(options: RestoreOptions): Promise<string> {
  const next =
    "give the identity of the backup's recipient with --identity FILE; `gatehouse backup keygen` made it";
  const own = ownVmPaths(options.name).recoveryKey;
  const file = options.identity ?? (callsOwnVm(options) && await exists(own) ? own : undefined);
  if (file === undefined) {
    throw new GatehouseError("bad-argument", "no --identity: who opens the backup?", next);
  }
  const text = new TextDecoder().decode(await readInput(file, MAX_IDENTITY_BYTES, next));
  const mode = file === "-" ? 0 : (await Deno.stat(file)).mode ?? 0;
  if ((mode & 0o077) !== 0) note(`Warning: others can read ${file}: chmod 600 ${file}`);
  try {
    return (await readIdentity(text)).identity;
  } catch (error) {
    if (!(error instanceof AgeError)) throw error;
    throw new GatehouseError("bad-argument", `--identity ${file}: ${error.message}`, next);
  }
}

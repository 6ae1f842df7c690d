// gatehouse backup: the key store as a file that only the holder of the recovery key can open.
import { type Command, Option } from "commander";
import type {
  BackupChunk,
  CreateBackupRequestInit,
  RecoveryRecipient,
  SetRecipientRequestInit,
} from "../proto/mod.ts";
import { digestFile, writeNew, type Written } from "../files/streamed_file.ts";
import { exists } from "../files/write_once.ts";
import { AgeError, checkRecipient, identityFile, makeIdentity, readIdentity } from "../recovery/age.ts";
import { ageFault, MAX_HEADER_BYTES } from "../recovery/age_file.ts";
import { GatehouseError } from "../vm/errors.ts";
import { type AdminClient, type AdminOptions, adminOptions, withAdmin } from "./admin_client.ts";
import { action } from "./command.ts";
import { readInput } from "./files.ts";
import { note, print, printBytes, printJson } from "./output.ts";
import { collect } from "./repeatable.ts";
import { writeSecretFile } from "./secret_file.ts";
import { withProgress } from "./signing/late_progress.ts";
import { timeOrNull } from "./times.ts";

/** A recipient or an identity with comments. */
const MAX_AGE_KEY_BYTES = 16_384;

export function register(program: Command): void {
  const backup = program.command("backup")
    .summary("save the keys to a file that only the recovery key opens")
    .addHelpText(
      "after",
      `
The public half of the recovery key is set once, at the first start or by \`backup recipient --set\`; a VM that
\`gatehouse up\` started has its own, in recovery.key beside its disk. Keep that file, and a copy of it elsewhere:
a backup is worth nothing without it. Backups are age files; \`gatehouse restore\` puts them back.

Examples:
  gatehouse backup create -o keys-2027-01-31.age
  gatehouse backup recipient
  gatehouse backup keygen ./recovery.key
  gatehouse backup recipient --set age1…`,
    );
  registerCreate(backup);
  registerRecipient(backup);
  registerKeygen(backup);
}

/** No backup goes over TLS, so --key isn't a certificate's here. */
export const idsOption = (verb: string): Option =>
  new Option("--key <id>", `${verb} only this key; repeatable (default: all)`).argParser(collect);

interface CreateOptions extends Omit<AdminOptions, "key"> {
  output: string;
  key?: string[];
}

function registerCreate(backup: Command): void {
  adminOptions(backup.command("create"), undefined, idsOption("save"))
    .summary("save all keys, or some")
    .requiredOption("-o, --output <file>", "a file that isn't there yet, written 0600; - for standard output")
    .addHelpText(
      "after",
      `
Examples:
  gatehouse backup create -o keys.age
  gatehouse backup create -o release.age --key release --key code
  gatehouse backup create -o - | ssh vault 'cat > keys.age'
  gatehouse restore keys.age --dry-run          whether it opens, and what is in it`,
    )
    .action(action(async ({ json, signal }, options: CreateOptions) => {
      const { output: file } = options;
      if (file === "-") return await toStdout(options, json, signal);
      if (await exists(file)) {
        throw new GatehouseError("bad-argument", `${file} is there already`, "name a file that isn't");
      }
      await withAdmin({ ...options, key: undefined }, signal, async (client) => {
        const { recipient } = await recipientOf(client);
        const { bytes, sha256 } = await write(file, contentOf(client, options));
        if (json) return printJson({ file, bytes, sha256, recipient });
        print(`${file}: ${bytes} bytes, SHA-256 ${sha256}`);
        note(
          `Encrypted to ${recipient}. Whether its identity opens it: gatehouse restore ${file} --dry-run --identity FILE`,
        );
      });
    }));
}

async function toStdout(options: CreateOptions, json: boolean, signal: AbortSignal): Promise<void> {
  if (json || Deno.stdout.isTerminal()) {
    throw new GatehouseError(
      "bad-argument",
      json ? "--json and the backup don't both go to standard output" : "a backup is no text for a terminal",
      "name a file with --output",
    );
  }
  await withAdmin({ ...options, key: undefined }, signal, async (client) => {
    for await (const part of contentOf(client, options)) printBytes(part);
  });
}

async function* contentOf(client: AdminClient, { key = [] }: CreateOptions): AsyncGenerator<Uint8Array> {
  const chunks = client.serverStream<CreateBackupRequestInit, BackupChunk>("/gatehouse.v1.Backup/Create", {
    ids: key,
  });
  const parts = async function* () {
    for await (const { data, left_out } of chunks) {
      if (left_out.length > 0) {
        note(`Warning: damaged in the store, and not in the backup: ${left_out.join(", ")}`);
      }
      if (data.length > 0) yield data;
    }
  };
  yield* withProgress("backup", parts(), undefined);
}

/** Written, then read again from the disk and looked at from outside. */
async function write(file: string, parts: AsyncIterable<Uint8Array>): Promise<Written> {
  let written: Written;
  try {
    written = await writeNew(file, parts);
  } catch (error) {
    if (!isFileError(error)) throw error;
    throw new GatehouseError(
      "bad-argument",
      `can't write ${file}: ${error.message}`,
      "name a file that can be written",
    );
  }
  const found = await digestFile(file);
  using opened = await Deno.open(file);
  const start = new Uint8Array(MAX_HEADER_BYTES);
  const fault = found.sha256 !== written.sha256
    ? "it reads otherwise than it was written"
    : ageFault(start.subarray(0, await opened.read(start) ?? 0), found.bytes);
  if (fault === undefined) return written;
  await Deno.remove(file);
  throw new GatehouseError(
    "disk-full",
    `${file} was no good and is removed: ${fault}`,
    "try again, on another disk",
  );
}

const isFileError = (error: unknown): error is Error =>
  error instanceof Error && Object.values(Deno.errors).some((kind) => error instanceof kind);

function registerRecipient(backup: Command): void {
  adminOptions(backup.command("recipient"))
    .summary("to whom backups are encrypted; or say so, once")
    .option("--set <recipient>", "age1…, or a file with it or with the identity; only where none was set")
    .addHelpText(
      "after",
      "\nExamples:\n  gatehouse backup recipient\n  gatehouse backup recipient --set age1…\n  gatehouse backup recipient --set recovery.pub",
    )
    .action(action(async ({ json, signal }, options: AdminOptions & { set?: string }) => {
      const recipient = options.set === undefined ? undefined : await readRecipient(options.set);
      await withAdmin(options, signal, async (client) => {
        const now = recipient === undefined
          ? await recipientOf(client)
          : await client.unary<SetRecipientRequestInit, RecoveryRecipient>(
            "/gatehouse.v1.Backup/SetRecipient",
            {
              recipient,
            },
          );
        const set_at = timeOrNull(now.set_at_ms.toNumber());
        if (json) printJson({ recipient: now.recipient, set_at });
        else print(`${now.recipient}${set_at === null ? "" : `  since ${set_at}`}`);
      });
    }));
}

const recipientOf = (client: AdminClient): Promise<RecoveryRecipient> =>
  client.unary("/gatehouse.v1.Backup/GetRecipient", {});

async function readRecipient(given: string): Promise<string> {
  const next = "give age1… or a file with it; `gatehouse backup keygen` makes a pair";
  const text = given.startsWith("age1")
    ? given
    : new TextDecoder().decode(await readInput(given, MAX_AGE_KEY_BYTES, next));
  try {
    return /^AGE-SECRET-KEY-/m.test(text) ? (await readIdentity(text)).recipient : checkRecipient(text);
  } catch (error) {
    if (!(error instanceof AgeError)) throw error;
    throw new GatehouseError("bad-argument", `--set ${given}: ${error.message}`, next);
  }
}

function registerKeygen(backup: Command): void {
  backup.command("keygen")
    .summary("make a recovery key; prints its public half")
    .argument("<file>", "where the identity goes, mode 0600; must not be there yet")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
The file is one of age's: \`age -d -i FILE backup.age\` opens a backup too.

Examples:
  gatehouse backup keygen ./recovery.key > recovery.pub
  gatehouse backup recipient --set recovery.pub`,
    )
    .action(action(async ({ json }, file: string) => {
      const made = await makeIdentity();
      await writeSecretFile(file, identityFile(made, new Date()));
      if (json) return printJson({ file, recipient: made.recipient });
      print(made.recipient);
      note(`The identity is in ${file}: keep it, and a copy elsewhere, away from the backups.`);
    }));
}

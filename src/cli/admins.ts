// gatehouse admins: who may administrate and operate a server.
import { Buffer } from "node:buffer";
import type { Command } from "commander";
import { roleName } from "../authority/identity.ts";
import { makePrivateKeyPem, readPrivateKey } from "../authority/private_key.ts";
import { MAX_KEY_FILE_BYTES, PublicKeyError, readPublicKeyText } from "../authority/public_key.ts";
import {
  type AddAdminRequestInit,
  type Admin,
  type ListAdminsResponse,
  type RemoveAdminRequestInit,
  type RemoveAdminResponse,
  Role,
} from "../proto/mod.ts";
import { GatehouseError } from "../vm/errors.ts";
import { type AdminOptions, adminOptions, withAdmin } from "./admin_client.ts";
import { action } from "./command.ts";
import { readInput } from "./files.ts";
import { note, print, printJson, table } from "./output.ts";
import { writeSecretFile } from "./secret_file.ts";

/** Of a key's id, in a table: enough to tell 64 keys apart. */
const SHOWN_ID_CHARS = 16;

export function register(program: Command): void {
  const admins = program.command("admins")
    .summary("who may administrate: list, add and remove keys")
    .addHelpText(
      "after",
      `
Administration goes over VSOCK and Unix sockets only, each call proven with an enrolled key.
The key of a VM that \`gatehouse up\` started is used by itself.

Examples:
  gatehouse admins list
  gatehouse admins keygen ./alice.key > alice.pub
  gatehouse admins add alice alice.pub
  gatehouse admins add watcher watcher.pub --role operator
  gatehouse admins remove alice
  gatehouse admins list --server unix:///run/gatehouse.sock --admin-key ./alice.key`,
    );
  registerList(admins);
  registerAdd(admins);
  registerRemove(admins);
  registerKeygen(admins);
}

function registerList(admins: Command): void {
  adminOptions(admins.command("list"))
    .summary("everyone who may administrate or operate")
    .addHelpText("after", "\nExamples:\n  gatehouse admins list\n  gatehouse admins list --json")
    .action(action(async ({ json, signal }, options: AdminOptions) => {
      await withAdmin(options, signal, async (client) => {
        const reply = await client.unary<object, ListAdminsResponse>("/gatehouse.v1.Admins/List", {});
        const entries = reply.admins.map(entryOf);
        if (json) return printJson({ admins: entries });
        print(table([
          ["NAME", "ROLE", "KEY", "ADDED", "BY"],
          ...entries.map((one) => [
            one.name,
            one.role,
            one.key_id.slice(0, SHOWN_ID_CHARS),
            one.added_at,
            one.added_by,
          ]),
        ]));
      });
    }));
}

interface AddOptions extends AdminOptions {
  role: string;
}

function registerAdd(admins: Command): void {
  adminOptions(admins.command("add"))
    .summary("enrol a public key")
    .argument("<name>", 'what logs call its holder: 1 to 64 of a-z, 0-9, ".", "_", "-"')
    .argument("[file]", "the public key, PEM or OpenSSH (ssh-ed25519 …); - or nothing: standard input")
    .option("--role <role>", "admin or operator (reads status, events and configuration)", "admin")
    .addHelpText(
      "after",
      "\nExamples:\n  gatehouse admins add alice alice.pub\n  gatehouse admins add bob ~/.ssh/id_ed25519.pub --role operator",
    )
    .action(action(async ({ json, signal }, name: string, file: string | undefined, options: AddOptions) => {
      const request = { name, role: roleNumber(options.role), public_key_der: await publicKey(file) };
      await withAdmin(options, signal, async (client) => {
        const added = entryOf(
          await client.unary<AddAdminRequestInit, Admin>("/gatehouse.v1.Admins/Add", request),
        );
        if (json) printJson(added);
        else print(`Enrolled ${added.name} as ${added.role}, key ${added.key_id.slice(0, SHOWN_ID_CHARS)}`);
      });
    }));
}

function registerRemove(admins: Command): void {
  adminOptions(admins.command("remove"))
    .summary("take a key's rights away; the last administrator stays")
    .argument("<name>", "as `gatehouse admins list` has it")
    .addHelpText("after", "\nExample:\n  gatehouse admins remove alice")
    .action(action(async ({ json, signal }, name: string, options: AdminOptions) => {
      await withAdmin(options, signal, async (client) => {
        await client.unary<RemoveAdminRequestInit, RemoveAdminResponse>("/gatehouse.v1.Admins/Remove", {
          name,
        });
        if (json) printJson({ removed: name });
        else print(`Removed ${name}`);
      });
    }));
}

function registerKeygen(admins: Command): void {
  admins.command("keygen")
    .summary("make a key pair for an administrator; prints the public key")
    .argument("<file>", "where the private key goes, mode 0600; must not be there yet")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  gatehouse admins keygen ./alice.key > alice.pub
  gatehouse admins add alice alice.pub
  gatehouse admins list --admin-key ./alice.key`,
    )
    .action(action(async ({ json }, file: string) => {
      const pem = makePrivateKeyPem();
      await writeSecretFile(file, pem);
      const { proving, publicPem } = await readPrivateKey(pem);
      if (json) {
        printJson({ file, key_id: Buffer.from(proving.keyId).toString("hex"), public_key_pem: publicPem });
      } else {
        print(publicPem.trimEnd());
        note(`The private key is in ${file}. Enrol the public one: gatehouse admins add NAME FILE`);
      }
    }));
}

function entryOf({ name, role, key_id, public_key_der, added_at_ms, added_by }: Admin) {
  return {
    name,
    role: roleName(role),
    key_id: Buffer.from(key_id).toString("hex"),
    public_key_der: Buffer.from(public_key_der).toString("base64"),
    added_at: new Date(added_at_ms.toNumber()).toISOString(),
    added_by,
  };
}

function roleNumber(text: string): number {
  if (text === "admin") return Role.ADMIN;
  if (text === "operator") return Role.OPERATOR;
  throw new GatehouseError("bad-argument", `--role ${text}: no such role`, "choose admin or operator");
}

async function publicKey(file: string | undefined): Promise<Uint8Array> {
  const next = "give a public key, PEM or OpenSSH, Ed25519 or P-256; `gatehouse admins keygen` prints one";
  const text = new TextDecoder().decode(await readInput(file, MAX_KEY_FILE_BYTES, next));
  try {
    return (await readPublicKeyText(text)).spki;
  } catch (error) {
    if (!(error instanceof PublicKeyError)) throw error;
    throw new GatehouseError("bad-argument", `${file ?? "standard input"}: ${error.message}`, next);
  }
}

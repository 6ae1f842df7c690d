// gatehouse ca: a certificate authority in a directory, for those who have none.
import type { Command } from "commander";
import { resolve } from "node:path";
import {
  caFiles,
  createCa,
  DEFAULT_CA_DAYS,
  DEFAULT_LEAF_DAYS,
  issue,
  list,
  MAX_DAYS,
  revoke,
} from "../pki/ca.ts";
import { readCertificate } from "../pki/certificate.ts";
import { PkiError } from "../pki/error.ts";
import { leafFiles, refuseToReplace, writeLeaf } from "../pki/leaf_files.ts";
import { canonicalName } from "../pki/names.ts";
import { GatehouseError } from "../vm/errors.ts";
import { exists } from "../files/write_once.ts";
import { action, wholeNumber } from "./command.ts";
import { readInput } from "./files.ts";
import { print, printJson, table } from "./output.ts";

/** A certificate of 64 KB in PEM has less. */
const MAX_PEM_BYTES = 128 * 1024;

interface IssueOptions {
  server?: boolean;
  client?: boolean;
  san?: string[];
  days: string;
  out: string;
}

const days = (text: string) => wholeNumber("--days", text, 1, MAX_DAYS);

export function register(program: Command): void {
  const ca = program.command("ca")
    .summary("make, list and revoke certificates for TLS, with an authority of your own")
    .addHelpText(
      "after",
      `
The directory holds the authority's key: keep it where only you can read it, best on another machine
than the servers. Servers need ca.pem and crl.pem of it, and their own certificate and key.

Examples:
  gatehouse ca init ./ca
  gatehouse ca issue ./ca gatehouse.example --server --san dns:gatehouse.example ip:192.0.2.7
  gatehouse ca issue ./ca ci.example --client
  gatehouse ca list ./ca
  gatehouse ca revoke ./ca ci.example.pem`,
    );
  registerInit(ca);
  registerIssue(ca);
  registerList(ca);
  registerRevoke(ca);
}

function registerInit(ca: Command): void {
  ca.command("init").summary("make an authority")
    .argument("<dir>", "made too, for you alone to read")
    .option("--name <name>", "what it calls itself", "Gatehouse CA")
    .option("--days <n>", "how long it is valid", String(DEFAULT_CA_DAYS))
    .option("--json", "print JSON")
    .addHelpText("after", `\nExample:\n  gatehouse ca init ./ca --name "Example CA"`)
    .action(action(async ({ json }, dir: string, options: { name: string; days: string }) => {
      try {
        await createCa(dir, { name: options.name, days: days(options.days) });
      } catch (error) {
        if (!(error instanceof Error) || error instanceof PkiError || error instanceof GatehouseError) {
          throw error;
        }
        throw new GatehouseError(
          "bad-argument",
          `can't make ${dir}: ${error.message}`,
          "name a place that can be written",
        );
      }
      const files = caFiles(resolve(dir));
      const { sha256, notAfter } = readCertificate(await Deno.readTextFile(files.certificate));
      if (json) {
        return printJson({
          certificate: files.certificate,
          crl: files.crl,
          sha256,
          not_after: notAfter.toISOString(),
        });
      }
      print(`Made an authority in ${dir}, valid until ${day(notAfter)}.`);
      print(`  ${files.certificate}  for everyone who is to trust it`);
      print(`  ${files.privateKey}  its key: stays here, and belongs in your backup with index.json`);
      print(`  ${files.crl}  what it has revoked: nothing yet`);
      print(`\nNext: gatehouse ca issue ${dir} gatehouse.example --server`);
      print(`      gatehouse ca issue ${dir} ci.example --client`);
    }));
}

function registerIssue(ca: Command): void {
  ca.command("issue").summary("make a certificate and its key")
    .argument("<dir>", "the authority's")
    .argument("<name>", "what it is called, and its files")
    .option("--server", "for a server")
    .option("--client", "for a client")
    .option(
      "--san <names...>",
      "what it proves: dns:…, ip:…, uri:… or email:…; several after one another (default: dns:NAME)",
    )
    .option("--days <n>", "how long it is valid", String(DEFAULT_LEAF_DAYS))
    .option("--out <dir>", "where NAME.pem and NAME.key are written", ".")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Callers are known by the names of their certificate: "[access]" in the configuration says what each may do.

Examples:
  gatehouse ca issue ./ca gatehouse.example --server --san dns:gatehouse.example ip:192.0.2.7
  gatehouse ca issue ./ca ci.example --client --days 90
  gatehouse ca issue ./ca build-7 --client --san uri:spiffe://example.org/build/7 --out ./certs`,
    )
    .action(action(async ({ json }, dir: string, name: string, options: IssueOptions) => {
      if (Boolean(options.server) === Boolean(options.client)) {
        throw new GatehouseError(
          "bad-argument",
          "is it for a server or for a client?",
          "give one of --server and --client",
        );
      }
      const files = leafFiles(resolve(options.out), name);
      await refuseToReplace(files);
      await Deno.mkdir(resolve(options.out), { recursive: true });
      const { issued, ...pair } = await issue(dir, {
        name,
        use: options.server ? "server" : "client",
        names: options.san?.map(checkedName),
        days: days(options.days),
      });
      await writeLeaf(files, pair);
      if (json) {
        return printJson({ ...issued, certificate: files.certificate, private_key: files.privateKey });
      }
      print(`Issued ${issued.names.join(", ")} for a ${issued.use}, valid until ${day(issued.not_after)}.`);
      print(`  ${files.certificate}`);
      print(`  ${files.privateKey}  its key: for the ${issued.use} alone`);
      print(
        `Its serial number is ${issued.serial}; to revoke it: gatehouse ca revoke ${dir} ${issued.serial}`,
      );
      if (issued.use === "server") {
        print(
          `\nNext, on a server that runs: gatehouse config apply --tls-cert ${files.certificate} --tls-key ${files.privateKey}`,
        );
      } else {
        print(
          `\nNext, on the server: an entry of [[access.identities]] with san = "${
            issued.names[0]
          }" (gatehouse config get, config apply).\nWithout one it has default_keys, which are none unless you say so.`,
        );
      }
    }));
}

function registerList(ca: Command): void {
  ca.command("list").summary("what it has issued, and what of that is valid")
    .argument("<dir>", "the authority's")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  gatehouse ca list ./ca")
    .action(action(async ({ json }, dir: string) => {
      const certificates = await list(dir);
      if (json) return printJson({ certificates });
      if (certificates.length === 0) return print(`${dir} has issued nothing yet.`);
      const rows = certificates.map(({ serial, use, status, not_after, names }) => [
        ...[serial, use, status, day(not_after)],
        names.join(", "),
      ]);
      print(table([["SERIAL NUMBER", "USE", "STATUS", "UNTIL", "NAMES"], ...rows]));
    }));
}

function registerRevoke(ca: Command): void {
  ca.command("revoke").summary("take a certificate back")
    .argument("<dir>", "the authority's")
    .argument("<certificate>", "its serial number, or its file")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Servers learn of it when they are given the new crl.pem.

Examples:
  gatehouse ca revoke ./ca ci.example.pem
  gatehouse ca revoke ./ca 93e31b2a331a0efb794606fa55dc2f72`,
    )
    .action(action(async ({ json }, dir: string, which: string) => {
      const serial = await serialOf(which);
      const revoked = await revoke(dir, serial);
      const { crl } = caFiles(resolve(dir));
      if (json) return printJson({ serial, revoked: revoked !== undefined, crl });
      if (revoked === undefined) return print(`${serial} was revoked before. ${crl} has it.`);
      print(`Revoked ${revoked.names.join(", ")} (${serial}).`);
      print(`Next, for every server: gatehouse config apply --crl ${crl}`);
    }));
}

/** A file's certificate has it; what is no file is one. */
async function serialOf(which: string): Promise<string> {
  if (/^[0-9a-fA-F:]+$/.test(which) && !await exists(which)) return which.toLowerCase().replaceAll(":", "");
  const pem = await readInput(which, MAX_PEM_BYTES, "give a certificate's file (PEM), or its serial number");
  try {
    return readCertificate(new TextDecoder().decode(pem)).serial;
  } catch (error) {
    if (!(error instanceof PkiError)) throw error;
    throw new PkiError(`${which}: ${error.message}`, "give a certificate's file (PEM), or its serial number");
  }
}

function checkedName(text: string): string {
  try {
    return canonicalName(text);
  } catch (error) {
    if (!(error instanceof PkiError)) throw error;
    throw new PkiError(
      `--san: ${error.message}`,
      "write it like dns:ci.example, ip:192.0.2.7, uri:spiffe://example.org/ci or email:ci@example.org",
    );
  }
}

const day = (time: Date | string): string => new Date(time).toISOString().slice(0, 10);

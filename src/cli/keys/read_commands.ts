// gatehouse keys list|get|public-key: what keys there are, and their public halves.
import { Buffer } from "node:buffer";
import type { Command } from "commander";
import { type Key, PublicKeyFormat } from "../../proto/mod.ts";
import { GatehouseError } from "../../vm/errors.ts";
import { type AdminOptions, adminOptions, withAdmin } from "../admin_client.ts";
import { action, wholeNumber } from "../command.ts";
import { writeOutput } from "../files.ts";
import { print, printJson } from "../output.ts";
import { collect, collectList, parseLabels } from "../repeatable.ts";
import { kindName, parseState, STATE_NAMES } from "../words.ts";
import { getKey, getPublicKey, listKeys } from "./calls.ts";
import { keyJson, keyTable, keyText } from "./key_view.ts";

/** MAX_VERSIONS of a key is far below; this bounds a typing mistake. */
export const MAX_VERSION = 1_000_000;

export function registerReading(keys: Command): void {
  registerList(keys);
  registerGet(keys);
  registerPublicKey(keys);
}

interface ListOptions extends AdminOptions {
  label?: string[];
  state?: string[];
}

function registerList(keys: Command): void {
  adminOptions(keys.command("list"))
    .summary("the keys that you may see")
    .option("--label <name=value>", "only those with this label; several: with all of them", collect)
    .option(
      "--state <names>",
      `only those in one of: ${STATE_NAMES.join(", ")} (default: all but DESTROYED)`,
      collectList,
    )
    .addHelpText(
      "after",
      `
Examples:
  gatehouse keys list
  gatehouse keys list --label stage=production --label team=web
  gatehouse keys list --state disabled,pending_deletion --json`,
    )
    .action(action(async ({ json, signal }, options: ListOptions) => {
      const request = {
        labels: parseLabels(options.label ?? []),
        states: (options.state ?? []).map(parseState),
      };
      await withAdmin(options, signal, async (client) => {
        const found: Key[] = [];
        for await (const key of listKeys(client, request)) found.push(key);
        if (json) return printJson({ keys: found.map(keyJson) });
        if (found.length > 0) return print(keyTable(found));
        print(
          options.label || options.state
            ? "No key that you may see fits."
            : "There is no key that you may see. Next: gatehouse keys create NAME --kind p256",
        );
      });
    }));
}

function registerGet(keys: Command): void {
  adminOptions(keys.command("get"))
    .summary("one key: its state, policy, labels and versions")
    .argument("<id>", "as `gatehouse keys list` has it")
    .addHelpText("after", "\nExamples:\n  gatehouse keys get release\n  gatehouse keys get release --json")
    .action(action(async ({ json, signal }, id: string, options: AdminOptions) => {
      await withAdmin(options, signal, async (client) => {
        const key = await getKey(client, id);
        if (json) printJson(keyJson(key));
        else print(keyText(key));
      });
    }));
}

const FORMATS: ReadonlyMap<string, number> = new Map([
  ["pem", PublicKeyFormat.SPKI_PEM],
  ["der", PublicKeyFormat.SPKI_DER],
  ["jwk", PublicKeyFormat.JWK],
  ["openssh", PublicKeyFormat.OPENSSH],
]);

interface PublicKeyOptions extends AdminOptions {
  keyVersion?: string;
  out: string;
  output?: string;
}

function registerPublicKey(keys: Command): void {
  adminOptions(keys.command("public-key"))
    .summary("a key's public half")
    .argument("<id>", "as `gatehouse keys list` has it")
    .option("--key-version <n>", "of that version (default: the newest)")
    .option("--out <form>", "pem, der, jwk or openssh", "pem")
    .option("-o, --output <file>", "where to write it (default: standard output)")
    .addHelpText(
      "after",
      `
Examples:
  gatehouse keys public-key release > release.pem
  gatehouse keys public-key release --key-version 1 --out jwk
  gatehouse keys public-key host-ca --out openssh -o host-ca.pub`,
    )
    .action(action(async ({ json, signal }, id: string, options: PublicKeyOptions) => {
      const format = FORMATS.get(options.out);
      if (format === undefined) {
        throw new GatehouseError(
          "bad-argument",
          `--out ${options.out}: no such form`,
          `choose one of ${[...FORMATS.keys()].join(", ")}`,
        );
      }
      const asked = options.keyVersion === undefined
        ? 0
        : wholeNumber("--key-version", options.keyVersion, 1, MAX_VERSION);
      await withAdmin(options, signal, async (client) => {
        const { version, kind, public_key } = await getPublicKey(client, id, asked, format);
        const toFile = options.output !== undefined && options.output !== "-";
        if (!json || toFile) await writeOutput(options.output, withLineEnd(public_key, options.out));
        if (!json) return;
        const text = options.out === "der" ? Buffer.from(public_key).toString("base64") : textOf(public_key);
        printJson({ id, version, kind: kindName(kind), format: options.out, public_key: text });
      });
    }));
}

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes).trimEnd();

/** Text ends with one, so that a shell's prompt begins a line. */
const withLineEnd = (bytes: Uint8Array, form: string): Uint8Array =>
  form === "der" ? bytes : new TextEncoder().encode(textOf(bytes) + "\n");

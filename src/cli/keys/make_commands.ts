// gatehouse keys create|import|rotate: where private keys begin. They stay in the signer.
import type { Command } from "commander";
import type { Key } from "../../proto/mod.ts";
import { withAdmin } from "../admin_client.ts";
import { action } from "../command.ts";
import { readInput } from "../files.ts";
import { note, print, printJson } from "../output.ts";
import { collect, parseLabels } from "../repeatable.ts";
import { sealForSigner } from "../transport_key.ts";
import { KIND_NAMES, parseKind } from "../words.ts";
import { createKey, importKey, rotateKey } from "./calls.ts";
import {
  changeOf,
  type ChangeOptions,
  changeOptions,
  type MakeOptions,
  makeOptions,
  requestId,
} from "./change_options.ts";
import { keyJson, keyLine } from "./key_view.ts";
import { type PolicyFlags, policyOf, policyOptions } from "./policy_options.ts";
import { MAX_PRIVATE_KEY_BYTES, pkcs8Of } from "./private_key_file.ts";

export function registerMaking(keys: Command): void {
  registerCreate(keys);
  registerImport(keys);
  registerRotate(keys);
}

/** RSA keys are looked for: 4096 bits take seconds, and more on a loaded machine. */
const MAKE_TIMEOUT_MS = 120_000;

interface NewKeyOptions extends MakeOptions, PolicyFlags {
  label?: string[];
}

const newKeyOptions = (command: Command): Command =>
  policyOptions(
    makeOptions(command, MAKE_TIMEOUT_MS).option(
      "--label <name=value>",
      "to find it by; repeatable, at most 16",
      collect,
    ),
  );

const ID_HELP = '1 to 64 of a-z, 0-9, ".", "_", "-"';

function registerCreate(keys: Command): void {
  newKeyOptions(keys.command("create"))
    .summary("make a key")
    .argument("[id]", `${ID_HELP}; left out: the appliance chooses`)
    .requiredOption("--kind <kind>", `${KIND_NAMES.join(", ")}; also rsa2048, p256 and the like`)
    .addHelpText(
      "after",
      `
Examples:
  gatehouse keys create release --kind p256 --label stage=production
  gatehouse keys create code --kind rsa-4096 --allow-algorithm rsa-pss-sha256,rsa-pss-sha512
  gatehouse keys create web --kind ed25519 --allow-identity dns:web.example --rate 100 --not-after 2027-12-31`,
    )
    .action(
      action(async ({ json, signal }, id: string | undefined, options: NewKeyOptions & { kind: string }) => {
        const request = { ...newKey(id, options), kind: parseKind(options.kind) };
        await withAdmin(options, signal, async (client) => {
          tell(
            await createKey(client, request),
            "Created",
            json,
            (key) => `gatehouse sign FILE --key ${key.id}`,
          );
        });
      }),
    );
}

function registerImport(keys: Command): void {
  newKeyOptions(keys.command("import"))
    .summary("take over a private key that was made elsewhere")
    .argument("<id>", ID_HELP)
    .argument("[file]", "PKCS#8, PKCS#1 or SEC 1, PEM or DER; - or nothing: standard input")
    .option(
      "--seal",
      "encrypt it to the signer's transport key: in clear neither on the way nor in the agent",
    )
    .addHelpText(
      "after",
      `
A key that was elsewhere may still be there: delete the file, and know who has had it.

Examples:
  gatehouse keys import legacy legacy.key --seal
  openssl pkey -in under-passphrase.key | gatehouse keys import legacy - --seal
  gatehouse keys import web web.der --label stage=production --allow-transport vsock`,
    )
    .action(
      action(async (
        { json, signal },
        id: string,
        file: string | undefined,
        options: NewKeyOptions & { seal?: boolean },
      ) => {
        const request = newKey(id, options);
        const pkcs8 = pkcs8Of(
          await readInput(file, MAX_PRIVATE_KEY_BYTES, "give a private key, PKCS#8"),
          file ?? "-",
        );
        await withAdmin(options, signal, async (client) => {
          const part = options.seal
            ? { sealed_pkcs8: await sealForSigner(client, pkcs8) }
            : { pkcs8_der: pkcs8 };
          const key = await importKey(client, { ...request, ...part });
          tell(key, "Imported", json, () => `gatehouse sign FILE --key ${key.id}`);
          if (!json && file !== undefined && file !== "-") {
            note(`${file} is still there: delete it when it isn't needed`);
          }
        });
      }),
    );
}

function registerRotate(keys: Command): void {
  changeOptions(keys.command("rotate"), MAKE_TIMEOUT_MS)
    .summary("make a new version, which signs from now on; older ones verify")
    .argument("<id>", "as `gatehouse keys list` has it")
    .addHelpText(
      "after",
      "\nExamples:\n  gatehouse keys rotate release\n  gatehouse keys rotate release --if-revision 3 --request-id 2027-01",
    )
    .action(action(async ({ json, signal }, id: string, options: ChangeOptions) => {
      const request = changeOf(id, options);
      await withAdmin(options, signal, async (client) => {
        tell(await rotateKey(client, request), "Rotated", json, () => `gatehouse keys public-key ${id}`);
      });
    }));
}

const newKey = (id: string | undefined, options: NewKeyOptions) => ({
  id: id ?? "",
  request_id: requestId(options),
  policy: policyOf(options),
  labels: parseLabels(options.label ?? []),
});

function tell(key: Key, done: string, json: boolean, next: (key: Key) => string): void {
  if (json) return printJson(keyJson(key));
  print(`${done} ${keyLine(key)}`);
  note(`Next: ${next(key)}`);
}

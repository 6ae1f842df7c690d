// gatehouse random: bytes from the signer's generator.
import { Buffer } from "node:buffer";
import type { Command } from "commander";
import { GatehouseError } from "../vm/errors.ts";
import { type AdminOptions, adminOptions, withAdmin } from "./admin_client.ts";
import { action, wholeNumber } from "./command.ts";
import { writeOutput, writeText } from "./files.ts";
import { printJson } from "./output.ts";
import { random } from "./signing/crypto_calls.ts";

/** What one call gives. */
const CALL_BYTES = 65_536;
/** They are held in memory; who wants more wants a generator of his own, seeded by some of these. */
const MAX_BYTES = 16 * 1024 * 1024;

interface RandomOptions extends AdminOptions {
  out: string;
  output?: string;
}

export function register(program: Command): void {
  adminOptions(program.command("random"))
    .summary("random bytes from the signer")
    .argument("[bytes]", `1 to ${MAX_BYTES}`, "32")
    .option("--out <form>", "raw, base64 or hex", "hex")
    .option("-o, --output <file>", "where to write them (default: standard output)")
    .addHelpText("after", "\nExamples:\n  gatehouse random\n  gatehouse random 1024 --out raw -o seed.bin")
    .action(action(async ({ json, signal }, text: string, options: RandomOptions) => {
      const bytes = wholeNumber("bytes", text, 1, MAX_BYTES);
      if (!["raw", "base64", "hex"].includes(options.out)) {
        throw new GatehouseError(
          "bad-argument",
          `--out ${options.out}: no such form`,
          "choose raw, base64 or hex",
        );
      }
      const parts: Uint8Array[] = [];
      await withAdmin(options, signal, async (client) => {
        for (let left = bytes; left > 0; left -= CALL_BYTES) {
          parts.push(await random(client, Math.min(left, CALL_BYTES)));
        }
      });
      const data = Buffer.concat(parts);
      const toFile = options.output !== undefined && options.output !== "-";
      if (!json || toFile) {
        if (options.out === "raw") await writeOutput(options.output, data);
        else await writeText(options.output, data.toString(options.out === "hex" ? "hex" : "base64"));
      }
      if (json) printJson({ bytes, ...(!toFile && { data: data.toString("base64") }) });
    }));
}

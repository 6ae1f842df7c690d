// gatehouse sign: a signature of a file or of standard input.
import { Buffer } from "node:buffer";
import type { Command } from "commander";
import { MAX_SIGN_DATA_BYTES } from "../services/crypto.ts";
import { GatehouseError } from "../vm/errors.ts";
import { ALGORITHM_NAMES, DEFAULT_ALGORITHM, parseAlgorithm } from "./algorithm.ts";
import { withClient } from "./client.ts";
import { action } from "./command.ts";
import { readInput, writeOutput, writeText } from "./files.ts";
import { printJson } from "./output.ts";
import { resolveServer, type ServerOptions, serverOptions } from "./server_option.ts";

interface SignOptions extends ServerOptions {
  algorithm: string;
  out: string;
  output?: string;
}

export function register(program: Command): void {
  serverOptions(program.command("sign"))
    .summary("sign a file or standard input")
    .argument("[file]", "what to sign; - or nothing: standard input")
    .option("--algorithm <name>", ALGORITHM_NAMES.join(", "), DEFAULT_ALGORITHM)
    .option("--out <form>", "raw, base64 or hex", "base64")
    .option("-o, --output <file>", "where to write it (default: standard output)")
    .addHelpText(
      "after",
      `
Examples:
  gatehouse sign release.tar --out raw -o release.sig
  gatehouse pubkey --out pem -o key.pem
  openssl dgst -sha256 -verify key.pem -signature release.sig release.tar
  echo -n data | gatehouse sign --algorithm RSA_PSS_SHA256 --server vsock://3:50051`,
    )
    .action(action(async ({ json, signal }, file: string | undefined, options: SignOptions) => {
      const { name, algorithm, keyType } = parseAlgorithm(options.algorithm);
      if (!["raw", "base64", "hex"].includes(options.out)) {
        throw new GatehouseError(
          "bad-argument",
          `--out ${options.out}: no such form`,
          "choose raw, base64 or hex",
        );
      }
      const server = await resolveServer(options);
      const data = await readInput(file, MAX_SIGN_DATA_BYTES);
      await withClient(server.addresses, { ...server, signal }, async (client) => {
        const started = performance.now();
        const reply = await client.sign({ data, key_type: keyType, algorithm });
        const signature = Buffer.from(reply.signature);
        const toFile = options.output !== undefined && options.output !== "-";
        if (!json || toFile) {
          if (options.out === "raw") await writeOutput(options.output, signature);
          else await writeText(options.output, signature.toString(options.out as "base64" | "hex"));
        }
        if (json) {
          printJson({
            algorithm: name,
            signature: signature.toString("base64"),
            data_bytes: data.length,
            latency_ms: Number((performance.now() - started).toFixed(3)),
            peer: client.peer(),
          });
        }
      });
    }));
}

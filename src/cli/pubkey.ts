// gatehouse pubkey: the public half of a signing key.
import { Buffer } from "node:buffer";
import type { Command } from "commander";
import type { CryptoPublicKeyRequestInit } from "../proto/mod.ts";
import { GatehouseError } from "../vm/errors.ts";
import { ALGORITHM_NAMES, DEFAULT_ALGORITHM, parseAlgorithm, parseKeyType } from "./algorithm.ts";
import { withClient } from "./client.ts";
import { action } from "./command.ts";
import { writeOutput, writeText } from "./files.ts";
import { printJson } from "./output.ts";
import { toSpki } from "./public_key.ts";
import { resolveServer, type ServerOptions, serverOptions } from "./server_option.ts";
import { publicKeyPem } from "../services/spki.ts";

interface PubkeyOptions extends ServerOptions {
  algorithm?: string;
  keyType?: string;
  out: string;
  output?: string;
}

export function register(program: Command): void {
  serverOptions(program.command("pubkey"))
    .summary("print a public key")
    .option(
      "--algorithm <name>",
      `the key that signs with it: ${ALGORITHM_NAMES.join(", ")} (default: ${DEFAULT_ALGORITHM})`,
    )
    .option("--key-type <type>", "rsa or ecc, as the seed's clients ask")
    .option("--out <form>", "pem or der", "pem")
    .option("-o, --output <file>", "where to write it (default: standard output)")
    .addHelpText(
      "after",
      `
Examples:
  gatehouse pubkey
  gatehouse pubkey --algorithm RSA_PSS_SHA256 --out der -o rsa.der
  gatehouse pubkey --algorithm ECDSA_P384_SHA384 --server vsock://3:50051`,
    )
    .action(action(async ({ json, signal }, options: PubkeyOptions) => {
      if (!["pem", "der"].includes(options.out)) {
        throw new GatehouseError("bad-argument", `--out ${options.out}: no such form`, "choose pem or der");
      }
      const server = await resolveServer(options);
      await withClient(server.addresses, { ...server, signal }, async (client) => {
        const reply = await client.publicKey(requestFor(options));
        // A server in seed mode gives another form; whoever reads this file expects SPKI.
        const spki = toSpki(reply.public_key_der);
        const pem = publicKeyPem(spki);
        const toFile = options.output !== undefined && options.output !== "-";
        if (!json || toFile) {
          if (options.out === "der") await writeOutput(options.output, spki);
          else await writeText(options.output, pem);
        }
        if (json) printJson({ pem, der: Buffer.from(spki).toString("base64"), peer: client.peer() });
      });
    }));
}

function requestFor({ algorithm, keyType }: PubkeyOptions): CryptoPublicKeyRequestInit {
  if (keyType !== undefined && algorithm === undefined) return { key_type: parseKeyType(keyType) };
  const chosen = parseAlgorithm(algorithm ?? DEFAULT_ALGORITHM);
  return {
    key_type: keyType === undefined ? chosen.keyType : parseKeyType(keyType),
    algorithm: chosen.algorithm,
  };
}

// gatehouse verify: checks a signature here, with a key from a file or from the
// server. Exit code 0: good, 1: not.
import { Buffer } from "node:buffer";
import type { Command } from "commander";
import { MAX_SIGN_DATA_BYTES } from "../services/crypto.ts";
import { ALGORITHM_NAMES, type ChosenAlgorithm, DEFAULT_ALGORITHM, parseAlgorithm } from "./algorithm.ts";
import { withClient } from "./client.ts";
import { action } from "./command.ts";
import { readInput } from "./files.ts";
import { print, printJson } from "./output.ts";
import { resolveServer, type ServerOptions, serverOptions } from "./server_option.ts";
import { verifySignature } from "./verify_signature.ts";

/** RSA-4096 in hex with room to spare: a signature file that is longer isn't one. */
const MAX_SIGNATURE_FILE_BYTES = 4096;
/** The same for a public key in PEM. */
const MAX_KEY_FILE_BYTES = 16_384;

interface VerifyOptions extends ServerOptions {
  algorithm: string;
  signature: string;
}

export function register(program: Command): void {
  serverOptions(
    program.command("verify"),
    undefined,
    "the public key to verify with, PEM or DER (default: the server's); a private key is that of --cert",
  )
    .summary("check a signature")
    .argument("[file]", "what was signed; - or nothing: standard input")
    .requiredOption("--signature <file>", "raw, base64 or hex, as `gatehouse sign` writes it")
    .option("--algorithm <name>", ALGORITHM_NAMES.join(", "), DEFAULT_ALGORITHM)
    .addHelpText(
      "after",
      `
Examples:
  gatehouse verify release.tar --signature release.sig
  gatehouse verify release.tar --signature release.sig --key key.pem`,
    )
    .action(action(async ({ json, signal }, file: string | undefined, options: VerifyOptions) => {
      const chosen = parseAlgorithm(options.algorithm);
      const signature = decodeSignature(await readInput(options.signature, MAX_SIGNATURE_FILE_BYTES));
      const key = await givenKey(options) ?? await serverKey(chosen, options, signal);
      const data = await readInput(file, MAX_SIGN_DATA_BYTES);
      const verified = verifySignature(chosen.name, key, data, signature);
      if (json) printJson({ verified, algorithm: chosen.name });
      else {print(
          verified
            ? `Verified: ${chosen.name}`
            : `NOT verified: not a ${chosen.name} signature of this data by this key`,
        );}
      return verified ? 0 : 1;
    }));
}

/** The public key of --key; a private one there is the client certificate's, as on every other command. */
async function givenKey(options: VerifyOptions): Promise<Uint8Array | undefined> {
  if (options.key === undefined) return undefined;
  const key = await readInput(options.key, MAX_KEY_FILE_BYTES);
  const isPrivate = /^-----BEGIN ([A-Z]+ )*PRIVATE KEY-----/m.test(new TextDecoder("latin1").decode(key));
  const hasCertificate = options.cert !== undefined || Deno.env.has("GATEHOUSE_TLS_CERT");
  return isPrivate && hasCertificate ? undefined : key;
}

async function serverKey(
  chosen: ChosenAlgorithm,
  options: VerifyOptions,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const server = await resolveServer(options);
  return await withClient(server.addresses, { ...server, signal }, async (client) => {
    const reply = await client.publicKey({ key_type: chosen.keyType, algorithm: chosen.algorithm });
    return reply.public_key_der;
  });
}

/** Base64 and hex are told from raw bytes by their letters: a raw signature of only those is out of reach. */
function decodeSignature(file: Uint8Array): Uint8Array {
  const text = new TextDecoder("latin1").decode(file).trim();
  if (/^([0-9a-f]{2})+$/i.test(text)) return Buffer.from(text, "hex");
  if (/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return Buffer.from(text, "base64");
  return file;
}

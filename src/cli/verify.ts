// gatehouse verify: checks a signature, by the server with one of its keys, or here with a public key.
// Exit code 0: good, 1: not.
import { ENCODINGS } from "./signing/encodings.ts";
import { MAX_KEY_FILE_BYTES } from "./signing/key_option.ts";
import { createHash } from "node:crypto";
import type { Command } from "commander";
import { Algorithm, type VerifyRequestInit } from "../proto/mod.ts";
import { MAX_SIGN_DATA_BYTES } from "../services/crypto.ts";
import { GatehouseError } from "../vm/errors.ts";
import { type AdminClient, type AdminOptions, adminOptions, withAdmin } from "./admin_client.ts";
import { DEFAULT_ALGORITHM, parseAlgorithm } from "./algorithm.ts";
import { withClient } from "./client.ts";
import { action, wholeNumber } from "./command.ts";
import { readInput } from "./files.ts";
import { getPublicKey } from "./keys/calls.ts";
import { MAX_VERSION } from "./keys/read_commands.ts";
import { print, printJson } from "./output.ts";
import { resolveServer } from "./server_option.ts";
import { verify } from "./signing/crypto_calls.ts";
import { openInput, readDigest } from "./signing/input.ts";
import { keyOption, sortKeys } from "./signing/key_option.ts";
import { withProgress } from "./signing/late_progress.ts";
import { decodeSignature, guessEncoding } from "./signing/signature_file.ts";
import { kindOf } from "./public_key.ts";
import { type AlgorithmName, verifySignature } from "./verify_signature.ts";
import { ALGORITHM_NAMES, algorithmName, digestBytes, parseAnyAlgorithm, usualAlgorithm } from "./words.ts";

/** RSA-4096 in hex with room to spare: a signature file that is longer isn't one. */
const MAX_SIGNATURE_FILE_BYTES = 4096;
/** The same for a public key in PEM. */

interface VerifyOptions extends Omit<AdminOptions, "key"> {
  key?: string[];
  keyVersion?: string;
  offline?: string;
  algorithm?: string;
  signature: string;
  digest?: boolean;
  encoding?: string;
}

interface Verdict {
  readonly verified: boolean;
  readonly algorithm: string;
  /** Of the key, which the signature fits. */
  readonly version?: number;
}

export function register(program: Command): void {
  adminOptions(
    program.command("verify"),
    undefined,
    keyOption("the key to verify with: the id of one of the server's, or a public key's file, as --offline"),
  )
    .summary("check a signature")
    .argument("[file]", "what was signed; - or nothing: standard input")
    .requiredOption("--signature <file>", "raw, base64 or hex, as `gatehouse sign` writes it")
    .option("--key-version <n>", "of the server's key (default: whichever it fits)")
    .option("--offline <file>", "check it here, with this public key: PEM, DER or JWK; no server is called")
    .option(
      "--algorithm <name>",
      `${
        ALGORITHM_NAMES.join(", ")
      } (default: what the key's kind usually signs with; without a key ${DEFAULT_ALGORITHM})`,
    )
    .option("--digest", "what is given is the digest, raw or in hex; the server checks it")
    .option("--encoding <form>", "of an ECDSA signature: der, or raw for r||s (default: what it looks like)")
    .addHelpText(
      "after",
      `
Exit code 0: it is good; 1: it isn't, or it couldn't be checked.
Without --key it is checked here, with the public key that the server has for the algorithm.

Examples:
  gatehouse verify release.tar --signature release.sig --key release
  gatehouse verify release.tar --signature release.sig --offline release.pem
  gatehouse verify release.tar --signature release.sig --offline release.pem --algorithm rsa-pss-sha512
  sha256sum release.tar | gatehouse verify - --digest --signature release.sig --key release
  gatehouse verify release.tar --signature release.sig`,
    )
    .action(action(async ({ json, signal }, file: string | undefined, options: VerifyOptions) => {
      const { verified, algorithm, version } = await judge(file, options, signal);
      if (json) printJson({ verified, algorithm, ...(version !== undefined && { version }) });
      else if (verified) {
        print(`Verified: ${algorithm}${version === undefined ? "" : `, version ${version}`}`);
      } else print(`NOT verified: no signature of this data by this key (${algorithm})`);
      return verified ? 0 : 1;
    }));
}

async function judge(
  file: string | undefined,
  options: VerifyOptions,
  signal: AbortSignal,
): Promise<Verdict> {
  if (options.encoding !== undefined && !ENCODINGS.has(options.encoding)) {
    throw new GatehouseError(
      "bad-argument",
      `--encoding ${options.encoding}: no such form`,
      "choose der or raw",
    );
  }
  const given = await sortKeys(options, true);
  const signature = decodeSignature(
    await readInput(
      options.signature,
      MAX_SIGNATURE_FILE_BYTES,
      "--signature takes what `gatehouse sign` wrote; what was signed is the other file",
    ),
  );
  const publicKey = options.offline === undefined
    ? given.publicKey
    : await readInput(options.offline, MAX_KEY_FILE_BYTES, "give a public key, PEM, DER or JWK");
  const calling: AdminOptions = { ...options, key: given.tlsKey };
  if (given.id !== undefined && publicKey === undefined) {
    const { id } = given;
    return await withAdmin(calling, signal, (client) => byServer(client, id, file, signature, options));
  }
  if (given.id !== undefined) {
    throw new GatehouseError(
      "bad-argument",
      "--offline calls no server, and --key names a key of one",
      "give one of the two",
    );
  }
  if (options.digest) {
    throw new GatehouseError(
      "bad-argument",
      "a digest is checked by the server alone",
      "name its key with --key ID, or give the data",
    );
  }
  const algorithm = options.algorithm === undefined && publicKey !== undefined
    ? usualAlgorithm(kindOf(publicKey))
    : parseAnyAlgorithm(options.algorithm ?? DEFAULT_ALGORITHM);
  const name = algorithmName(algorithm) as AlgorithmName;
  const key = publicKey ?? await serverKey(name, calling, signal);
  const input = await openInput(file);
  if (input.kind === "parts" && algorithm === Algorithm.EDDSA_ED25519) throw tooLarge();
  const data = input.kind === "data" ? input.data : withProgress("verify", input.parts(), input.totalBytes);
  return { verified: await verifySignature(name, key, data, signature), algorithm: name };
}

async function byServer(
  client: AdminClient,
  key: string,
  file: string | undefined,
  signature: Uint8Array,
  options: VerifyOptions,
): Promise<Verdict> {
  const version = options.keyVersion === undefined
    ? 0
    : wholeNumber("--key-version", options.keyVersion, 1, MAX_VERSION);
  const algorithm = options.algorithm === undefined
    ? usualAlgorithm((await getPublicKey(client, key, version, 0)).kind)
    : parseAnyAlgorithm(options.algorithm);
  const encoding = options.encoding === undefined
    ? guessEncoding(signature)
    : ENCODINGS.get(options.encoding);
  const input = await inputFor(file, algorithm, Boolean(options.digest));
  const reply = await verify(client, { key, version, algorithm, encoding, signature, ...input });
  return {
    verified: reply.valid,
    algorithm: algorithmName(algorithm),
    ...(reply.valid && { version: reply.version }),
  };
}

/** What one call doesn't take is hashed here. */
async function inputFor(
  file: string | undefined,
  algorithm: number,
  isDigest: boolean,
): Promise<Pick<VerifyRequestInit, "data" | "digest">> {
  if (isDigest) return { digest: await readDigest(file, algorithm) };
  const input = await openInput(file);
  if (input.kind === "data") return { data: input.data };
  const bytes = digestBytes(algorithm);
  if (bytes === undefined) throw tooLarge();
  const hash = createHash(`sha${bytes * 8}`);
  for await (const part of withProgress("verify", input.parts(), input.totalBytes)) hash.update(part);
  return { digest: new Uint8Array(hash.digest()) };
}

const tooLarge = () =>
  new GatehouseError(
    "bad-argument",
    `more than ${MAX_SIGN_DATA_BYTES} bytes, and Ed25519 reads its data twice (RFC 8032, 5.1.7)`,
    "no server signs so much with Ed25519 in one call; openssl pkeyutl -verify -rawin checks it here",
  );

/** Of the seed's service, which every server has. */
async function serverKey(algorithm: string, options: AdminOptions, signal: AbortSignal): Promise<Uint8Array> {
  const chosen = parseAlgorithm(algorithm);
  const server = await resolveServer(options);
  return await withClient(server.addresses, { ...server, signal }, async (client) => {
    const reply = await client.publicKey({ key_type: chosen.keyType, algorithm: chosen.algorithm });
    return reply.public_key_der;
  });
}

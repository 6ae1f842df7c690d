// gatehouse sign: signatures of files or of standard input.
import { ENCODINGS } from "./signing/encodings.ts";
import { Buffer } from "node:buffer";
import type { Command } from "commander";
import type { SignRequestInit, SignResponse, Timings } from "../proto/mod.ts";
import { GatehouseError } from "../vm/errors.ts";
import { type AdminClient, type AdminOptions, adminOptions, withAdmin } from "./admin_client.ts";
import { ALGORITHM_NAMES as SEED_NAMES, DEFAULT_ALGORITHM, parseAlgorithm } from "./algorithm.ts";
import { withClient } from "./client.ts";
import { action, wholeNumber } from "./command.ts";
import { writeOutput, writeText } from "./files.ts";
import { getPublicKey } from "./keys/calls.ts";
import { MAX_VERSION } from "./keys/read_commands.ts";
import { note, print, printJson } from "./output.ts";
import { resolveServer } from "./server_option.ts";
import { openInput } from "./signing/input.ts";
import { type GivenKeys, keyOption, sortKeys } from "./signing/key_option.ts";
import { type FileSignature, isRefused, signMany, signOne } from "./signing/sign_files.ts";
import { ALGORITHM_NAMES, algorithmName, parseAnyAlgorithm, usualAlgorithm, wellKnownKey } from "./words.ts";

interface SignOptions extends Omit<AdminOptions, "key"> {
  key?: string[];
  keyVersion?: string;
  algorithm?: string;
  digest?: boolean;
  encoding?: string;
  timings?: boolean;
  out: string;
  output?: string;
  suffix?: string;
}

type Form = "raw" | "base64" | "hex";
const FORMS: readonly string[] = ["raw", "base64", "hex"];
/** "der" is DER and r||s of ECDSA alone; other signatures have one form. */

export function register(program: Command): void {
  adminOptions(
    program.command("sign"),
    undefined,
    keyOption("the id of the key that signs (default: the appliance's own)"),
  )
    .summary("sign files or standard input")
    .argument("[files...]", "what to sign; - or nothing: standard input")
    .option("--key-version <n>", "refuse unless that is the version that signs (default: the newest)")
    .option(
      "--algorithm <name>",
      `${
        ALGORITHM_NAMES.join(", ")
      } (default: what the key's kind usually signs with; without --key ${DEFAULT_ALGORITHM})`,
    )
    .option("--digest", "what is given is the digest, raw or in hex, of the algorithm's hash")
    .option("--encoding <form>", "of an ECDSA signature: der, or raw for r||s (default: der)")
    .option("--timings", "show how long it waited and worked in the signer")
    .option("--out <form>", "raw, base64 or hex", "base64")
    .option("-o, --output <file>", "where to write it (default: standard output)")
    .option("--suffix <text>", "write each file's signature beside it, as FILE with this behind")
    .addHelpText(
      "after",
      `
Any size: what one call doesn't take goes by a stream, and is never held whole. Several files go together;
each gets a line, or with --suffix a file. Exit code 1 when one of them isn't signed.

Examples:
  gatehouse sign release.tar --key release --out raw -o release.sig
  gatehouse keys public-key release > key.pem
  openssl dgst -sha256 -verify key.pem -signature release.sig release.tar
  gatehouse sign dist/*.tar --key release --out raw --suffix .sig
  sha256sum release.tar | gatehouse sign --digest --key release
  gatehouse sign token --key web --algorithm ECDSA_P256_SHA256 --encoding raw --out hex
  echo -n data | gatehouse sign --algorithm RSA_PSS_SHA256 --server vsock://3:50051
  gatehouse sign app.tar --key release --server tls://gatehouse.example:50051 --cert ci.pem --key ci.key`,
    )
    .action(action(async ({ json, signal }, files: string[], options: SignOptions) => {
      checkForms(options, files);
      const keys = await sortKeys(options, false);
      const calling: AdminOptions = { ...options, key: keys.tlsKey };
      const plain = isPlain(options, keys, files);
      const input = plain ? await openInput(files[0]) : undefined;
      if (input?.kind === "data") return await signAsSeed(input.data, options, calling, json, signal);
      return await withAdmin(calling, signal, async (client) => {
        const start = await startOf(client, keys, options);
        if (files.length > 1 || options.suffix !== undefined) {
          return await tellMany(
            signMany(client, start, files, Boolean(options.digest)),
            start,
            options,
            json,
          );
        }
        const startedMs = performance.now();
        const { response, dataBytes } = await signOne(
          client,
          start,
          input ?? files[0],
          Boolean(options.digest),
        );
        await writeSignature(response.signature, options, json);
        if (options.timings && !json && response.timings) note(timingsText(response.timings));
        if (json) {
          printJson({
            algorithm: algorithmName(start.algorithm),
            key: start.key,
            ...signatureJson(response),
            data_bytes: dataBytes,
            latency_ms: Number((performance.now() - startedMs).toFixed(3)),
            peer: client.peer(),
          });
        }
        return 0;
      });
    }));
}

function checkForms({ out, encoding, output, suffix }: SignOptions, files: readonly string[]): void {
  const refuse = (message: string, next: string) => {
    throw new GatehouseError("bad-argument", message, next);
  };
  if (!FORMS.includes(out)) refuse(`--out ${out}: no such form`, "choose raw, base64 or hex");
  if (encoding !== undefined && !ENCODINGS.has(encoding)) {
    refuse(`--encoding ${encoding}: no such form`, "choose der or raw");
  }
  const many = files.length > 1;
  if ((many || suffix !== undefined) && output !== undefined) {
    refuse("--output is for one signature", "write each beside its file with --suffix .sig");
  }
  if (suffix === "") refuse("--suffix is empty: the files would be replaced", "give one like --suffix .sig");
  if (suffix !== undefined && (files.length === 0 || files.includes("-"))) {
    refuse("--suffix is for files, and standard input has no name", "write it to a file with --output");
  }
  if (many && files.includes("-")) refuse("- among several files", "sign standard input by itself");
  if (many && out === "raw" && suffix === undefined) {
    refuse("several raw signatures don't go in one output", "write each beside its file with --suffix .sig");
  }
}

/** What the seed's own service can do goes there: every server has that. */
function isPlain(options: SignOptions, keys: GivenKeys, files: readonly string[]): boolean {
  const { keyVersion, digest, encoding, timings, suffix, algorithm = DEFAULT_ALGORITHM } = options;
  return keys.id === undefined && files.length < 2 &&
    [keyVersion, digest, encoding, timings, suffix].every((one) => one === undefined) &&
    (SEED_NAMES as readonly string[]).includes(algorithmName(parseAnyAlgorithm(algorithm)));
}

async function signAsSeed(
  data: Uint8Array,
  options: SignOptions,
  calling: AdminOptions,
  json: boolean,
  signal: AbortSignal,
): Promise<void> {
  const { name, algorithm, keyType } = parseAlgorithm(options.algorithm ?? DEFAULT_ALGORITHM);
  const server = await resolveServer(calling);
  await withClient(server.addresses, { ...server, signal }, async (client) => {
    const startedMs = performance.now();
    const { signature } = await client.sign({ data, key_type: keyType, algorithm });
    await writeSignature(signature, options, json);
    if (!json) return;
    printJson({
      algorithm: name,
      signature: Buffer.from(signature).toString("base64"),
      data_bytes: data.length,
      latency_ms: Number((performance.now() - startedMs).toFixed(3)),
      peer: client.peer(),
    });
  });
}

/** Everything but the input. */
async function startOf(client: AdminClient, { id }: GivenKeys, options: SignOptions) {
  const version = options.keyVersion === undefined
    ? 0
    : wholeNumber("--key-version", options.keyVersion, 1, MAX_VERSION);
  const algorithm = options.algorithm !== undefined || id === undefined
    ? parseAnyAlgorithm(options.algorithm ?? DEFAULT_ALGORITHM)
    : usualAlgorithm((await getPublicKey(client, id, 0, 0)).kind);
  return {
    key: id ?? wellKnownKey(algorithm),
    version,
    algorithm,
    encoding: ENCODINGS.get(options.encoding ?? "der"),
    timings: Boolean(options.timings),
  } satisfies SignRequestInit;
}

async function writeSignature(
  signature: Uint8Array,
  { out, output }: SignOptions,
  json: boolean,
): Promise<void> {
  const toFile = output !== undefined && output !== "-";
  if (json && !toFile) return;
  if (out === "raw") await writeOutput(output, signature);
  else await writeText(output, inForm(signature, out as Form));
}

const inForm = (signature: Uint8Array, form: Form): string =>
  Buffer.from(signature).toString(form === "hex" ? "hex" : "base64");

async function tellMany(
  signatures: AsyncIterable<FileSignature>,
  start: { key: string; algorithm: number },
  options: SignOptions,
  json: boolean,
): Promise<number> {
  const all: object[] = [];
  let failed = 0;
  for await (const { file, outcome, dataBytes } of signatures) {
    if (isRefused(outcome)) {
      failed++;
      if (json) all.push({ file, error: outcome });
      else note(`${file}: not signed: ${outcome.code}: ${outcome.message}`);
      continue;
    }
    if (options.suffix !== undefined) {
      await writeSignature(outcome.signature, { ...options, output: file + options.suffix }, json);
    }
    if (json) all.push({ file, ...signatureJson(outcome), data_bytes: dataBytes });
    else if (options.suffix === undefined) {
      print(`${inForm(outcome.signature, options.out as Form)}  ${file}`);
    }
    if (options.timings && !json && outcome.timings) note(`${file}: ${timingsText(outcome.timings)}`);
  }
  if (json) printJson({ algorithm: algorithmName(start.algorithm), key: start.key, signatures: all });
  return failed === 0 ? 0 : 1;
}

const signatureJson = ({ signature, version, timings }: SignResponse) => ({
  signature: Buffer.from(signature).toString("base64"),
  version,
  ...(timings && { timings }),
});

const timingsText = ({ queue_us, sign_us, total_us }: Timings): string =>
  `waited ${queue_us} µs, signed ${sign_us} µs, in all ${total_us} µs`;

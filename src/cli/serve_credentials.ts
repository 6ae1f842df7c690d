// What `gatehouse serve` gives its agent at the start: TLS material and the first administrator's public key, of files
// that the operator names, or made beside the state. Must never put a private key where others can read it.
import { join } from "node:path";
import { replaceFile } from "../files/durable_file.ts";
import { CREDENTIALS } from "../agent/credential_names.ts";
import { makePrivateKeyPem, readPrivateKey } from "../authority/private_key.ts";
import { ensureOwnTls, localNames, type OwnTls, serverOf } from "../pki/own_tls.ts";
import { GatehouseError } from "../vm/errors.ts";
import { CLI_NAME } from "../vm/owner.ts";
import { exists, writeOnce } from "../files/write_once.ts";
import { readInput } from "./files.ts";

export interface CredentialFlags {
  tls?: boolean;
  tlsDir?: string;
  tlsCert?: string;
  tlsKey?: string;
  clientCa?: string;
  crl?: string;
  admin?: string;
  credentials?: string;
}

/** A chain or some hundred anchors; the agent takes no more. */
const MAX_FILE_BYTES = 256 * 1024;

type Files = Partial<Record<keyof typeof CREDENTIALS, string>>;

export interface ServeCredentials {
  /** Where the agent finds them. */
  readonly dir: string;
  /** What was made for a caller by TLS. */
  readonly caller?: { readonly ca: string; readonly certificate: string; readonly privateKey: string };
  /** The administrator's private key that was made, now or at a start before. */
  readonly adminKey?: string;
}

/** Whether the options ask for TLS. */
export const wantsTls = ({ tls, tlsDir, tlsCert, tlsKey, clientCa, crl }: CredentialFlags): boolean =>
  tls === true || [tlsDir, tlsCert, tlsKey, clientCa, crl].some((one) => one !== undefined);

/** Whether TLS is served with an authority that serve makes by itself. */
export async function makesOwnTls(flags: CredentialFlags): Promise<boolean> {
  const named = [flags.tlsDir, flags.tlsCert, flags.tlsKey, flags.clientCa].some((one) => one !== undefined);
  return !named && (await fromDirectory(flags.credentials)).certificate === undefined;
}

/** Finds a file that is missing before anything is built, made or started. @throws GatehouseError */
export async function checkCredentialFlags(flags: CredentialFlags): Promise<void> {
  const { credentials, tlsDir, tlsCert, tlsKey, clientCa, crl, admin } = flags;
  if (credentials !== undefined && !(await Deno.stat(credentials).catch(() => undefined))?.isDirectory) {
    throw new GatehouseError(
      "bad-argument",
      `--credentials ${credentials}: there is no such directory`,
      `make it, with ${Object.values(CREDENTIALS).join(", ")} or some of them in it`,
    );
  }
  if (tlsDir !== undefined) refuseBoth(flags);
  else if ([tlsCert, tlsKey, clientCa].some((path) => path !== undefined)) fromFlags(flags);
  for (const path of [tlsCert, tlsKey, clientCa, crl, admin]) {
    if (path !== undefined && path !== "-") await readText(path);
  }
}

/**
 * Puts what is given into a directory of the state's, made anew at each start.
 *
 * @param state the state directory; what is made lies beside it, as STATE.tls and STATE.admin-key
 * @param tlsHosts where TLS is listened on; none: no TLS material is made
 * @throws GatehouseError, PkiError
 */
export async function gatherCredentials(
  flags: CredentialFlags,
  state: string,
  tlsHosts: readonly string[],
): Promise<ServeCredentials> {
  const files: Files = await fromDirectory(flags.credentials);
  let caller: ServeCredentials["caller"];
  if (tlsHosts.length > 0 || wantsTls(flags)) {
    const names = localNames(tlsHosts);
    if (await makesOwnTls(flags)) {
      const own = await ensureOwnTls(`${state}.tls`, { serverNames: names, clientName: CLI_NAME });
      Object.assign(files, filesOf(own), flags.crl !== undefined && { crl: flags.crl });
      caller = { ca: own.ca, ...own.client };
    } else if (flags.tlsDir !== undefined) {
      refuseBoth(flags);
      Object.assign(files, filesOf(await serverOf(flags.tlsDir, names)));
    } else Object.assign(files, fromFlags(flags));
  }
  const adminKey = `${state}.admin-key`;
  if (flags.admin !== undefined) files.admin = flags.admin;
  const contents = await Promise.all(
    Object.entries(files).map(async ([part, path]) => [part as keyof Files, await readText(path)] as const),
  );
  const dir = join(state, "credentials");
  await Deno.remove(dir, { recursive: true }).catch(() => {});
  await Deno.mkdir(dir, { mode: 0o700 });
  for (const [part, text] of contents) await replaceFile(join(dir, CREDENTIALS[part]), text);
  if (files.admin !== undefined) return { dir, caller };
  // Somebody administrates already: another key would be of no use.
  if (!await exists(adminKey) && await exists(join(state, "agent", "admins.json"))) return { dir, caller };
  await writeOnce(adminKey, new TextEncoder().encode(makePrivateKeyPem()));
  const { publicPem } = await readPrivateKey(await readText(adminKey));
  await replaceFile(join(dir, CREDENTIALS.admin), publicPem);
  return { dir, caller, adminKey };
}

const filesOf = ({ ca, crl, server }: OwnTls): Files => ({
  certificate: server.certificate,
  privateKey: server.privateKey,
  clientCa: ca,
  crl,
});

/** Those that are there. */
async function fromDirectory(dir: string | undefined): Promise<Files> {
  const files: Files = {};
  if (dir === undefined) return files;
  for (const [part, name] of Object.entries(CREDENTIALS) as [keyof Files, string][]) {
    if (await exists(join(dir, name))) files[part] = join(dir, name);
  }
  return files;
}

/** What is missing may come of --credentials. */
function fromFlags({ tlsCert, tlsKey, clientCa, crl }: CredentialFlags): Files {
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new GatehouseError(
      "bad-argument",
      `--tls-${tlsCert === undefined ? "key" : "cert"} alone`,
      "a certificate and its key go together: give --tls-cert FILE --tls-key FILE",
    );
  }
  if (tlsCert !== undefined && clientCa === undefined) {
    throw new GatehouseError(
      "bad-argument",
      "--tls-cert without --client-ca: no client could be let in",
      "give the authorities of the clients' certificates with --client-ca FILE",
    );
  }
  const given = { certificate: tlsCert, privateKey: tlsKey, clientCa, crl };
  return Object.fromEntries(Object.entries(given).filter(([, path]) => path !== undefined));
}

function refuseBoth({ tlsCert, tlsKey, clientCa }: CredentialFlags): void {
  if ([tlsCert, tlsKey, clientCa].every((one) => one === undefined)) return;
  throw new GatehouseError(
    "bad-argument",
    "--tls-dir and files besides",
    "give either --tls-dir DIR, or --tls-cert, --tls-key and --client-ca",
  );
}

const readText = async (path: string): Promise<string> =>
  new TextDecoder().decode(await readInput(path, MAX_FILE_BYTES, "give a PEM file"));

// --ca, --cert, --key and --server-name: whom to trust at a tls:// address, and who we are there.
// Must never leave somebody believing in TLS who calls without it.
import { type Command, Option } from "commander";
import { parseAddressList } from "../transport/address.ts";
import { type TlsClientOptions, tlsMaterialFault } from "../transport/tls_material.ts";
import { GatehouseError } from "../vm/errors.ts";
import { readInput } from "./files.ts";

export interface TlsFlags {
  ca?: string;
  cert?: string;
  key?: string;
  serverName?: string;
}

/** A file of all public authorities has some 250 KB. */
const MAX_PEM_BYTES = 512 * 1024;

/** What stands in for an option that isn't given. */
const ENVIRONMENT = { ca: "GATEHOUSE_TLS_CA", cert: "GATEHOUSE_TLS_CERT", key: "GATEHOUSE_TLS_KEY" } as const;

/** @param key --key, on a command where it is more than the certificate's */
export function tlsOptions(
  command: Command,
  key = new Option("--key <file>", "the private key of --cert, PEM (default: $GATEHOUSE_TLS_KEY)"),
): Command {
  return command
    .option(
      "--ca <file>",
      "for tls://: the authorities to trust, PEM (default: $GATEHOUSE_TLS_CA, else the public ones)",
    )
    .option("--cert <file>", "for tls://: our certificate, PEM (default: $GATEHOUSE_TLS_CERT)")
    .addOption(key)
    .option(
      "--server-name <name>",
      "for tls://: the name that the server's certificate must have (default: the host's)",
    );
}

/** Whether a certificate is named, so that a private key may go with it. */
export const namesCertificate = ({ cert }: Pick<TlsFlags, "cert">): boolean =>
  cert !== undefined || Deno.env.has(ENVIRONMENT.cert);

/**
 * Reads what the options or the environment name; undefined where no address is tls://.
 *
 * @throws GatehouseError when options of TLS are given for addresses without
 */
export async function readTls(flags: TlsFlags, addresses: string): Promise<TlsClientOptions | undefined> {
  if (!parseAddressList(addresses).some(({ transport }) => transport === "tls")) {
    const given = (["ca", "cert", "key", "serverName"] as const).find((name) => flags[name] !== undefined);
    if (given === undefined) return undefined;
    throw new GatehouseError(
      "bad-argument",
      `--${given === "serverName" ? "server-name" : given} is for TLS, and ${addresses} is called without`,
      "write the address as tls://host:port, or leave the option out",
    );
  }
  const [ca, cert, key] = await Promise.all([
    read("ca", flags.ca),
    read("cert", flags.cert),
    read("key", flags.key),
  ]);
  const tls = { ca, cert, key, serverName: flags.serverName };
  // Before anything is dialed: what is wrong here no server can mend.
  const fault = tlsMaterialFault(tls);
  if (fault !== undefined) throw new GatehouseError("bad-argument", fault.problem, fault.next);
  return tls;
}

async function read(name: keyof typeof ENVIRONMENT, flag: string | undefined): Promise<string | undefined> {
  const path = flag ?? Deno.env.get(ENVIRONMENT[name]);
  if (path === undefined) return undefined;
  if (path !== "" && path !== "-") {
    return new TextDecoder().decode(await readInput(path, MAX_PEM_BYTES, "give a PEM file"));
  }
  const what = flag === undefined ? `$${ENVIRONMENT[name]}` : `--${name}`;
  throw new GatehouseError(
    "bad-argument",
    `${what} names no file`,
    "give the path of a PEM file, or leave it out",
  );
}

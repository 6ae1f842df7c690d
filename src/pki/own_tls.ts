// An authority with the certificates that one appliance needs, for those who bring none: made once, renewed in time.
// Must never renew the authority: whoever calls the appliance trusts that one.
import { isIP } from "node:net";
import { hostname } from "node:os";
import { exists } from "../files/write_once.ts";
import { caFiles, createCa, DAY_MS, issue, type Request } from "./ca.ts";
import { readCertificate } from "./certificate.ts";
import { PkiError } from "./error.ts";
import { readIfThere } from "../files/read_if_there.ts";
import { canonicalName } from "./names.ts";
import { type LeafFiles, leafFiles, refuseToReplace, writeLeaf } from "./leaf_files.ts";

/** A certificate with less left is made anew, at a start. */
const RENEW_DAYS = 30;
const MAX_PEM_BYTES = 1024 * 1024;

export interface OwnTls {
  readonly ca: string;
  readonly crl: string;
  readonly server: LeafFiles;
  /** Absent where the operator makes the clients'. */
  readonly client?: LeafFiles;
}

export interface OwnTlsOptions {
  /** What the server is called by, as canonicalName() takes them. */
  readonly serverNames: readonly string[];
  /** The DNS name by which the client is known that gets a certificate too. */
  readonly clientName: string;
  readonly now?: Date;
}

/**
 * Names under which this machine is called.
 * @param hosts at which its server listens besides
 */
export function localNames(hosts: readonly string[] = []): string[] {
  const everywhere = hosts.some((host) => host === "0.0.0.0" || host === "::");
  const interfaces = everywhere ? Deno.networkInterfaces().map(({ address }) => address) : [];
  const names = ["dns:localhost", "ip:127.0.0.1", "ip:::1"];
  for (const host of [hostname(), ...hosts, ...interfaces]) {
    if (host === "0.0.0.0" || host === "::") continue;
    try {
      names.push(canonicalName(`${isIP(host) ? "ip" : "dns"}:${host}`));
    } catch (error) {
      // A machine may be called what no certificate can say.
      if (!(error instanceof PkiError)) throw error;
    }
  }
  return [...new Set(names)];
}

/**
 * The server's certificate of an authority that the operator keeps: the one in `dir`, or a new one when there is none.
 * @throws {PkiError} when `dir` is no authority's
 */
export async function serverOf(dir: string, serverNames: readonly string[]): Promise<OwnTls> {
  const { certificate: ca, crl } = caFiles(dir);
  const server = leafFiles(dir, "server");
  const parts = await Promise.all([server.certificate, server.privateKey].map(exists));
  if (parts.includes(false)) {
    await refuseToReplace(server);
    await writeLeaf(server, await issue(dir, { name: "server", use: "server", names: serverNames }));
  }
  return { ca, crl, server };
}

/**
 * Makes in `dir` what isn't there yet: an authority (as `gatehouse ca init` does), server.pem and client.pem with
 * their keys. Certificates that end soon, or lack one of the names, are made anew.
 *
 * @throws {PkiError}
 */
export async function ensureOwnTls(dir: string, options: OwnTlsOptions): Promise<Required<OwnTls>> {
  const { serverNames, clientName, now = new Date() } = options;
  const { certificate: ca, crl, privateKey } = caFiles(dir);
  if (!await exists(ca) && !await exists(privateKey)) await createCa(dir, { now });
  const server = leafFiles(dir, "server");
  await ensureLeaf(dir, server, { name: "server", use: "server", names: serverNames }, now);
  const client = leafFiles(dir, "client");
  await ensureLeaf(dir, client, { name: "client", use: "client", names: [`dns:${clientName}`] }, now);
  return { ca, crl, server, client };
}

async function ensureLeaf(dir: string, files: LeafFiles, request: Request, now: Date): Promise<void> {
  const pem = await readIfThere(files.certificate, MAX_PEM_BYTES);
  if (pem !== undefined && await exists(files.privateKey)) {
    const { names, notAfter } = readCertificate(pem);
    const wanted = (request.names ?? []).map(canonicalName);
    const lasts = notAfter.getTime() - now.getTime() > RENEW_DAYS * DAY_MS;
    if (lasts && wanted.every((name) => names.includes(name))) return;
  }
  await writeLeaf(files, await issue(dir, request, now));
}

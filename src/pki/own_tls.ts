// An authority with the certificates that one appliance needs, for those who bring none: made once, renewed in time.
// Must never renew the authority: whoever calls the appliance trusts that one.
import { hostname } from "node:os";
import { exists } from "../vm/write_once.ts";
import { caFiles, createCa, issue, type Request } from "./ca.ts";
import { readCertificate } from "./certificate.ts";
import { PkiError } from "./error.ts";
import { readIfThere } from "./files.ts";
import { canonicalName } from "./names.ts";
import { type LeafFiles, leafFiles, writeLeaf } from "./leaf_files.ts";

/** A certificate with less left is made anew, at a start. */
const RENEW_DAYS = 30;
const DAY_MS = 24 * 3600_000;
const MAX_PEM_BYTES = 1024 * 1024;

export interface OwnTls {
  readonly ca: string;
  readonly crl: string;
  readonly server: LeafFiles;
  /** Absent: none was asked for. */
  readonly client?: LeafFiles;
}

export interface OwnTlsOptions {
  /** What the server is called by, as canonicalName() takes them. */
  readonly serverNames: readonly string[];
  /** Makes a certificate for one client too, with this name. */
  readonly clientName?: string;
  readonly now?: Date;
}

/** Names under which this machine calls itself. */
export function localNames(): string[] {
  const names = ["dns:localhost", "ip:127.0.0.1", "ip:::1"];
  try {
    names.push(canonicalName(`dns:${hostname()}`));
  } catch (error) {
    // A machine may be called what no certificate can say.
    if (!(error instanceof PkiError)) throw error;
  }
  return [...new Set(names)];
}

/**
 * Makes in `dir` what isn't there yet: an authority (as `gatehouse ca init` does), server.pem and client.pem with
 * their keys. Certificates that end soon, or lack one of the names, are made anew.
 *
 * @throws {PkiError}
 */
export async function ensureOwnTls(dir: string, options: OwnTlsOptions): Promise<OwnTls> {
  const { serverNames, clientName, now = new Date() } = options;
  const { certificate: ca, crl, privateKey } = caFiles(dir);
  if (!await exists(ca) && !await exists(privateKey)) await createCa(dir, { now });
  const server = leafFiles(dir, "server");
  await ensureLeaf(dir, server, { name: "server", use: "server", names: serverNames }, now);
  if (clientName === undefined) return { ca, crl, server };
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

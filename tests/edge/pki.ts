// Certificates made by the openssl command line: good ones, and each kind of bad one.
// Must share nothing with src/pki: what our own code issues is judged elsewhere, this is the independent side.
import { dirname, join } from "node:path";
import { runOk } from "../lib/command.ts";

/** A certificate with its key, as files and as PEM. */
export interface Identity {
  name: string;
  /** The certificate alone. */
  certificate: string;
  key: string;
  /** PEM of the certificate and whatever stands between it and the anchor, and the same as a file. */
  chain: string;
  chainFile: string;
  keyPem: string;
}

export interface IssueOptions {
  /** Extensions as openssl's configuration writes them. Default: those of a client. */
  extensions?: string;
  /** As openssl takes it: YYYYMMDDHHMMSSZ. Default: yesterday until next year. */
  notBefore?: string;
  notAfter?: string;
  /** Arguments of `-newkey`. Default: a P-256 key. */
  key?: string[];
  /** Of the issuer's signature. Default: sha256. */
  digest?: string;
}

const P256 = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
export const rsa = (bits: number): string[] => [`rsa:${bits}`];

export const CLIENT = "extendedKeyUsage=clientAuth\nkeyUsage=digitalSignature\n";
export const serverOf = (...names: string[]): string =>
  `extendedKeyUsage=serverAuth\nkeyUsage=digitalSignature\nsubjectAltName=${names.join(",")}\n`;
/** @param pathLength how many authorities may stand below it; undefined: any number */
export const authority = (pathLength?: number): string =>
  `basicConstraints=critical,CA:true${pathLength === undefined ? "" : `,pathlen:${pathLength}`}\n` +
  "keyUsage=critical,keyCertSign,cRLSign\n";

const DAY_MS = 86_400_000;
/** A moment some days from now, as openssl writes it. */
export const inDays = (days: number): string =>
  new Date(Date.now() + days * DAY_MS).toISOString().replace(/[-:T]/g, "").replace(/\.\d+/, "");

/** What can issue: an authority, or a certificate that only pretends to be one. */
export class Authority {
  private constructor(readonly identity: Identity, private readonly isRoot: boolean) {}

  /** One that signs itself. */
  static async root(dir: string, name: string, options: IssueOptions = {}): Promise<Authority> {
    const made = await request(dir, name, options.key);
    await configure(made);
    await sign(made, made, { extensions: authority(), ...options }, ["-selfsign"]);
    return new Authority(await read(made), true);
  }

  /** PEM of what those who trust it keep. */
  get anchor(): string {
    return this.identity.chain;
  }

  async issue(name: string, options: IssueOptions = {}): Promise<Identity> {
    const made = await request(dirname(this.identity.certificate), name, options.key);
    await sign(this.identity, made, options);
    // The anchor stays at home (RFC 8446, 4.4.2).
    return await read(made, this.isRoot ? "" : this.identity.chain);
  }

  /** Something below this one that issues in its turn, whether it may or not. */
  async below(name: string, options: IssueOptions): Promise<Authority> {
    const identity = await this.issue(name, options);
    await configure(identity);
    return new Authority(identity, false);
  }

  async revoke({ certificate }: Identity): Promise<void> {
    await runOk("openssl", ["ca", "-config", configOf(this.identity), "-revoke", certificate]);
  }

  /** Its list as PEM. @param nextUpdate when a newer one is due */
  async revocationList(nextUpdate = inDays(30)): Promise<string> {
    return await runOk("openssl", [
      ...["ca", "-config", configOf(this.identity), "-gencrl"],
      ...["-crl_lastupdate", inDays(-60), "-crl_nextupdate", nextUpdate],
    ]);
  }
}

/** Where a certificate and its key are, or will be. */
type Files = Pick<Identity, "name" | "certificate" | "key">;

const configOf = ({ certificate }: Files): string => `${certificate}.cnf`;
const requestOf = ({ certificate }: Files): string => `${certificate}.csr`;

let made = 0;

async function request(dir: string, name: string, key = P256): Promise<Files> {
  const stem = join(dir, String(made++));
  const files = { name, certificate: `${stem}.pem`, key: `${stem}.key` };
  await runOk("openssl", [
    ...["req", "-new", "-nodes", "-newkey", ...key, "-keyout", files.key],
    ...["-subj", `/CN=${name}`, "-out", requestOf(files)],
  ]);
  return files;
}

/** What `openssl ca` needs of an issuer. Lists are of version 2, with a number (RFC 5280, 5.2). */
async function configure(issuer: Files): Promise<void> {
  const { certificate, key } = issuer;
  await Deno.writeTextFile(`${certificate}.index`, "");
  await Deno.writeTextFile(`${certificate}.number`, "01\n");
  await Deno.writeTextFile(
    configOf(issuer),
    `[ca]\ndefault_ca=this\n[this]\ncertificate=${certificate}\nprivate_key=${key}\n` +
      `database=${certificate}.index\nnew_certs_dir=${dirname(certificate)}\nrand_serial=yes\n` +
      `unique_subject=no\ndefault_md=sha256\npolicy=any\ncrlnumber=${certificate}.number\ncrl_extensions=list\n` +
      "[any]\ncommonName=supplied\n[list]\nauthorityKeyIdentifier=keyid\n",
  );
}

async function sign(issuer: Files, to: Files, options: IssueOptions, more: string[] = []): Promise<void> {
  const extensions = `${to.certificate}.ext`;
  await Deno.writeTextFile(extensions, options.extensions ?? CLIENT);
  await runOk("openssl", [
    ...["ca", "-batch", "-notext", "-config", configOf(issuer), "-in", requestOf(to), "-out", to.certificate],
    ...["-startdate", options.notBefore ?? inDays(-1), "-enddate", options.notAfter ?? inDays(365)],
    ...["-md", options.digest ?? "sha256", "-extfile", extensions, ...more],
  ]);
}

async function read(files: Files, above = ""): Promise<Identity> {
  const [chain, keyPem] = await Promise.all([
    Deno.readTextFile(files.certificate),
    Deno.readTextFile(files.key),
  ]);
  const chainFile = `${files.certificate}.chain`;
  await Deno.writeTextFile(chainFile, chain + above);
  return { ...files, chain: chain + above, chainFile, keyPem };
}

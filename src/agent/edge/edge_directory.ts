// The edge's directory: DIR/current/edge.json says where to listen and names the PEM files of DIR/N. Each change writes
// another N first and replaces edge.json last, in one step: the edge, which watches that file, sees all of it or
// nothing. No link takes part: making one takes more rights than the agent has in the VM.
// Must never leave a private key that others than the owner (and the edge's group, where it is one) may read.
import { join } from "node:path";
import { replaceFile } from "../../files/durable_file.ts";
import type { TlsFiles } from "../config_store/applier.ts";

/** What is spoken at an address, by its name in ALPN (RFC 7301). */
export type EdgeProtocol = "h2" | "http/1.1";

export interface EdgeListen {
  readonly address: string;
  readonly tls: boolean;
  /** Path of the Unix socket on which the agent takes what comes there. */
  readonly back: string;
  /** Only with TLS. Who offers nothing by ALPN is taken to speak HTTP/1.1, where that is among these. */
  readonly alpn?: readonly EdgeProtocol[];
}

/** As dataplane/edge reads it; relative paths are relative to the file. */
export interface EdgeConfig {
  readonly listen: readonly EdgeListen[];
  readonly metrics?: string;
  readonly limits: { readonly max_connections: number; readonly max_connections_per_peer: number };
}

/** Directories that are kept: that in force, and the one before, of which the edge may be reading still. */
const KEPT = 2;

const FILES: Readonly<Record<keyof TlsFiles, readonly [key: string, file: string]>> = {
  certificatePem: ["certificate", "certificate.pem"],
  privateKeyPem: ["private_key", "private_key.pem"],
  clientCaPem: ["client_ca", "client_ca.pem"],
  crlPem: ["crl", "crl.pem"],
};

export class EdgeDirectory {
  readonly #dir: string;
  readonly #modes: { readonly dir: number; readonly file: number };
  #written: string | undefined;

  /** @param groupReads the edge is another user, of this process's group */
  constructor(dir: string, groupReads: boolean) {
    this.#dir = dir;
    this.#modes = groupReads ? { dir: 0o750, file: 0o640 } : { dir: 0o700, file: 0o600 };
  }

  /** @returns false when all of it stands there already */
  async write(config: EdgeConfig, tls: TlsFiles): Promise<boolean> {
    const text = JSON.stringify([config, tls]);
    if (text === this.#written) return false;
    await this.#makeDir(this.#dir);
    const current = join(this.#dir, "current");
    await this.#makeDir(current);
    const numbers = await this.#numbers();
    const number = (numbers[0] ?? 0) + 1;
    const names = await this.#writeMaterial(number, config.listen.some((one) => one.tls) ? tls : {});
    await replaceFile(
      join(current, "edge.json"),
      JSON.stringify({ ...config, ...names }, null, 2),
      this.#modes.file,
    );
    this.#written = text;
    for (const old of numbers.slice(KEPT - 1)) {
      await Deno.remove(join(this.#dir, String(old)), { recursive: true });
    }
    return true;
  }

  /** The PEM files, as edge.json names them. */
  async #writeMaterial(number: number, tls: TlsFiles): Promise<Record<string, string>> {
    const dir = join(this.#dir, String(number));
    await this.#makeDir(dir);
    const names: Record<string, string> = {};
    for (const [part, [key, file]] of Object.entries(FILES) as [keyof TlsFiles, [string, string]][]) {
      const pem = tls[part];
      if (pem === undefined) continue;
      await replaceFile(join(dir, file), pem, this.#modes.file);
      names[key] = `../${number}/${file}`;
    }
    return names;
  }

  async #makeDir(dir: string): Promise<void> {
    await Deno.mkdir(dir, { recursive: true, mode: 0o700 });
    // That of the VM's runtime directory is the service manager's to say.
    if (dir !== this.#dir) await Deno.chmod(dir, this.#modes.dir);
  }

  /** Of the directories that are there, newest first. */
  async #numbers(): Promise<number[]> {
    const numbers: number[] = [];
    for await (const { name } of Deno.readDir(this.#dir)) {
      if (/^[1-9]\d{0,14}$/.test(name)) numbers.push(Number(name));
    }
    return numbers.sort((a, b) => b - a);
  }
}

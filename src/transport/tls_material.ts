// Looks at a client's certificates and key before they are used, since what a handshake says of bad ones helps nobody.
// Must never print a key nor a part of one.
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { SocketError } from "@gatehouse/vsock";

/** Whom to trust and who we are: PEM texts. */
export interface TlsClientOptions {
  /** The only authorities that the server's certificate may come from. Default: the public ones. */
  readonly ca?: string;
  /** Our certificate, what stands between it and its authority behind it. With `key` or not at all. */
  readonly cert?: string;
  /** The private key of `cert`, PKCS#8 or SEC 1. */
  readonly key?: string;
  /** The name or IP address that the server's certificate must have. Default: the address's host. */
  readonly serverName?: string;
}

/** Options that were found good: a client dials again and again with the same ones. */
const checked = new WeakSet<object>();
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** @throws {SocketError} that says which part is bad and what to give instead */
export function checkTlsMaterial(address: string, options: TlsClientOptions): void {
  if (checked.has(options)) return;
  check(
    options,
    (problem, next) =>
      new SocketError("EBADTLS", address, `can't connect to ${address}: ${problem}; ${next}`),
  );
  checked.add(options);
}

/** What is wrong with the options, and what to do; undefined: nothing. */
export function tlsMaterialFault(options: TlsClientOptions): { problem: string; next: string } | undefined {
  try {
    check(options, (problem, next) => new MaterialFault(problem, next));
    return undefined;
  } catch (error) {
    if (error instanceof MaterialFault) return error;
    throw error;
  }
}

class MaterialFault extends Error {
  constructor(readonly problem: string, readonly next: string) {
    super(problem);
  }
}

function check(options: TlsClientOptions, refuse: Refuse): void {
  if (options.ca !== undefined) certificates(options.ca, "--ca", refuse);
  if ((options.cert === undefined) !== (options.key === undefined)) {
    throw refuse(
      "a client certificate and its key go together",
      "give --cert FILE and --key FILE, or neither",
    );
  }
  if (options.cert !== undefined && options.key !== undefined) {
    const [own] = certificates(options.cert, "--cert", refuse);
    if (!own.checkPrivateKey(privateKey(options.key, refuse))) {
      throw refuse("the key isn't that of the certificate", "give --cert and --key that belong together");
    }
  }
}

type Refuse = (problem: string, next: string) => Error;

function certificates(pem: string, option: string, refuse: Refuse): X509Certificate[] {
  const blocks = pem.match(CERTIFICATE);
  if (blocks === null) throw refuse(`there is no certificate in what ${option} gives`, "give a PEM file");
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    throw refuse(`a certificate in what ${option} gives is damaged`, "give a PEM file");
  }
}

function privateKey(pem: string, refuse: Refuse): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw refuse(
      "what --key gives is no private key, or one under a passphrase",
      "give PKCS#8 as PEM without one",
    );
  }
}

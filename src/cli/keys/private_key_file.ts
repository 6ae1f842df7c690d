// A private key to be imported, as PKCS#8, out of the forms that tools write.
// Must never print any of it, nor take a public key for one.
import { Buffer } from "node:buffer";
import { createPrivateKey, type KeyObject } from "node:crypto";
import { GatehouseError } from "../../vm/errors.ts";

/** RSA-4096 in PEM has 3.3 KB. */
export const MAX_PRIVATE_KEY_BYTES = 16_384;

/**
 * PKCS#8 DER (RFC 5208) of a key in PKCS#8, PKCS#1 or SEC 1, PEM or DER.
 * @param file its name, for the error; - for standard input
 * @throws GatehouseError with the command that makes it readable
 */
export function pkcs8Of(bytes: Uint8Array, file: string): Uint8Array {
  const [what, name] = file === "-" ? ["standard input", "FILE"] : [file, file];
  const text = new TextDecoder("latin1").decode(bytes);
  const label = /^-----BEGIN ([A-Z0-9 ]+)-----/m.exec(text)?.[1];
  if (label === "OPENSSH PRIVATE KEY") {
    throw refused(
      what,
      "a key in OpenSSH's own form",
      isOpensshEd25519(text)
        ? "ssh-keygen writes Ed25519 in no other form; make a new key: gatehouse keys create ID --kind ed25519"
        : `copy it and run: ssh-keygen -p -N "" -m PKCS8 -f COPY`,
    );
  }
  if (label === "ENCRYPTED PRIVATE KEY" || /^Proc-Type: 4,ENCRYPTED/m.test(text)) {
    throw refused(
      what,
      "a key under a passphrase",
      `give it in clear: openssl pkey -in ${name} | gatehouse keys import ID -`,
    );
  }
  const key = label === undefined ? fromDer(Buffer.from(bytes)) : attempt(() => {
    if (!label.endsWith("PRIVATE KEY")) throw new Error();
    return createPrivateKey({ key: Buffer.from(bytes), format: "pem" });
  });
  if (key === undefined) {
    throw refused(
      what,
      "no private key",
      "give a private key in PKCS#8, PEM or DER: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256",
    );
  }
  return new Uint8Array(key.export({ type: "pkcs8", format: "der" }));
}

/** Its public half stands before the private one, in clear (OpenSSH's PROTOCOL.key). */
const isOpensshEd25519 = (pem: string): boolean =>
  Buffer.from(pem.replace(/-----[^-]+-----/g, ""), "base64").includes("ssh-ed25519");

function fromDer(key: Buffer): KeyObject | undefined {
  for (const type of ["pkcs8", "pkcs1", "sec1"] as const) {
    const found = attempt(() => createPrivateKey({ key, format: "der", type }));
    if (found) return found;
  }
  return undefined;
}

function attempt(read: () => KeyObject): KeyObject | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

const refused = (what: string, is: string, next: string) =>
  new GatehouseError("bad-argument", `${what}: ${is}`, next);

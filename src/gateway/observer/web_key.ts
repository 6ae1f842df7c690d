// An operator's private key in a browser: PKCS#8 as PEM, Ed25519 or P-256, by WebCrypto.
// Must never keep the key in a form that can be read out again, nor put a part of it into an error.

/** Why a file is no key that can prove, as a sentence that ends with what to do. */
export class WebKeyError extends Error {
  override readonly name = "WebKeyError";
}

/** What makes proofs, as src/authority/prover.ts has it with node's cryptography. */
export interface WebKey {
  readonly kind: "Ed25519" | "P-256";
  /** SHA-256 of the SubjectPublicKeyInfo. */
  readonly keyId: Uint8Array;
  /** 64 bytes, as access.proto says. */
  sign(data: Uint8Array<ArrayBuffer>): Promise<Uint8Array>;
}

/** A key's PEM is some 250 bytes; a text around it may stand there. */
export const MAX_KEY_FILE_BYTES = 16 * 1024;

type Kind = WebKey["kind"];
const IMPORT: Readonly<Record<Kind, { name: string; namedCurve?: string }>> = {
  "Ed25519": { name: "Ed25519" },
  "P-256": { name: "ECDSA", namedCurve: "P-256" },
};
const SIGN: Readonly<Record<Kind, { name: string; hash?: string }>> = {
  "Ed25519": { name: "Ed25519" },
  "P-256": { name: "ECDSA", hash: "SHA-256" },
};

/** @throws WebKeyError */
export async function readWebKey(text: string): Promise<WebKey> {
  if (globalThis.crypto?.subtle === undefined) {
    throw new WebKeyError("this page can't sign here: open it by https:// or at 127.0.0.1");
  }
  const der = derOf(text);
  for (const kind of ["Ed25519", "P-256"] as const) {
    const pair = await importPair(kind, der);
    if (pair === undefined) continue;
    const spki = await crypto.subtle.exportKey("spki", pair.publicKey);
    return {
      kind,
      keyId: new Uint8Array(await crypto.subtle.digest("SHA-256", spki)),
      sign: async (data) => new Uint8Array(await crypto.subtle.sign(SIGN[kind], pair.privateKey, data)),
    };
  }
  throw new WebKeyError("it is no Ed25519 or P-256 key: choose the private half of an enrolled key");
}

/** @throws WebKeyError */
function derOf(text: string): Uint8Array<ArrayBuffer> {
  const label = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(text)?.[1];
  const body = /-----BEGIN PRIVATE KEY-----([\sA-Za-z0-9+/=]+)-----END PRIVATE KEY-----/.exec(text)?.[1];
  if (body === undefined) throw new WebKeyError(notPkcs8(label));
  try {
    return Uint8Array.from(atob(body.replace(/\s+/g, "")), (char) => char.charCodeAt(0));
  } catch {
    throw new WebKeyError("its PEM can't be read: choose the file that gatehouse admins keygen wrote");
  }
}

function notPkcs8(label: string | undefined): string {
  if (label === undefined) return "it is no key in PEM: choose the file that gatehouse admins keygen wrote";
  if (label.includes("PUBLIC")) return "it is a public key: the private one proves";
  if (label.includes("ENCRYPTED")) {
    return "it is encrypted: decrypt it to a file of mode 0600 (openssl pkcs8 -in FILE)";
  }
  if (label.includes("OPENSSH")) {
    return "it is in OpenSSH's own form, which a browser can't read: enrol a key of gatehouse admins keygen";
  }
  return `it is a ${label}: bring it to PKCS#8 (openssl pkcs8 -topk8 -nocrypt -in FILE)`;
}

/** Undefined when it is no key of that kind. */
async function importPair(kind: Kind, pkcs8: Uint8Array<ArrayBuffer>) {
  const algorithm = IMPORT[kind];
  let extractable: CryptoKey;
  try {
    extractable = await crypto.subtle.importKey("pkcs8", pkcs8, algorithm, true, ["sign"]);
  } catch {
    return undefined;
  }
  // Its public half, which names it to the server; then the private one once more, not to be read out again.
  const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", extractable);
  const jwk = { kty, crv, x, ...y === undefined ? {} : { y } };
  const publicKey = await crypto.subtle.importKey("jwk", jwk, algorithm, true, ["verify"]);
  const privateKey = await crypto.subtle.importKey("pkcs8", pkcs8, algorithm, false, ["sign"]);
  return { publicKey, privateKey };
}

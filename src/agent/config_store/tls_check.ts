// Whether TLS material can do what it is for, said before the edge gets it: a handshake's own errors help nobody.
// Must never repeat a part of a private key.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { type Certificate, readCertificates } from "../../pki/certificate.ts";
import { PkiError } from "../../pki/error.ts";
import { readRevocationLists, type RevocationList } from "../../pki/revocation_list.ts";
import type { TlsFiles } from "./applier.ts";

/** Of each part, UTF-16 units: a chain or some hundred anchors. */
export const MAX_PEM_UNITS = 64 * 1024;

/** As in every label of a private key (RFC 7468, 10 and 11; OpenSSL's and OpenSSH's own): files often hold both. */
const PRIVATE_KEY = /PRIVATE KEY/i;

/** What is wrong with a part; the fields are those of TlsMaterial. */
export interface TlsProblem {
  readonly field: "certificate_pem" | "private_key_pem" | "client_ca_pem" | "crl_pem";
  readonly description: string;
}

/**
 * @param needed a tls:// address is to be opened with it
 * @param nowMs undefined: the clock isn't asked, so nothing is too old or too new
 */
export function checkTls(tls: TlsFiles, needed: boolean, nowMs?: number): TlsProblem[] {
  const problems: TlsProblem[] = [];
  const add = (field: TlsProblem["field"], description: string) => problems.push({ field, description });
  const { certificatePem, privateKeyPem, clientCaPem, crlPem } = tls;
  const parts = {
    certificate_pem: certificatePem,
    private_key_pem: privateKeyPem,
    client_ca_pem: clientCaPem,
    crl_pem: crlPem,
  };
  let tooLong = false;
  for (const [field, text] of Object.entries(parts) as [TlsProblem["field"], string | undefined][]) {
    if ((text?.length ?? 0) > MAX_PEM_UNITS) {
      tooLong = true;
      add(
        field,
        `${text?.length} characters, at most ${MAX_PEM_UNITS} are taken; leave out what isn't needed`,
      );
    } else if (needed && text === undefined && field !== "crl_pem") {
      add(field, "is missing, and a tls:// address needs it; give it, or leave that address out");
    }
  }
  if (tooLong) return problems; // reading it costs
  for (const field of ["certificate_pem", "client_ca_pem", "crl_pem"] as const) {
    if (PRIVATE_KEY.test(parts[field] ?? "")) {
      add(
        field,
        "holds a private key, and whoever may read the configuration reads this part; leave the key out, it is " +
          "given by itself",
      );
    }
  }

  const chain = certificatePem === undefined ? [] : attempt("certificate_pem", certificatePem, add);
  checkChain(chain, nowMs, (text) => add("certificate_pem", text));
  if (chain.length > 0 && privateKeyPem !== undefined) {
    const fault = keyFault(privateKeyPem, certificatePem ?? "");
    if (fault !== undefined) add("private_key_pem", fault);
  } else if (privateKeyPem === undefined && certificatePem !== undefined && !needed) {
    add("private_key_pem", "is missing; a certificate and its key go together");
  }
  const anchors = clientCaPem === undefined ? [] : attempt("client_ca_pem", clientCaPem, add);
  checkAnchors(anchors, nowMs, (text) => add("client_ca_pem", text));
  if (crlPem !== undefined) {
    const fault = crlFault(crlPem, anchors.filter(({ isCa }) => isCa), nowMs);
    if (fault !== undefined) add("crl_pem", fault);
  }
  return problems;
}

function attempt(
  field: TlsProblem["field"],
  pem: string,
  add: (field: TlsProblem["field"], text: string) => void,
): Certificate[] {
  try {
    return readCertificates(pem);
  } catch (error) {
    if (!(error instanceof PkiError)) throw error;
    add(field, `${error.message}; give PEM`);
    return [];
  }
}

/** RFC 8446, 4.4.2: the server's own first, then each the issuer of the one before. */
function checkChain(
  chain: readonly Certificate[],
  nowMs: number | undefined,
  add: (text: string) => void,
): void {
  const [own, ...others] = chain;
  if (own === undefined) return;
  if (own.isCa) add(`the first certificate, ${own.subject}, is a CA's; put the server's own first`);
  else if (!own.uses.includes("server")) {
    add(`${own.subject} is not for servers (extended key usage); issue one with serverAuth`);
  }
  if (own.names.length === 0) {
    add(`${own.subject} has no name that a client could check (SAN); issue one with it`);
  }
  chain.forEach((certificate) => {
    const fault = timeFault(certificate, nowMs);
    if (fault !== undefined) add(fault);
  });
  others.forEach((issuer, index) => {
    if (chain[index].issuer !== issuer.subject || !issuer.isCa) {
      add(
        `${issuer.subject} stands behind ${
          chain[index].subject
        } and isn't its issuer; put each issuer behind what it issued`,
      );
    }
  });
}

/** An anchor out of its time does no harm beside one that holds. */
function checkAnchors(
  anchors: readonly Certificate[],
  nowMs: number | undefined,
  add: (text: string) => void,
): void {
  const faults = anchors.map((anchor) => timeFault(anchor, nowMs));
  for (const { isCa, subject } of anchors) {
    if (!isCa) add(`${subject} is no CA's certificate; give the CA that issues the clients' certificates`);
  }
  if (faults[0] !== undefined && faults.every((fault) => fault !== undefined)) add(faults[0]);
}

function timeFault(
  { subject, notBefore, notAfter }: Certificate,
  nowMs: number | undefined,
): string | undefined {
  if (nowMs === undefined) return undefined;
  if (nowMs > notAfter.getTime()) {
    return `${subject} expired at ${notAfter.toISOString()}; give one that holds`;
  }
  if (nowMs >= notBefore.getTime()) return undefined;
  const now = new Date(nowMs).toISOString();
  return `${subject} holds from ${notBefore.toISOString()} on and it is ${now}; wait, or mend the clock`;
}

function keyFault(keyPem: string, certificatePem: string): string | undefined {
  let key;
  try {
    key = createPrivateKey(keyPem);
  } catch {
    return "is no private key, or one under a passphrase; give PKCS#8 as PEM without one";
  }
  try {
    if (new X509Certificate(certificatePem).checkPrivateKey(key)) return undefined;
  } catch {
    // A key of another kind than the certificate's.
  }
  return "isn't the certificate's; give the two that belong together";
}

/** RFC 5280, 6.3.3: the edge lets nobody in of whom no list that holds says that he wasn't revoked. */
function crlFault(
  pem: string,
  anchors: readonly Certificate[],
  nowMs: number | undefined,
): string | undefined {
  let lists: RevocationList[];
  try {
    lists = readRevocationLists(pem);
  } catch (error) {
    if (!(error instanceof PkiError)) throw error;
    return `${error.message}; give PEM`;
  }
  if (anchors.length > 0 && !lists.some(({ issuer }) => anchors.some(({ subject }) => subject === issuer))) {
    return `no list is one of the clients' CA, so no client could be let in: they are of ${
      lists.map(({ issuer }) => issuer).join("; ")
    }; give that CA's, or none`;
  }
  const forged = lists.find(({ issuer, isSignedBy }) => {
    const namesakes = anchors.filter(({ subject }) => subject === issuer);
    return namesakes.length > 0 && namesakes.every(({ publicKeyDer }) => isSignedBy(publicKeyDer) === false);
  });
  if (forged !== undefined) {
    return `the list of ${forged.issuer} isn't signed by the clients' CA of that name, so no client could be let in; ` +
      "give that CA's own";
  }
  const ended = lists.find(({ nextUpdate }) => nextUpdate !== undefined && Number(nextUpdate) < (nowMs ?? 0));
  return ended &&
    `the list of ${ended.issuer} held until ${ended.nextUpdate?.toISOString()}, and without one that holds no client ` +
      "of it is let in; give the newest";
}

// Reads revocation lists (RFC 5280, 5): whose they are, until when they hold, what they revoke, who signed them. Nothing
// is let in by it: that is the edge's. Must never give half of a list that can't be read.
import { Buffer } from "node:buffer";
import { createPublicKey, verify } from "node:crypto";
import { AsnConvert } from "@peculiar/asn1-schema";
import { CertificateList } from "@peculiar/asn1-x509";
import { formatName } from "./distinguished_name.ts";
import { PkiError } from "./error.ts";
import { readPem } from "./pem.ts";

/** In one PEM text: one for each authority. */
const MAX_LISTS = 64;

export interface RevocationList {
  /** As Certificate.subject has it. */
  readonly issuer: string;
  readonly thisUpdate: Date;
  /** Undefined: it says no end, which RFC 5280 forbids and some do. */
  readonly nextUpdate?: Date;
  /** Serial numbers, as Certificate.serial has them. */
  readonly revoked: ReadonlySet<string>;
  /** Whether this key (SubjectPublicKeyInfo, DER) signed it; undefined: by an algorithm that isn't checked here. */
  isSignedBy(publicKeyDer: Uint8Array): boolean | undefined;
}

/** What public authorities sign with, and our own (RFC 5758, 4055, 8410): the digest, null where it is the algorithm's own. */
const DIGESTS: Readonly<Record<string, string | null>> = {
  "1.2.840.10045.4.3.2": "sha256",
  "1.2.840.10045.4.3.3": "sha384",
  "1.2.840.10045.4.3.4": "sha512",
  "1.2.840.113549.1.1.11": "sha256",
  "1.2.840.113549.1.1.12": "sha384",
  "1.2.840.113549.1.1.13": "sha512",
  "1.3.101.112": null,
};

/** Every list of a PEM text. @throws {PkiError}, also if there is none */
export function readRevocationLists(pem: string): RevocationList[] {
  const blocks = readPem(pem, "X509 CRL");
  if (blocks.length === 0) {
    throw new PkiError("there is no revocation list in it (PEM, -----BEGIN X509 CRL-----)");
  }
  if (blocks.length > MAX_LISTS) {
    throw new PkiError(`${blocks.length} revocation lists, at most ${MAX_LISTS} are read`);
  }
  return blocks.map(readDer);
}

function readDer(der: Uint8Array): RevocationList {
  try {
    const whole = AsnConvert.parse(der, CertificateList);
    const list = whole.tbsCertList;
    return {
      issuer: formatName(list.issuer),
      thisUpdate: validDate(list.thisUpdate.getTime()),
      nextUpdate: list.nextUpdate && validDate(list.nextUpdate.getTime()),
      revoked: new Set(
        (list.revokedCertificates ?? []).map(({ userCertificate }) => serialOf(userCertificate)),
      ),
      isSignedBy: (publicKeyDer) => isSignedBy(whole, publicKeyDer),
    };
  } catch (error) {
    throw new PkiError("it holds a damaged revocation list", undefined, { cause: error });
  }
}

function isSignedBy(
  { tbsCertListRaw, signatureAlgorithm, signature }: CertificateList,
  publicKeyDer: Uint8Array,
): boolean | undefined {
  const digest = DIGESTS[signatureAlgorithm.algorithm];
  if (digest === undefined || tbsCertListRaw === undefined) return undefined;
  try {
    const key = createPublicKey({ key: Buffer.from(publicKeyDer), format: "der", type: "spki" });
    return verify(digest, Buffer.from(tbsCertListRaw), key, Buffer.from(signature));
  } catch {
    return false; // a key of another kind
  }
}

const serialOf = (serial: ArrayBuffer): string =>
  Array.from(new Uint8Array(serial), (byte) => byte.toString(16).padStart(2, "0")).join("")
    .replace(/^(00)+(?=.)/, "");

function validDate(date: Date): Date {
  if (Number.isNaN(date.getTime())) throw new Error("a date that is none");
  return date;
}

/** How many certificates `before` revokes that `next` doesn't, by issuer. What can't be read revokes nothing. */
export function revokedNoLonger(before: string | undefined, next: string | undefined): Map<string, number> {
  const now = listsOf(next);
  const counts = new Map<string, number>();
  for (const { issuer, revoked } of listsOf(before)) {
    const still = now.filter((list) => list.issuer === issuer);
    const gone = [...revoked].filter((serial) => !still.some((list) => list.revoked.has(serial))).length;
    if (gone > 0) counts.set(issuer, (counts.get(issuer) ?? 0) + gone);
  }
  return counts;
}

/** Whether `given` says less than `kept`, or says it as of an earlier time: none of its lists is newer, and one is older or missing. */
export function isOlder(given: string | undefined, kept: string | undefined): boolean {
  const lists = listsOf(given);
  const ages = listsOf(kept).map(({ issuer, thisUpdate }) => {
    const same = lists.filter((list) => list.issuer === issuer).map((list) => list.thisUpdate.getTime());
    return same.length === 0 ? -1 : Math.sign(Math.max(...same) - thisUpdate.getTime());
  });
  return ages.includes(-1) && !ages.includes(1);
}

function listsOf(pem: string | undefined): RevocationList[] {
  if (pem === undefined) return [];
  try {
    return readRevocationLists(pem);
  } catch (error) {
    if (error instanceof PkiError) return [];
    throw error;
  }
}

// Reads revocation lists (RFC 5280, 5): whose they are, until when they hold, what they revoke. Verifies nothing: the
// edge does. Must never give half of a list that can't be read.
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
}

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
    const { tbsCertList: list } = AsnConvert.parse(der, CertificateList);
    return {
      issuer: formatName(list.issuer),
      thisUpdate: validDate(list.thisUpdate.getTime()),
      nextUpdate: list.nextUpdate && validDate(list.nextUpdate.getTime()),
      revoked: new Set(
        (list.revokedCertificates ?? []).map(({ userCertificate }) => serialOf(userCertificate)),
      ),
    };
  } catch (error) {
    throw new PkiError("it holds a damaged revocation list", undefined, { cause: error });
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

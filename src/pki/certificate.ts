// Reads X.509 certificates (RFC 5280): who it names, when and for what it is good. Verifies nothing: the edge does.
// Must never give a name in another text than its canonical one, nor half of a certificate that can't be read.
import { createHash } from "node:crypto";
import { AsnConvert } from "@peculiar/asn1-schema";
import {
  BasicConstraints,
  Certificate as Asn1Certificate,
  ExtendedKeyUsage,
  type Extension,
  type GeneralName,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_subjectAltName,
  id_kp_clientAuth,
  id_kp_serverAuth,
  SubjectAlternativeName,
} from "@peculiar/asn1-x509";
import { formatName } from "./distinguished_name.ts";
import { PkiError } from "./error.ts";
import { canonicalName } from "./names.ts";
import { readPem } from "./pem.ts";

/** What a certificate says, read. */
export interface Certificate {
  /** One line for people; nothing is decided by it. */
  readonly subject: string;
  readonly issuer: string;
  /** Lower-case hex, without leading zero bytes. */
  readonly serial: string;
  /** Its subject alternative names in canonicalName()'s texts, in its order; kinds that we don't know are left out. */
  readonly names: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** What it may be used for in TLS (RFC 5280, 4.2.1.12); both where it says nothing of uses. */
  readonly uses: readonly ("server" | "client")[];
  readonly isCa: boolean;
  /** SHA-256 of its DER, lower-case hex. */
  readonly sha256: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKeyDer: Uint8Array;
}

/** A PROXY header has no room for more (its length has 16 bits); usual ones have 1 to 2 KB. */
export const MAX_CERTIFICATE_BYTES = 64 * 1024;
/** Of one certificate: reading and comparing costs by it. */
const MAX_NAMES = 256;
/** In one PEM text: a chain has a few, a file of anchors some hundreds. */
const MAX_CERTIFICATES = 512;

/**
 * Reads one certificate: DER, or PEM, of which it takes the first block.
 *
 * @throws {PkiError}
 */
export function readCertificate(derOrPem: Uint8Array | string): Certificate {
  if (typeof derOrPem !== "string") return readDer(derOrPem);
  const [first] = certificateBlocks(derOrPem);
  return readDer(first);
}

/** Reads every certificate of a PEM text: a chain, or a file of anchors. @throws {PkiError}, also if there is none */
export const readCertificates = (pem: string): Certificate[] => certificateBlocks(pem).map(readDer);

function certificateBlocks(pem: string): Uint8Array[] {
  const blocks = readPem(pem, "CERTIFICATE");
  if (blocks.length === 0) {
    throw new PkiError("there is no certificate in it (PEM, -----BEGIN CERTIFICATE-----)");
  }
  if (blocks.length > MAX_CERTIFICATES) {
    throw new PkiError(`${blocks.length} certificates, at most ${MAX_CERTIFICATES} are read`);
  }
  return blocks;
}

function readDer(der: Uint8Array): Certificate {
  if (der.length > MAX_CERTIFICATE_BYTES) {
    throw new PkiError(`a certificate of ${der.length} bytes, at most ${MAX_CERTIFICATE_BYTES} are read`);
  }
  if (der.length !== lengthOfSequence(der)) throw new PkiError("this is no certificate (X.509, DER)");
  try {
    return interpret(der, AsnConvert.parse(der, Asn1Certificate));
  } catch (error) {
    if (error instanceof PkiError) throw new PkiError(`the certificate: ${error.message}`);
    throw new PkiError("this is no certificate, or a damaged one (X.509, DER)", undefined, { cause: error });
  }
}

function interpret(der: Uint8Array, { tbsCertificate: tbs }: Asn1Certificate): Certificate {
  const extensions = tbs.extensions ?? [];
  const alternative = extension(extensions, id_ce_subjectAltName, SubjectAlternativeName);
  if ((alternative?.length ?? 0) > MAX_NAMES) throw new PkiError(`it has more than ${MAX_NAMES} names`);
  return {
    subject: formatName(tbs.subject),
    issuer: formatName(tbs.issuer),
    serial: hex(new Uint8Array(tbs.serialNumber)).replace(/^(00)+(?=.)/, ""),
    names: [...alternative ?? []].flatMap(nameOf),
    notBefore: validDate(tbs.validity.notBefore.getTime()),
    notAfter: validDate(tbs.validity.notAfter.getTime()),
    uses: usesOf(extension(extensions, id_ce_extKeyUsage, ExtendedKeyUsage)),
    isCa: extension(extensions, id_ce_basicConstraints, BasicConstraints)?.cA ?? false,
    sha256: createHash("sha256").update(der).digest("hex"),
    publicKeyDer: new Uint8Array(AsnConvert.serialize(tbs.subjectPublicKeyInfo)),
  };
}

/** RFC 5280, 4.2: one at most of each kind. */
function extension<T>(extensions: Iterable<Extension>, id: string, type: new () => T): T | undefined {
  const found = [...extensions].filter(({ extnID }) => extnID === id);
  if (found.length > 1) throw new PkiError("it has an extension twice");
  return found.length === 0 ? undefined : AsnConvert.parse(found[0].extnValue.buffer, type);
}

function nameOf(name: GeneralName): string[] {
  if (name.dNSName !== undefined) return [canonicalName(`dns:${name.dNSName}`)];
  if (name.uniformResourceIdentifier !== undefined) {
    return [canonicalName(`uri:${name.uniformResourceIdentifier}`)];
  }
  if (name.rfc822Name !== undefined) return [canonicalName(`email:${name.rfc822Name}`)];
  if (name.iPAddress !== undefined) return [canonicalName(`ip:${name.iPAddress}`)];
  return [];
}

const ANY_USE = "2.5.29.37.0";

function usesOf(extended: ExtendedKeyUsage | undefined): Certificate["uses"] {
  const allows = (id: string) =>
    extended === undefined || extended.includes(id) || extended.includes(ANY_USE);
  const uses: Certificate["uses"][number][] = [];
  if (allows(id_kp_serverAuth)) uses.push("server");
  if (allows(id_kp_clientAuth)) uses.push("client");
  return uses;
}

function validDate(date: Date): Date {
  if (Number.isNaN(date.getTime())) throw new PkiError("it has a date that is none");
  return date;
}

/** All bytes of the DER SEQUENCE that `der` begins with, its own header among them; undefined if it is none. */
function lengthOfSequence(der: Uint8Array): number | undefined {
  if (der[0] !== 0x30 || der.length < 2) return undefined;
  if (der[1] < 0x80) return 2 + der[1];
  const octets = der[1] & 0x7f;
  if (octets < 1 || octets > 3 || der.length < 2 + octets) return undefined;
  return der.subarray(2, 2 + octets).reduce((length, octet) => length * 256 + octet, 0) + 2 + octets;
}

const hex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

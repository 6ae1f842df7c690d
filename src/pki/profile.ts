// What our certificates and revocation lists look like (RFC 5280): no extension more than TLS needs. Touches no file.
// Must never sign with a key of less than P-256, nor give a private key to anything but its PEM.
import "reflect-metadata";
import { randomBytes } from "node:crypto";
import * as x509 from "@peculiar/x509";
import { PkiError } from "./error.ts";
import { readPem, writePem } from "./pem.ts";

/** A certificate and its private key, PKCS#8. */
export interface KeyPairPem {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

export interface Leaf extends Validity {
  /** The subject's common name, for people. */
  readonly commonName: string;
  /** As canonicalName() gives them. */
  readonly names: readonly string[];
  readonly use: "server" | "client";
}

export interface RevokedEntry {
  readonly serial: string;
  readonly revokedAt: Date;
}

/** What every TLS library takes; Ed25519 isn't among what gRPC's own (BoringSSL) and browsers offer. */
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
/** 16 random bytes: twice what the CA/Browser Forum asks for, below the 20 of RFC 5280, 4.1.2.2. */
const SERIAL_BYTES = 16;
const ID_CRL_NUMBER = "2.5.29.20";

/** A new authority: signs leaves and revocation lists only, no authority below it. */
export async function newAuthority(commonName: string, validity: Validity): Promise<KeyPairPem> {
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.create({
    ...wholeSeconds(validity),
    serialNumber: newSerial(),
    subject: subject(commonName),
    issuer: subject(commonName),
    publicKey: keys.publicKey,
    signingKey: keys.privateKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return await toPem(certificate, keys);
}

/** A certificate for a server or a client, with a new key. */
export async function newLeaf(authority: KeyPairPem, leaf: Leaf): Promise<KeyPairPem> {
  const issuer = new x509.X509Certificate(authority.certificatePem);
  const keys = await newKeys();
  const use = leaf.use === "server" ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth;
  const certificate = await x509.X509CertificateGenerator.create({
    ...wholeSeconds(leaf),
    serialNumber: newSerial(),
    subject: subject(leaf.commonName),
    issuer: issuer.subjectName,
    publicKey: keys.publicKey,
    signingKey: await signingKey(authority),
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([use]),
      new x509.SubjectAlternativeNameExtension(leaf.names.map(generalName)),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return await toPem(certificate, keys);
}

/**
 * The authority's revocation list.
 *
 * @param number higher than that of every list before (RFC 5280, 5.2.3)
 */
export async function newRevocationList(
  authority: KeyPairPem,
  entries: readonly RevokedEntry[],
  number: number,
  { notBefore, notAfter }: Validity,
): Promise<string> {
  const issuer = new x509.X509Certificate(authority.certificatePem);
  const list = await x509.X509CrlGenerator.create({
    issuer: issuer.subjectName,
    thisUpdate: wholeSecond(notBefore),
    nextUpdate: wholeSecond(notAfter),
    signingAlgorithm: ALGORITHM,
    signingKey: await signingKey(authority),
    entries: entries.map(({ serial, revokedAt }) => ({
      serialNumber: serial,
      revocationDate: wholeSecond(revokedAt),
    })),
    extensions: [
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      new x509.Extension(ID_CRL_NUMBER, false, derInteger(number)),
    ],
  });
  return writePem("X509 CRL", new Uint8Array(list.rawData));
}

const newKeys = () =>
  crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]) as Promise<CryptoKeyPair>;

async function signingKey({ privateKeyPem }: KeyPairPem): Promise<CryptoKey> {
  const [pkcs8] = readPem(privateKeyPem, "PRIVATE KEY");
  if (pkcs8 === undefined) {
    throw new PkiError("the authority's key is no PKCS#8 key (PEM, -----BEGIN PRIVATE KEY-----)");
  }
  try {
    return await crypto.subtle.importKey("pkcs8", pkcs8.slice(), ALGORITHM, false, ["sign"]);
  } catch (error) {
    throw new PkiError("the authority's key is damaged, or no P-256 key", undefined, { cause: error });
  }
}

async function toPem(certificate: x509.X509Certificate, keys: CryptoKeyPair): Promise<KeyPairPem> {
  const pkcs8 = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    certificatePem: writePem("CERTIFICATE", new Uint8Array(certificate.rawData)),
    privateKeyPem: writePem("PRIVATE KEY", new Uint8Array(pkcs8)),
  };
}

const newSerial = (): string => randomBytes(SERIAL_BYTES).toString("hex");

const subject = (commonName: string) => new x509.Name([{ CN: [{ utf8String: commonName }] }]);

function generalName(name: string): x509.JsonGeneralName {
  const colon = name.indexOf(":");
  const kind = name.slice(0, colon);
  const value = name.slice(colon + 1);
  switch (kind) {
    case "dns":
    case "ip":
    case "email":
      return { type: kind, value };
    case "uri":
      return { type: "url", value };
    default:
      throw new PkiError(`${JSON.stringify(name)} is of no kind that a certificate can have`);
  }
}

/** RFC 5280, 4.1.2.5: times have no fractions. */
const wholeSecond = (time: Date): Date => new Date(Math.floor(time.getTime() / 1000) * 1000);
const wholeSeconds = ({ notBefore, notAfter }: Validity): Validity => ({
  notBefore: wholeSecond(notBefore),
  notAfter: wholeSecond(notAfter),
});

/** X.690, 8.3: big endian, two's complement. */
function derInteger(value: number): Uint8Array<ArrayBuffer> {
  const hex = value.toString(16);
  const bytes = Uint8Array.from(
    hex.padStart(hex.length + hex.length % 2, "0").match(/../g) ?? [],
    (one) => parseInt(one, 16),
  );
  const positive = bytes[0] < 0x80 ? bytes : Uint8Array.of(0, ...bytes);
  return Uint8Array.of(2, positive.length, ...positive);
}

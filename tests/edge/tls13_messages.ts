// TLS 1.3's handshake messages, good and bad (RFC 8446, section 4), for a client that misbehaves.
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { concat } from "../lib/raw_http2.ts";
import { ascii, RECORD, u16, u24 } from "./tls13_keys.ts";

export const MESSAGE = {
  CLIENT_HELLO: 1,
  SERVER_HELLO: 2,
  NEW_SESSION_TICKET: 4,
  ENCRYPTED_EXTENSIONS: 8,
  CERTIFICATE: 11,
  CERTIFICATE_REQUEST: 13,
  CERTIFICATE_VERIFY: 15,
  FINISHED: 20,
  KEY_UPDATE: 24,
};

const AES_128_GCM_SHA256 = 0x1301;
const X25519 = 0x001d;
const ECDSA_P256_SHA256 = 0x0403;
const RSA_PSS_SHA256 = 0x0804;
const EXTENSION = {
  GROUPS: 10,
  SIGNATURES: 13,
  ALPN: 16,
  PRE_SHARED_KEY: 41,
  EARLY_DATA: 42,
  VERSIONS: 43,
  PSK_MODES: 45,
  KEY_SHARE: 51,
};

export const message = (type: number, body: Uint8Array): Uint8Array =>
  concat(Uint8Array.of(type, ...u24(body.length)), body);

/** A vector with a length of two bytes. */
const vector = (...parts: Uint8Array[]): Uint8Array => {
  const all = concat(...parts);
  return concat(Uint8Array.of(...u16(all.length)), all);
};
const extension = (type: number, body: Uint8Array): Uint8Array =>
  concat(Uint8Array.of(...u16(type)), vector(body));

export interface HelloParts {
  /** Default: h2. */
  alpn?: string[];
  /** Compression methods. Default: none but null (RFC 8446, 4.1.2). */
  compression?: number[];
  /** Default: TLS 1.3 alone. */
  versions?: number[];
  /** Extensions of any kind, in the middle. */
  more?: { type: number; body: Uint8Array }[];
  /** Announces early data. */
  early?: boolean;
  /** A ticket to resume with; the binder is put in by `bind` (RFC 8446, 4.2.11). */
  resume?: { ticket: Uint8Array; age: number; bind(truncated: Uint8Array): Uint8Array };
}

const BINDER_BYTES = 32;

/** A whole ClientHello message. @param publicKey of X25519, raw */
export function clientHello(publicKey: Uint8Array, parts: HelloParts = {}): Uint8Array {
  const { alpn = ["h2"], compression = [0], versions = [0x0304], resume } = parts;
  const names = alpn.map((name) => concat(Uint8Array.of(name.length), ascii(name)));
  const extensions = [
    extension(EXTENSION.GROUPS, vector(Uint8Array.of(...u16(X25519)))),
    extension(EXTENSION.SIGNATURES, vector(Uint8Array.of(...u16(ECDSA_P256_SHA256), ...u16(RSA_PSS_SHA256)))),
    ...alpn.length > 0 ? [extension(EXTENSION.ALPN, vector(...names))] : [],
    extension(EXTENSION.VERSIONS, Uint8Array.of(versions.length * 2, ...versions.flatMap(u16))),
    extension(EXTENSION.PSK_MODES, Uint8Array.of(1, 1)),
    extension(EXTENSION.KEY_SHARE, vector(Uint8Array.of(...u16(X25519)), vector(publicKey))),
    ...(parts.more ?? []).map(({ type, body }) => extension(type, body)),
    ...parts.early ? [extension(EXTENSION.EARLY_DATA, new Uint8Array())] : [],
  ];
  if (resume) {
    const age = Uint8Array.of(...u16(resume.age >>> 16), ...u16(resume.age & 0xffff));
    const identities = vector(vector(resume.ticket), age);
    const binders = vector(Uint8Array.of(BINDER_BYTES), new Uint8Array(BINDER_BYTES));
    extensions.push(extension(EXTENSION.PRE_SHARED_KEY, concat(identities, binders)));
  }
  const hello = message(
    MESSAGE.CLIENT_HELLO,
    concat(
      Uint8Array.of(3, 3),
      crypto.getRandomValues(new Uint8Array(32)),
      Uint8Array.of(0),
      vector(Uint8Array.of(...u16(AES_128_GCM_SHA256))),
      Uint8Array.of(compression.length, ...compression),
      vector(...extensions),
    ),
  );
  // The binders' list with its length is the end, and is not part of what is bound.
  if (resume) {
    hello.set(resume.bind(hello.subarray(0, hello.length - BINDER_BYTES - 3)), hello.length - BINDER_BYTES);
  }
  return hello;
}

/** A ClientHello in its record, for clients that go no further. */
export function helloRecord(parts: HelloParts = {}): Uint8Array {
  const hello = clientHello(exchangeKey().publicRaw, parts);
  return concat(Uint8Array.of(RECORD.HANDSHAKE, 3, 1, ...u16(hello.length)), hello);
}

/** A key pair of X25519; raw keys are the end of their SPKI. */
export function exchangeKey(): { publicRaw: Uint8Array; privateKey: KeyObject } {
  const { publicKey, privateKey } = generateKeyPairSync("x25519");
  const spki = publicKey.export({ type: "spki", format: "der" });
  return { publicRaw: new Uint8Array(spki.subarray(spki.length - 32)), privateKey };
}

/** @param chain certificates as DER */
export const certificateMessage = (chain: Uint8Array[]): Uint8Array => {
  const entries = concat(
    ...chain.map((der) => concat(Uint8Array.of(...u24(der.length)), der, Uint8Array.of(0, 0))),
  );
  return message(MESSAGE.CERTIFICATE, concat(Uint8Array.of(0, ...u24(entries.length)), entries));
};

/** @param hash of the transcript, that the key of P-256 signs (RFC 8446, 4.4.3) */
export function certificateVerify(hash: Uint8Array, keyPem: string): Uint8Array {
  const context = ascii("TLS 1.3, client CertificateVerify");
  const signed = concat(new Uint8Array(64).fill(32), context, Uint8Array.of(0), hash);
  const signature = new Uint8Array(sign("sha256", signed, keyPem));
  return message(
    MESSAGE.CERTIFICATE_VERIFY,
    concat(Uint8Array.of(...u16(ECDSA_P256_SHA256)), vector(signature)),
  );
}

export const keyUpdate = (requested: boolean): Uint8Array =>
  message(MESSAGE.KEY_UPDATE, Uint8Array.of(requested ? 1 : 0));

/** The server's raw X25519 key, and whether it took the ticket. */
export function readServerHello(hello: Uint8Array): { publicRaw: Uint8Array; resumed: boolean } {
  // Header 4, version 2, random 32, session id, suite 2, compression 1, extensions' length 2.
  let at = 4 + 2 + 32;
  at += 1 + hello[at] + 2 + 1 + 2;
  let publicRaw: Uint8Array | undefined;
  let resumed = false;
  while (at + 4 <= hello.length) {
    const type = hello[at] << 8 | hello[at + 1];
    const length = hello[at + 2] << 8 | hello[at + 3];
    const body = hello.subarray(at + 4, at + 4 + length);
    if (type === EXTENSION.KEY_SHARE) publicRaw = body.subarray(4);
    if (type === EXTENSION.PRE_SHARED_KEY) resumed = true;
    at += 4 + length;
  }
  if (publicRaw?.length !== 32) {
    throw new Error("the ServerHello has no X25519 key: is it a HelloRetryRequest?");
  }
  return { publicRaw, resumed };
}

export interface Ticket {
  ticket: Uint8Array;
  ageAdd: number;
  nonce: Uint8Array;
}

/** RFC 8446, 4.6.1. */
export function readTicket(body: Uint8Array): Ticket {
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const nonceLength = body[4 + 8];
  const at = 4 + 9 + nonceLength;
  const length = view.getUint16(at);
  return {
    ageAdd: view.getUint32(4 + 4),
    nonce: body.slice(4 + 9, at),
    ticket: body.slice(at + 2, at + 2 + length),
  };
}

// TLS 1.3's key schedule and record protection, for a client that misbehaves (RFC 8446, sections 5.2 and 7).
// One suite only: TLS_AES_128_GCM_SHA256.
import { createCipheriv, createDecipheriv, createHash, createHmac } from "node:crypto";
import { concat } from "../lib/raw_http2.ts";

const HASH_BYTES = 32;
const KEY_BYTES = 16;
const IV_BYTES = 12;
const TAG_BYTES = 16;

export const RECORD = {
  CHANGE_CIPHER_SPEC: 20,
  ALERT: 21,
  HANDSHAKE: 22,
  APPLICATION_DATA: 23,
  HEARTBEAT: 24,
};

export const u16 = (value: number): number[] => [value >> 8 & 255, value & 255];
export const u24 = (value: number): number[] => [value >> 16 & 255, ...u16(value)];
export const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

export const sha256 = (...parts: Uint8Array[]): Uint8Array =>
  new Uint8Array(createHash("sha256").update(concat(...parts)).digest());
const hmac = (key: Uint8Array, data: Uint8Array): Uint8Array =>
  new Uint8Array(createHmac("sha256", key).update(data).digest());

/** HKDF-Expand-Label for outputs of at most one block (RFC 8446, 7.1; RFC 5869, 2.3). */
export function expandLabel(
  secret: Uint8Array,
  label: string,
  context: Uint8Array,
  length: number,
): Uint8Array {
  const name = ascii(`tls13 ${label}`);
  const info = concat(
    Uint8Array.of(...u16(length), name.length),
    name,
    Uint8Array.of(context.length),
    context,
    Uint8Array.of(1),
  );
  return hmac(secret, info).subarray(0, length);
}

/** @param transcript the messages so far, as they are hashed */
export const deriveSecret = (secret: Uint8Array, label: string, ...transcript: Uint8Array[]): Uint8Array =>
  expandLabel(secret, label, sha256(...transcript), HASH_BYTES);

const ZEROS = new Uint8Array(HASH_BYTES);
/** The early secret without a pre-shared key, or with one. */
export const earlySecret = (psk: Uint8Array = ZEROS): Uint8Array => hmac(ZEROS, psk);
/** The next stage's secret: its input is the key exchange, or nothing. */
export const nextSecret = (before: Uint8Array, input: Uint8Array = ZEROS): Uint8Array =>
  hmac(deriveSecret(before, "derived"), input);
export const finishedMac = (secret: Uint8Array, ...transcript: Uint8Array[]): Uint8Array =>
  hmac(expandLabel(secret, "finished", new Uint8Array(), HASH_BYTES), sha256(...transcript));

/** A record in the clear; `payload` may be longer than a record may be. */
export const plainRecord = (type: number, payload: Uint8Array): Uint8Array =>
  concat(Uint8Array.of(type, 3, 3, ...u16(payload.length)), payload);

/** Keys of one direction. */
export class TrafficKeys {
  #secret: Uint8Array;
  #key: Uint8Array;
  #iv: Uint8Array;
  #sequence = 0;

  constructor(secret: Uint8Array) {
    this.#secret = secret;
    this.#key = expandLabel(secret, "key", new Uint8Array(), KEY_BYTES);
    this.#iv = expandLabel(secret, "iv", new Uint8Array(), IV_BYTES);
  }

  /** After a KeyUpdate. */
  updated(): TrafficKeys {
    return new TrafficKeys(expandLabel(this.#secret, "traffic upd", new Uint8Array(), HASH_BYTES));
  }

  /** An encrypted record whose inner type is `type`. */
  seal(type: number, payload: Uint8Array): Uint8Array {
    const length = payload.length + 1 + TAG_BYTES;
    const head = Uint8Array.of(RECORD.APPLICATION_DATA, 3, 3, ...u16(length));
    const cipher = createCipheriv("aes-128-gcm", this.#key, this.#nonce());
    cipher.setAAD(head);
    const sealed = new Uint8Array(cipher.update(concat(payload, Uint8Array.of(type))));
    cipher.final();
    return concat(head, sealed, new Uint8Array(cipher.getAuthTag()));
  }

  /** What an encrypted record holds. @throws Error when it isn't under these keys */
  open(record: Uint8Array): { type: number; payload: Uint8Array } {
    const head = record.subarray(0, 5);
    const decipher = createDecipheriv("aes-128-gcm", this.#key, this.#nonce());
    decipher.setAAD(head);
    decipher.setAuthTag(record.subarray(record.length - TAG_BYTES));
    const opened = new Uint8Array(decipher.update(record.subarray(5, record.length - TAG_BYTES)));
    decipher.final();
    let end = opened.length - 1;
    while (end > 0 && opened[end] === 0) end--;
    return { type: opened[end], payload: opened.subarray(0, end) };
  }

  #nonce(): Uint8Array {
    const nonce = this.#iv.slice();
    const view = new DataView(nonce.buffer);
    view.setUint32(8, view.getUint32(8) ^ this.#sequence++);
    return nonce;
  }
}

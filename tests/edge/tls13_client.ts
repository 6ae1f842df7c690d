// A TLS 1.3 client by hand: each flight is for the test to send, change, repeat or leave out.
// Must verify nothing of the server, and never be used outside tests.
import { createPublicKey, diffieHellman } from "node:crypto";
import { concat } from "../lib/raw_http2.ts";
import { readExactly } from "./sockets.ts";
import {
  deriveSecret,
  earlySecret,
  expandLabel,
  finishedMac,
  nextSecret,
  plainRecord,
  RECORD,
  sha256,
  TrafficKeys,
} from "./tls13_keys.ts";
import {
  certificateMessage,
  certificateVerify,
  clientHello,
  exchangeKey,
  type HelloParts,
  MESSAGE,
  message,
  readServerHello,
  readTicket,
} from "./tls13_messages.ts";

/** SPKI of an X25519 key but for the key (RFC 8410, section 4). */
const X25519_SPKI = Uint8Array.of(0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 3, 0x21, 0);

/** A ticket with the secret that goes with it. */
export interface Session {
  ticket: Uint8Array;
  ageAdd: number;
  psk: Uint8Array;
}

/** Who the client says to be. */
export interface Credential {
  /** PEM, the leaf first. */
  chain: string;
  keyPem: string;
}

export interface Record {
  type: number;
  payload: Uint8Array;
}

export const derOf = (pem: string): Uint8Array[] =>
  [...pem.matchAll(/-----BEGIN CERTIFICATE-----([^-]+)-----END/g)].map(([, base64]) =>
    Uint8Array.from(atob(base64.replaceAll("\n", "")), (char) => char.charCodeAt(0))
  );

export class Tls13Client {
  #transcript: Uint8Array[] = [];
  #exchange = exchangeKey();
  #early = earlySecret();
  #handshakeSecret: Uint8Array = new Uint8Array();
  #clientHandshakeSecret: Uint8Array = new Uint8Array();
  #masterSecret: Uint8Array = new Uint8Array();
  #sending: TrafficKeys | undefined;
  #receiving: TrafficKeys | undefined;
  /** What is sent under after Finished. */
  #next: TrafficKeys | undefined;
  resumed = false;

  constructor(readonly conn: Deno.Conn) {}

  /** The keys that records go out under now. */
  get sending(): TrafficKeys {
    if (!this.#sending) throw new Error("there are no keys before the ServerHello");
    return this.#sending;
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.conn.write(bytes.subarray(at));
  }

  /** The ClientHello's record. With `session` it offers to resume; with `early` too, data follows at once. */
  hello(parts: HelloParts = {}, session?: Session): Uint8Array {
    if (session) {
      this.#early = earlySecret(session.psk);
      const binder = deriveSecret(this.#early, "res binder");
      const bind = (truncated: Uint8Array) => finishedMac(binder, truncated);
      parts = { ...parts, resume: { ticket: session.ticket, age: session.ageAdd, bind } };
    }
    const hello = clientHello(this.#exchange.publicRaw, parts);
    this.#transcript = [hello];
    return plainRecord(RECORD.HANDSHAKE, hello);
  }

  /** Early data under its own keys: what may be sent right after a hello that announces it. */
  earlyData(payload: Uint8Array): Uint8Array {
    return new TrafficKeys(deriveSecret(this.#early, "c e traffic", ...this.#transcript))
      .seal(RECORD.APPLICATION_DATA, payload);
  }

  /** Reads up to the server's Finished. @throws Error with the alert, if one comes */
  async readServerFlight(): Promise<void> {
    const pending: Uint8Array[] = [];
    while (true) {
      const { type, payload } = await this.readRecord();
      if (type === RECORD.CHANGE_CIPHER_SPEC) continue;
      if (type !== RECORD.HANDSHAKE) throw new Error(`alert ${payload[1]}`);
      pending.push(payload);
      for (const one of messagesIn(pending)) {
        this.#transcript.push(one);
        if (one[0] === MESSAGE.SERVER_HELLO) this.#onServerHello(one);
        if (one[0] === MESSAGE.FINISHED) return this.#onServerFinished();
      }
    }
  }

  #onServerHello(hello: Uint8Array): void {
    const { publicRaw, resumed } = readServerHello(hello);
    this.resumed = resumed;
    if (!resumed) this.#early = earlySecret();
    const spki = Buffer.from(concat(X25519_SPKI, publicRaw));
    const publicKey = createPublicKey({ key: spki, format: "der", type: "spki" });
    const shared = diffieHellman({ privateKey: this.#exchange.privateKey, publicKey });
    this.#handshakeSecret = nextSecret(this.#early, new Uint8Array(shared));
    this.#clientHandshakeSecret = deriveSecret(this.#handshakeSecret, "c hs traffic", ...this.#transcript);
    this.#sending = new TrafficKeys(this.#clientHandshakeSecret);
    this.#receiving = new TrafficKeys(
      deriveSecret(this.#handshakeSecret, "s hs traffic", ...this.#transcript),
    );
  }

  #onServerFinished(): void {
    this.#masterSecret = nextSecret(this.#handshakeSecret);
    this.#receiving = new TrafficKeys(deriveSecret(this.#masterSecret, "s ap traffic", ...this.#transcript));
    this.#next = new TrafficKeys(deriveSecret(this.#masterSecret, "c ap traffic", ...this.#transcript));
  }

  /** The client's messages up to Finished; each goes into the transcript. A resumed one only has a Finished. */
  certificate({ chain }: Pick<Credential, "chain">): Uint8Array {
    return this.#said(certificateMessage(derOf(chain)));
  }

  certificateVerify({ keyPem }: Pick<Credential, "keyPem">): Uint8Array {
    return this.#said(certificateVerify(sha256(...this.#transcript), keyPem));
  }

  finished(): Uint8Array {
    return message(MESSAGE.FINISHED, finishedMac(this.#clientHandshakeSecret, ...this.#transcript));
  }

  /** Any message of the test's own. */
  #said(one: Uint8Array): Uint8Array {
    this.#transcript.push(one);
    return one;
  }

  /** From now on under the application's keys. @param finished as it was sent @returns the resumption secret */
  begin(finished: Uint8Array): Uint8Array {
    this.#sending = this.#next;
    return deriveSecret(this.#masterSecret, "res master", ...this.#transcript, finished);
  }

  /** Handshake messages under the keys of now, in records as large as they may be. */
  sealHandshake(...messages: Uint8Array[]): Uint8Array {
    const all = concat(...messages);
    const records: Uint8Array[] = [];
    for (let at = 0; at < all.length; at += MAX_RECORD_BYTES) {
      records.push(this.sending.seal(RECORD.HANDSHAKE, all.subarray(at, at + MAX_RECORD_BYTES)));
    }
    return concat(...records);
  }

  /** A whole handshake; the session of its first ticket. */
  async shake(
    credential: Credential,
    parts: HelloParts = {},
    session?: Session,
  ): Promise<() => Promise<Session>> {
    await this.write(this.hello(parts, session));
    await this.readServerFlight();
    const proof = this.resumed ? [] : [this.certificate(credential), this.certificateVerify(credential)];
    const finished = this.finished();
    await this.write(this.sealHandshake(...proof, finished));
    const secret = this.begin(finished);
    return () => this.#readSession(secret);
  }

  async #readSession(secret: Uint8Array): Promise<Session> {
    while (true) {
      const { type, payload } = await this.readRecord();
      if (type === RECORD.ALERT) throw new Error(`alert ${payload[1]}`);
      if (type !== RECORD.HANDSHAKE || payload[0] !== MESSAGE.NEW_SESSION_TICKET) continue;
      const { ticket, ageAdd, nonce } = readTicket(payload);
      return { ticket, ageAdd, psk: expandLabel(secret, "resumption", nonce, 32) };
    }
  }

  /** After this client's KeyUpdate went out. */
  updateSending(): void {
    this.#sending = this.sending.updated();
  }

  /** The next record, opened. @throws Error when the server has closed */
  async readRecord(): Promise<Record> {
    const head = await readExactly(this.conn, 5);
    const body = await readExactly(this.conn, head[3] << 8 | head[4]);
    if (head[0] !== RECORD.APPLICATION_DATA || !this.#receiving) return { type: head[0], payload: body };
    return this.#receiving.open(concat(head, body));
  }

  /** What the server says until it closes: the alert it ends with, as a number; undefined if it said none. */
  async readAlert(): Promise<number | undefined> {
    try {
      while (true) {
        const { type, payload } = await this.readRecord();
        if (type === RECORD.ALERT) return payload[1];
      }
    } catch {
      return undefined;
    }
  }
}

/** RFC 8446, 5.1. */
export const MAX_RECORD_BYTES = 16_384;

/** Takes the whole messages out of `pending`, whose rest stays. */
function* messagesIn(pending: Uint8Array[]): Generator<Uint8Array> {
  let all = concat(...pending);
  while (all.length >= 4) {
    const end = 4 + (all[1] << 16 | all[2] << 8 | all[3]);
    if (all.length < end) break;
    yield all.slice(0, end);
    all = all.subarray(end);
  }
  pending.splice(0, pending.length, all);
}

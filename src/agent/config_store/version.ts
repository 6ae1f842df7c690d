// One version of the configuration, as it is kept.
// Must never be shown as it is: it holds the TLS private key.
import { z } from "zod";

const tls = z.strictObject({
  certificatePem: z.string().optional(),
  privateKeyPem: z.string().optional(),
  clientCaPem: z.string().optional(),
  crlPem: z.string().optional(),
});

const storedVersion = z.strictObject({
  /** Counts from 1. */
  version: z.int().positive(),
  toml: z.string(),
  tls,
  appliedAtMs: z.number(),
  /** An identity, BOOTSTRAP or REVERT. */
  appliedBy: z.string(),
  comment: z.string(),
});

export type StoredVersion = Readonly<z.output<typeof storedVersion>>;

/** What comes with a start: the file and the credentials that the operator gave. */
export const BOOTSTRAP = "bootstrap";
/** Nobody confirmed. */
export const REVERT = "revert";

const storeState = z.strictObject({
  /** The version in force. */
  current: z.int().positive(),
  /** `current` gives way to `previous` unless it is confirmed until then. */
  pending: z.strictObject({ previous: z.int().positive(), confirmByMs: z.number() }).nullable(),
  /** SHA-256 of what the last start was given: something else is news. Null: never given. */
  seen: z.strictObject({ toml: z.string().nullable(), tls: z.string().nullable() }),
});

export type StoreState = Readonly<z.output<typeof storeState>>;

/** @throws when `text` isn't one */
export const readVersion = (text: string): StoredVersion => storedVersion.parse(JSON.parse(text));
/** @throws when `text` isn't one */
export const readState = (text: string): StoreState => storeState.parse(JSON.parse(text));

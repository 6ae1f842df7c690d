// A certificate authority in a directory, for those who have none: makes certificates, remembers and revokes them.
// Must never replace the authority's key, print a private key, nor leave half of a file behind.
import { replaceFile } from "../files/durable_file.ts";
import { join, resolve } from "node:path";
import { ensurePrivateDir } from "../vm/paths.ts";
import { withLock } from "../vm/vm_state.ts";
import { exists } from "../files/write_once.ts";
import { type CaIndex, type Issued, readIndex, writeIndex } from "./ca_index.ts";
import { readCertificate } from "./certificate.ts";
import { PkiError } from "./error.ts";
import { readIfThere } from "../files/read_if_there.ts";
import { canonicalName } from "./names.ts";
import type { KeyPairPem, Validity } from "./profile.ts";

/** Ten years: an authority that nobody can replace in time locks everyone out. */
export const DEFAULT_CA_DAYS = 3650;
/** A year: long enough to be renewed by hand. */
export const DEFAULT_LEAF_DAYS = 365;
/** Longer is a typing mistake. */
export const MAX_DAYS = 36_500;
/** What is made now is good on machines whose clock is behind by so much. */
const BACKDATED_MS = 5 * 60_000;
export const DAY_MS = 24 * 3600_000;
const MAX_PEM_BYTES = 64 * 1024;
/** RFC 5280, A.1: ub-common-name. It is a file's name too. */
const COMMON_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const KEY_MODE = 0o600;
const PUBLIC_MODE = 0o644;

/** Where an authority's files lie. */
export const caFiles = (dir: string) => ({
  certificate: join(dir, "ca.pem"),
  privateKey: join(dir, "ca.key"),
  /** Every certificate that was revoked; there from the beginning. */
  crl: join(dir, "crl.pem"),
});

export interface Request {
  /** The subject's common name; `canonicalName()`'s names are what counts. */
  readonly name: string;
  readonly use: "server" | "client";
  /** "dns:…", "uri:…", "email:…", "ip:…"; default: "dns:" and the name. */
  readonly names?: readonly string[];
  /** Default DEFAULT_LEAF_DAYS. */
  readonly days?: number;
}

export interface IssuedPem extends KeyPairPem {
  readonly issued: Issued;
}

export type Status = "valid" | "revoked" | "expired" | "not yet valid";

/**
 * Makes an authority in `dir`, which is made too, 0700.
 * @throws {PkiError} when there is one already
 */
export async function createCa(
  dir: string,
  { name = "Gatehouse CA", days = DEFAULT_CA_DAYS, now = new Date() }: {
    name?: string;
    days?: number;
    now?: Date;
  } = {},
): Promise<void> {
  checkDays(days);
  if (!/^[\x20-\x7e]{1,64}$/.test(name)) {
    throw new PkiError("the authority's name is 1 to 64 ASCII characters");
  }
  const files = caFiles(dir);
  await mayBecomeCa(dir);
  await ensurePrivateDir(resolve(dir));
  await locked(dir, async () => {
    for (const path of [files.certificate, files.privateKey]) {
      if (!await exists(path)) continue;
      throw new PkiError(
        `there is an authority in ${dir} already`,
        "use that one, or name another directory: what it issued hangs on its key",
      );
    }
    const { newAuthority } = await import("./profile.ts");
    const authority = await newAuthority(name, validityFrom(now, days));
    const index: CaIndex = { version: 1, crl_number: 0, certificates: [] };
    await writeRevocations(dir, authority, index, now);
    await replaceFile(files.privateKey, authority.privateKeyPem, KEY_MODE);
    // Last: a directory with ca.pem is a whole authority.
    await replaceFile(files.certificate, authority.certificatePem, PUBLIC_MODE);
  });
}

/** Makes a certificate with a new key. @throws {PkiError} */
export async function issue(dir: string, request: Request, now = new Date()): Promise<IssuedPem> {
  const { name, use, days = DEFAULT_LEAF_DAYS } = request;
  checkDays(days);
  if (!COMMON_NAME.test(name)) {
    throw new PkiError(
      `${JSON.stringify(name)} is no name for a certificate`,
      "use letters, digits, dots, _ and -, at most 64, and give what it is to be known by with --san",
    );
  }
  const names = [...new Set((request.names ?? [`dns:${name}`]).map(canonicalName))];
  if (names.length === 0) throw new PkiError("a certificate needs a name", "give one with --san dns:…");
  await mustBeThere(dir);
  return await locked(dir, async () => {
    const authority = await openAuthority(dir);
    const validity = validityFrom(now, days);
    const { notAfter } = readCertificate(authority.certificatePem);
    if (validity.notAfter > notAfter) {
      const left = Math.floor((notAfter.getTime() - now.getTime()) / DAY_MS);
      throw new PkiError(
        `${days} days are longer than the authority itself is valid`,
        left > 0 ? `give at most --days ${left}` : "make a new authority: gatehouse ca init DIR",
      );
    }
    const index = await readIndex(dir);
    const { newLeaf } = await import("./profile.ts");
    const pair = await newLeaf(authority, { ...validity, commonName: name, names, use });
    const { serial, sha256, notBefore, notAfter: until } = readCertificate(pair.certificatePem);
    const issued: Issued = {
      serial,
      name,
      use,
      names,
      not_before: notBefore.toISOString(),
      not_after: until.toISOString(),
      sha256,
    };
    // Before anybody gets it: what is out there must be known here.
    await writeIndex(dir, { ...index, certificates: [...index.certificates, issued] });
    return { ...pair, issued };
  });
}

/**
 * Revokes and writes the revocation list anew.
 *
 * @param serial hex
 * @returns undefined when it was revoked before
 * @throws {PkiError} when this authority has issued no such certificate
 */
export async function revoke(dir: string, serial: string, now = new Date()): Promise<Issued | undefined> {
  const wanted = serial.toLowerCase().replaceAll(":", "").replace(/^0+(?=.)/, "");
  await mustBeThere(dir);
  return await locked(dir, async () => {
    const authority = await openAuthority(dir);
    const index = await readIndex(dir);
    const found = index.certificates.find((one) => one.serial.replace(/^0+(?=.)/, "") === wanted);
    if (found === undefined) {
      throw new PkiError(
        `the authority in ${dir} has issued no certificate with the serial number ${serial.slice(0, 100)}`,
        `gatehouse ca list ${dir} shows those that it has`,
      );
    }
    if (found.revoked_at !== undefined) return undefined;
    const revoked = { ...found, revoked_at: now.toISOString() };
    const certificates = index.certificates.map((one) => one === found ? revoked : one);
    await writeRevocations(dir, authority, { ...index, certificates }, now);
    return revoked;
  });
}

/** All that it has issued, in the order of their making. @throws {PkiError} */
export async function list(dir: string, now = new Date()): Promise<(Issued & { status: Status })[]> {
  await mustBeThere(dir);
  const { certificates } = await readIndex(dir);
  return certificates.map((one) => ({ ...one, status: statusOf(one, now) }));
}

function statusOf({ revoked_at, not_before, not_after }: Issued, now: Date): Status {
  if (revoked_at !== undefined) return "revoked";
  if (now > new Date(not_after)) return "expired";
  return now < new Date(not_before) ? "not yet valid" : "valid";
}

/**
 * The index first: a list that was not written is written by the next revoke. The list is good as long as the
 * authority: it is handed on by hand, and one that ran out would lock everyone out.
 */
async function writeRevocations(
  dir: string,
  authority: KeyPairPem,
  index: CaIndex,
  now: Date,
): Promise<void> {
  const next = { ...index, crl_number: index.crl_number + 1 };
  await writeIndex(dir, next);
  const entries = next.certificates.flatMap(({ serial, revoked_at }) =>
    revoked_at === undefined ? [] : [{ serial, revokedAt: new Date(revoked_at) }]
  );
  const { newRevocationList } = await import("./profile.ts");
  const { notAfter } = readCertificate(authority.certificatePem);
  const validity = { notBefore: new Date(now.getTime() - BACKDATED_MS), notAfter };
  await replaceFile(
    caFiles(dir).crl,
    await newRevocationList(authority, entries, next.crl_number, validity),
    PUBLIC_MODE,
  );
}

async function openAuthority(dir: string): Promise<KeyPairPem> {
  const { certificate, privateKey } = caFiles(dir);
  const mode = (await Deno.lstat(privateKey)).mode ?? 0;
  if ((mode & 0o077) !== 0) {
    throw new PkiError(`${privateKey} can be read by others`, `see who has, then: chmod 600 ${privateKey}`);
  }
  const [certificatePem, privateKeyPem] = await Promise.all(
    [certificate, privateKey].map((path) => readIfThere(path, MAX_PEM_BYTES)),
  );
  return { certificatePem: certificatePem ?? "", privateKeyPem: privateKeyPem ?? "" };
}

async function mustBeThere(dir: string): Promise<void> {
  const { certificate, privateKey } = caFiles(dir);
  for (const path of [certificate, privateKey]) {
    if (await exists(path)) continue;
    throw new PkiError(
      `there is no authority in ${dir}: ${path} is missing`,
      `make one with: gatehouse ca init ${dir}`,
    );
  }
}

/** Its mode will be 0700: what others keep in a directory must not vanish for them. */
async function mayBecomeCa(dir: string): Promise<void> {
  const own = ["ca.key", "ca.pem", "crl.pem", "index.json", "lock"];
  try {
    for await (const { name } of Deno.readDir(dir)) {
      if (own.includes(name)) continue;
      throw new PkiError(
        `${dir} holds other files (${name})`,
        "name a directory that is empty or isn't there yet",
      );
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** One command at a time works on an authority. */
const locked = <T>(dir: string, work: () => Promise<T>): Promise<T> =>
  withLock(join(resolve(dir), "lock"), `the authority in ${dir}`, work);

function checkDays(days: number): void {
  if (Number.isInteger(days) && days >= 1 && days <= MAX_DAYS) return;
  throw new PkiError(`${days} days are no time that a certificate can have`, `give 1 to ${MAX_DAYS}`);
}

const validityFrom = (now: Date, days: number): Validity => ({
  notBefore: new Date(now.getTime() - BACKDATED_MS),
  notAfter: new Date(now.getTime() + days * DAY_MS),
});

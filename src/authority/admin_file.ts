// admins.json: who may administrate, as it lies in the state directory.
// Must never be read half: one bad entry makes the whole file unreadable, and nobody an administrator.
import { Buffer } from "node:buffer";
import { z } from "zod";
import { Role } from "../proto/mod.ts";
import { roleName, type RoleNumber } from "./identity.ts";
import { type PublicKey, readPublicKey } from "./public_key.ts";

/** Keys that may be enrolled: people and machines that run one appliance. Each costs a line and an imported key. */
export const MAX_ADMINS = 64;
/** An entry has some 400 bytes. */
export const MAX_ADMINS_BYTES = MAX_ADMINS * 4 * 1024;
/** The API's own rule for names. */
export const ADMIN_NAME = /^[a-z0-9._-]{1,64}$/;

const VERSION = 1;

const fileSchema = z.strictObject({
  version: z.literal(VERSION),
  admins: z.array(z.strictObject({
    name: z.string().regex(ADMIN_NAME),
    role: z.enum(["admin", "operator"]),
    public_key: z.base64(),
    added_at_ms: z.int().min(0),
    added_by: z.string(),
  })).max(MAX_ADMINS),
});

export interface EnrolledAdmin {
  readonly name: string;
  /** ADMIN or OPERATOR. */
  readonly role: RoleNumber;
  readonly key: PublicKey;
  readonly addedAtMs: number;
  /** An identity, or "bootstrap". */
  readonly addedBy: string;
}

/** @throws Error when the text isn't what formatAdmins has written */
export async function parseAdmins(text: string): Promise<EnrolledAdmin[]> {
  const { admins } = fileSchema.parse(JSON.parse(text));
  const read = await Promise.all(admins.map(async (one) => ({
    name: one.name,
    role: one.role === "admin" ? Role.ADMIN : Role.OPERATOR,
    key: await readPublicKey(Buffer.from(one.public_key, "base64")),
    addedAtMs: one.added_at_ms,
    addedBy: one.added_by,
  })));
  if (!read.some(({ role }) => role === Role.ADMIN)) throw new Error("it has no administrator");
  return read;
}

export function formatAdmins(admins: readonly EnrolledAdmin[]): string {
  const entries = admins.map(({ name, role, key, addedAtMs, addedBy }) => ({
    name,
    role: roleName(role),
    public_key: Buffer.from(key.spki).toString("base64"),
    added_at_ms: addedAtMs,
    added_by: addedBy,
  }));
  return `${JSON.stringify({ version: VERSION, admins: entries }, null, 2)}\n`;
}

// Who a caller is, as far as the transport and his credential prove it.
// Must never hold a claim of the caller's own that nothing proved.
import { Role } from "../proto/mod.ts";

export type RoleNumber = typeof Role[keyof typeof Role];

/** "admin", "operator", "user", "nobody"; a number that is none of ours as it is. */
export function roleName(role: number): string {
  const name = Object.entries(Role).find(([, number]) => number === role)?.[0];
  return name === undefined ? String(role) : name === "ROLE_UNSPECIFIED" ? "nobody" : name.toLowerCase();
}

/** What whoever proves an enrolled key is called: "admin:alice". @param role as roleName() has it */
export const enrolledName = (role: string, name: string): string => `${role}:${name}`;

/** All keys, in an allow list. */
export const ALL_KEYS = "*";

export interface Identity {
  /** "dns:ci.example", "admin:alice", "vsock:2", "unix", "tcp": what logs and WhoAmI say. */
  readonly name: string;
  readonly role: RoleNumber;
  readonly transport: "tcp" | "unix" | "vsock";
  /** Names of the signing keys that it may use and see; ALL_KEYS for all. */
  readonly keys: readonly string[];
}

/** Whether `identity` may use, or learn of, the key of that name. */
export function mayUseKey({ keys }: Identity, key: string): boolean {
  return keys.includes(key) || keys.includes(ALL_KEYS);
}

// gatehouse.v1.Config from the command line, typed, and its versions as people and programs see them.
import type {
  ApplyConfigRequestInit,
  ConfigHistoryResponse,
  ConfigVersion,
  RollbackConfigRequestInit,
} from "../../proto/mod.ts";
import { violationsOf } from "../output.ts";
import { GatehouseError } from "../../vm/errors.ts";
import type { AdminClient } from "../admin_client.ts";
import { wholeNumber } from "../command.ts";

export const getVersion = (client: AdminClient, version: number): Promise<ConfigVersion> =>
  client.unary("/gatehouse.v1.Config/Get", { version });

export const applyConfig = (client: AdminClient, request: ApplyConfigRequestInit): Promise<ConfigVersion> =>
  client.unary("/gatehouse.v1.Config/Apply", request);

export const rollbackConfig = (
  client: AdminClient,
  request: RollbackConfigRequestInit,
): Promise<ConfigVersion> => client.unary("/gatehouse.v1.Config/Rollback", request);

export const confirmConfig = (client: AdminClient, version: number): Promise<ConfigVersion> =>
  client.unary("/gatehouse.v1.Config/Confirm", { version });

export async function history(client: AdminClient): Promise<ConfigVersion[]> {
  return (await client.unary<object, ConfigHistoryResponse>("/gatehouse.v1.Config/History", {})).versions;
}

/** RFC 3339, or null where there is no such time. */
const time = (ms: number): string | null => ms === 0 ? null : new Date(ms).toISOString();

/** For --json. */
export function entryOf({ version, toml, tls, ...one }: ConfigVersion) {
  return {
    version: version.toNumber(),
    in_force: one.in_force,
    applied_at: time(one.applied_at_ms.toNumber()),
    applied_by: one.applied_by,
    comment: one.comment,
    confirm_by: time(one.confirm_by_ms.toNumber()),
    ...(toml !== "" && { toml }),
    tls: {
      certificate_pem: tls?.certificate_pem ?? null,
      client_ca_pem: tls?.client_ca_pem ?? null,
      crl_pem: tls?.crl_pem ?? null,
    },
    warnings: one.warnings,
  };
}

/** "in force", "in force, undone at … unless confirmed", or nothing. */
export function stateOf({ in_force, confirm_by_ms }: ConfigVersion): string {
  const until = time(confirm_by_ms.toNumber());
  if (!in_force) return "";
  return until === null ? "in force" : `in force, undone at ${until} unless confirmed`;
}

/** A refusal of a file as lines that editors can jump to; anything else as it is. */
export function inFile(error: unknown, fileName: string): unknown {
  const found = violationsOf(error).filter(({ field }) => field === "toml");
  if (found.length === 0) return error;
  const others = violationsOf(error).filter(({ field }) => field !== "toml");
  return new GatehouseError(
    "bad-argument",
    [
      ...found.map(({ description }) => `${fileName}:${description}`),
      ...others.map(({ field, description }) => `${field}: ${description}`),
    ].join("\n"),
    "mend what is named; nothing has changed",
  );
}

/** A version as it is given on the command line. @throws GatehouseError */
export const versionNumber = (option: string, given: string): number =>
  wholeNumber(option, given, 1, Number.MAX_SAFE_INTEGER);

// Keys as people and as programs see them. Pure.
import { Buffer } from "node:buffer";
import { type Key, type KeyPolicy, KeyState } from "../../proto/mod.ts";
import { table } from "../output.ts";
import { timeOrNull } from "../times.ts";
import { algorithmName, kindName, stateName, transportName } from "../words.ts";

/** For --json: names in place of numbers, RFC 3339 in place of milliseconds; null is "none". */
export function keyJson(key: Key) {
  return {
    id: key.id,
    kind: kindName(key.kind),
    state: stateName(key.state),
    revision: key.revision.toNumber(),
    policy: policyJson(key.policy),
    labels: key.labels,
    versions: key.versions.map(({ version, public_key_der, created_at_ms }) => ({
      version,
      // List leaves it out.
      ...(public_key_der.length > 0 && { public_key_der: Buffer.from(public_key_der).toString("base64") }),
      created_at: timeOrNull(created_at_ms.toNumber()),
    })),
    created_at: timeOrNull(key.created_at_ms.toNumber()),
    delete_at: timeOrNull(key.delete_at_ms.toNumber()),
    imported: key.imported,
  };
}

export function policyJson(policy: KeyPolicy | null | undefined) {
  return {
    algorithms: (policy?.algorithms ?? []).map(algorithmName),
    identities: policy?.identities ?? [],
    transports: (policy?.transports ?? []).map(transportName),
    not_before: timeOrNull(policy?.not_before_ms.toNumber() ?? 0),
    not_after: timeOrNull(policy?.not_after_ms.toNumber() ?? 0),
    signatures_per_second: policy?.signatures_per_second || null,
  };
}

/** One line a rule; none when nothing is restricted. */
export function policyLines(policy: KeyPolicy | null | undefined): string[] {
  const { algorithms, identities, transports, not_before, not_after, signatures_per_second } = policyJson(
    policy,
  );
  const rules: (readonly [string, string | null])[] = [
    ["algorithms", algorithms.join(", ") || null],
    ["identities", identities.join(", ") || null],
    ["transports", transports.join(", ") || null],
    ["not before", not_before],
    ["not after", not_after],
    ["rate", signatures_per_second === null ? null : `${signatures_per_second} a second`],
  ];
  return rules.filter(([, value]) => value !== null).map(([name, value]) => `${name}: ${value}`);
}

const labelsText = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels).map(([name, value]) => `${name}=${value}`).join(" ");

/** The newest version's number; 0 when the server named none. */
const newest = ({ versions }: Key): number => versions.at(-1)?.version ?? 0;

/** A state, and when that ends. */
const stateText = ({ state, delete_at_ms }: Key): string => {
  const until = timeOrNull(delete_at_ms.toNumber());
  return state === KeyState.PENDING_DELETION && until !== null
    ? `${stateName(state)} ${until.slice(0, 16)}Z`
    : stateName(state);
};

export function keyTable(keys: readonly Key[]): string {
  return table([
    ["ID", "KIND", "STATE", "VERSION", "REVISION", "CREATED", "LABELS"],
    ...keys.map((key) => [
      key.id,
      kindName(key.kind),
      stateText(key),
      String(newest(key)),
      key.revision.toString(),
      (timeOrNull(key.created_at_ms.toNumber()) ?? "").slice(0, 10),
      labelsText(key.labels),
    ]),
  ]);
}

/** Everything about one key but the public keys' bytes. */
export function keyText(key: Key): string {
  const policy = policyLines(key.policy);
  const deleteAt = timeOrNull(key.delete_at_ms.toNumber());
  const rows = [
    ["id", key.id],
    ["kind", kindName(key.kind) + (key.imported ? ", imported" : "")],
    ["state", stateName(key.state) + (deleteAt === null ? "" : `, destroyed at ${deleteAt}`)],
    ["revision", key.revision.toString()],
    ["created", timeOrNull(key.created_at_ms.toNumber()) ?? "-"],
    ["labels", labelsText(key.labels) || "-"],
    ...(policy.length === 0 ? ["no restriction"] : policy).map((
      rule,
      at,
    ) => [at === 0 ? "policy" : "", rule]),
    ...key.versions.map(({ version, created_at_ms }, at) => [
      at === 0 ? "versions" : "",
      `${version}  made ${timeOrNull(created_at_ms.toNumber()) ?? "-"}${
        version === newest(key) && key.state === KeyState.ENABLED ? ", signs" : ""
      }`,
    ]),
  ];
  return table(rows);
}

/** What one change made of it, on a line. */
export const keyLine = (key: Key): string =>
  `${key.id}: ${kindName(key.kind)}, ${stateText(key)}, version ${newest(key)}, revision ${key.revision}`;

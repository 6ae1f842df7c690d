// Who may call what, over which transport: the one table. A method of proto/gatehouse, crypto or echo without a row
// fails the type check. Must never hold an exception beside the rows: what isn't here is refused.
import { type API_DESCRIPTORS, Role } from "../proto/mod.ts";
import type { RoleNumber } from "./identity.ts";

/** How a call comes in. A proxied connection is "tcp-tls" when the proxy ended TLS, else "tcp-plain". */
export const DOORS = ["tcp-tls", "tcp-plain", "vsock", "unix"] as const;
export type Door = typeof DOORS[number];

/** The least role that a call needs; "never": no credential opens it on this transport. */
export type Need = RoleNumber | "never";

export interface Row extends Readonly<Record<Door, Need>> {
  /** A proof in the metadata is looked at, and refused when it isn't good; elsewhere it is ignored. */
  readonly readsProof: boolean;
}

const { USER, OPERATOR, ADMIN } = Role;

/** Anyone who may connect; keys are a matter of the identity's own list. */
const use: Row = row(USER, USER, USER, USER);
/** The same, and a proof makes the caller more than its transport does. */
const introduce: Row = { ...use, readsProof: true };
/** Reads how the appliance is and how it is configured. */
const observe: Row = row(OPERATOR, "never", OPERATOR, OPERATOR);
/** Looks at keys: who may not see one by his own list, or by the key's policy, is told that there is none. */
const see: Row = introduce;
/** Changes the appliance. */
const administer: Row = row("never", "never", ADMIN, ADMIN);

function row(tls: Need, plain: Need, vsock: Need, unix: Need): Row {
  const needs = { "tcp-tls": tls, "tcp-plain": plain, vsock, unix };
  return { ...needs, readsProof: Object.values(needs).some((need) => need !== "never" && need > USER) };
}

/** `/package.Service/Method` of every method below a namespace of a descriptor, as a type. */
type PathsIn<Node, Prefix extends string> = Node extends { nested: infer Nested } ? {
    [Name in keyof Nested & string]: Nested[Name] extends { methods: infer Methods }
      ? `/${Prefix}${Name}/${keyof Methods & string}`
      : PathsIn<Nested[Name], `${Prefix}${Name}.`>;
  }[keyof Nested & string]
  : never;

/** Every method of our own protos. */
export type ApiPath = PathsIn<typeof API_DESCRIPTORS, "">;

/** What libraries bring. */
type LibraryPath =
  | `/grpc.health.v1.Health/${"Check" | "List" | "Watch"}`
  | `/grpc.reflection.${"v1" | "v1alpha"}.ServerReflection/ServerReflectionInfo`;

type MethodPath = ApiPath | LibraryPath;

const ROWS: Readonly<Record<MethodPath, Row>> = {
  "/echo.EchoService/Echo": use,
  "/crypto.CryptoService/Sign": use,
  "/crypto.CryptoService/GetPublicKey": use,
  "/grpc.health.v1.Health/Check": use,
  "/grpc.health.v1.Health/List": use,
  "/grpc.health.v1.Health/Watch": use,
  "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo": use,
  "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo": use,
  "/gatehouse.v1.Access/Challenge": use,
  "/gatehouse.v1.Access/WhoAmI": introduce,
  "/gatehouse.v1.Status/Get": observe,
  "/gatehouse.v1.Status/GetMetrics": observe,
  "/gatehouse.v1.Events/Watch": observe,
  "/gatehouse.v1.Config/Get": observe,
  "/gatehouse.v1.Config/History": observe,
  "/gatehouse.v1.Config/Apply": administer,
  "/gatehouse.v1.Config/Confirm": administer,
  "/gatehouse.v1.Config/Rollback": administer,
  "/gatehouse.v1.Admins/List": administer,
  "/gatehouse.v1.Admins/Add": administer,
  "/gatehouse.v1.Admins/Remove": administer,
  "/gatehouse.v1.Keys/List": see,
  "/gatehouse.v1.Keys/Get": see,
  "/gatehouse.v1.Keys/GetPublicKey": see,
  "/gatehouse.v1.Keys/Create": administer,
  "/gatehouse.v1.Keys/Import": administer,
  "/gatehouse.v1.Keys/Rotate": administer,
  "/gatehouse.v1.Keys/Enable": administer,
  "/gatehouse.v1.Keys/Disable": administer,
  "/gatehouse.v1.Keys/ScheduleDeletion": administer,
  "/gatehouse.v1.Keys/CancelDeletion": administer,
  "/gatehouse.v1.Keys/Destroy": administer,
  "/gatehouse.v1.Keys/SetPolicy": administer,
  "/gatehouse.v1.Keys/SetLabels": administer,
  "/gatehouse.v1.Crypto/Sign": use,
  "/gatehouse.v1.Crypto/SignBatch": use,
  "/gatehouse.v1.Crypto/SignStream": use,
  "/gatehouse.v1.Crypto/Verify": use,
  "/gatehouse.v1.Crypto/Random": use,
  "/gatehouse.v1.Backup/GetRecipient": administer,
  "/gatehouse.v1.Backup/SetRecipient": administer,
  "/gatehouse.v1.Backup/Create": administer,
  "/gatehouse.v1.Backup/Restore": administer,
  "/gatehouse.v1.Diagnostics/ProfileCpu": administer,
  "/gatehouse.v1.Diagnostics/SnapshotHeap": administer,
  "/gatehouse.v1.Diagnostics/GetLogLevels": administer,
  "/gatehouse.v1.Diagnostics/SetLogLevel": administer,
  "/gatehouse.v1.Sealing/GetTransportKey": administer,
  "/gatehouse.v1.Sealing/Change": administer,
  "/gatehouse.v1.Sealing/GetStatus": administer,
};

/** By path; a path that isn't here is refused. */
export const TABLE: ReadonlyMap<string, Row> = new Map(Object.entries(ROWS));

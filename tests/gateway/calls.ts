// Calls of every unary method: for each some that are made of its request's fields, and of most one that goes well.
// Must never name a transport: the same calls are made by each.
import { Buffer } from "node:buffer";
import { generateKeyPairSync } from "node:crypto";
import type { DescField, DescMessage, JsonObject, JsonValue } from "@bufbuild/protobuf";
import { ScalarType } from "@bufbuild/protobuf";
import { Encrypter, generateIdentity, identityToRecipient } from "age-encryption";
import { METHODS, type ServedMethod } from "../../src/gateway/rest/schema.ts";

/** Asks another method of the same appliance; throws when that fails. */
export type Ask = (path: string, request: JsonObject) => Promise<JsonObject>;

export interface Step {
  readonly method: ServedMethod;
  readonly what: string;
  /** With the names of JSON. Some hold what only their own appliance knows. */
  readonly request: JsonObject | ((ask: Ask) => Promise<JsonObject>);
}

const base64 = (text: string | Uint8Array) => Buffer.from(text).toString("base64");

/** Enrolled by nobody. */
const clerk = generateKeyPairSync("ed25519").publicKey.export({ type: "spki", format: "der" });
const imported = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({
  type: "pkcs8",
  format: "der",
});
const recipient = await identityToRecipient(await generateIdentity());

const lines = (...each: [path: string, request: Step["request"]][]): Step[] =>
  each.map(([path, request], i) => ({ method: methodOf(path), what: `written, ${i}`, request }));

const DATA = base64("gatehouse");

/** In an order in which most go well. */
const WRITTEN: Step[] = lines(
  ["/echo.EchoService/Echo", { payload: 'é\u0000"\\\n', timestamp: "9223372036854775807" }],
  ["/crypto.CryptoService/Sign", {
    data: DATA,
    keyType: "RSA",
    algorithm: "RSA_PKCS1_SHA256",
    timestamp: "-1",
  }],
  ["/crypto.CryptoService/GetPublicKey", { keyType: "ECC", algorithm: "ECDSA_P384_SHA384" }],
  ["/gatehouse.v1.Access/Challenge", {}],
  ["/gatehouse.v1.Access/WhoAmI", {}],
  ["/gatehouse.v1.Admins/Add", { name: "clerk", role: "OPERATOR", publicKeyDer: base64(clerk) }],
  ["/gatehouse.v1.Admins/Add", { name: "clerk", role: "OPERATOR", publicKeyDer: base64(clerk) }],
  ["/gatehouse.v1.Admins/List", {}],
  ["/gatehouse.v1.Admins/Remove", { name: "clerk" }],
  ["/gatehouse.v1.Backup/GetRecipient", {}],
  ["/gatehouse.v1.Backup/SetRecipient", { recipient }],
  ["/gatehouse.v1.Backup/GetRecipient", {}],
  ["/gatehouse.v1.Keys/Create", {
    requestId: "one",
    id: "made",
    kind: "EC_P256",
    policy: { algorithms: ["ECDSA_P256_SHA256"], notAfterMs: "4102444800000", signaturesPerSecond: 1000 },
    labels: { env: "prod", "with.dot": "é" },
  }],
  ["/gatehouse.v1.Keys/Create", { id: "made", kind: "EC_P256" }],
  ["/gatehouse.v1.Keys/Create", { id: "ed", kind: "ED25519" }],
  ["/gatehouse.v1.Keys/Import", { id: "brought", pkcs8Der: base64(imported) }],
  ["/gatehouse.v1.Keys/List", { pageSize: 2, states: ["ENABLED", "DISABLED"] }],
  ["/gatehouse.v1.Keys/List", { labels: { env: "prod", "with.dot": "é" } }],
  ["/gatehouse.v1.Keys/Get", { id: "made" }],
  ["/gatehouse.v1.Keys/Get", { id: "Not/an id:at all?" }],
  ["/gatehouse.v1.Keys/GetPublicKey", { id: "brought", format: "JWK", version: 1 }],
  ["/gatehouse.v1.Keys/GetPublicKey", { id: "ed", format: "OPENSSH" }],
  ["/gatehouse.v1.Keys/Rotate", { requestId: "two", id: "made", expectedRevision: "1" }],
  ["/gatehouse.v1.Keys/Rotate", { id: "made", expectedRevision: "1" }],
  ["/gatehouse.v1.Keys/SetPolicy", { id: "made", policy: { transports: ["UNIX", "VSOCK"] } }],
  ["/gatehouse.v1.Keys/SetLabels", { id: "made", labels: {} }],
  ["/gatehouse.v1.Crypto/Sign", { key: "ed", algorithm: "EDDSA_ED25519", data: DATA }],
  ["/gatehouse.v1.Crypto/Sign", { key: "made", algorithm: "ECDSA_P256_SHA256", digest: DATA }],
  ["/gatehouse.v1.Crypto/SignBatch", {
    items: [
      { key: "made", algorithm: "ECDSA_P256_SHA256", data: DATA, encoding: "RAW" },
      { key: "none", algorithm: "ECDSA_P256_SHA256", data: "" },
    ],
  }],
  ["/gatehouse.v1.Crypto/Verify", async (ask) => {
    const signed = { key: "made", algorithm: "ECDSA_P256_SHA256", data: DATA };
    const { signature } = await ask("/gatehouse.v1.Crypto/Sign", signed);
    return { ...signed, signature };
  }],
  ["/gatehouse.v1.Crypto/Random", { bytes: 32 }],
  ["/gatehouse.v1.Crypto/Random", { bytes: 65_537 }],
  ["/gatehouse.v1.Keys/Disable", { id: "made" }],
  ["/gatehouse.v1.Keys/Enable", { id: "made" }],
  ["/gatehouse.v1.Keys/Destroy", { id: "made" }],
  ["/gatehouse.v1.Keys/ScheduleDeletion", { id: "made", afterS: 7200 }],
  ["/gatehouse.v1.Keys/CancelDeletion", { id: "made" }],
  ["/gatehouse.v1.Keys/Destroy", { id: "made" }],
  ["/gatehouse.v1.Sealing/GetTransportKey", {}],
  ["/gatehouse.v1.Sealing/GetStatus", {}],
  ["/gatehouse.v1.Sealing/Change", async (ask) => {
    const { recipient: to } = await ask("/gatehouse.v1.Sealing/GetTransportKey", {});
    const encrypter = new Encrypter();
    encrypter.addRecipient(String(to));
    return { sealedKey: base64(await encrypter.encrypt(new Uint8Array(32).fill(7))) };
  }],
  ["/gatehouse.v1.Config/Get", {}],
  ["/gatehouse.v1.Config/Apply", { expectedVersion: "1", toml: "[listen]\naddresses = 3\n" }],
  ["/gatehouse.v1.Config/Apply", { expectedVersion: "1", confirmWithinS: 600, comment: "tried" }],
  ["/gatehouse.v1.Config/Confirm", { version: "2" }],
  ["/gatehouse.v1.Config/Rollback", { version: "1", expectedVersion: "2" }],
  ["/gatehouse.v1.Config/History", {}],
  ["/gatehouse.v1.Status/Get", {}],
  ["/grpc.health.v1.Health/Check", {}],
  ["/grpc.health.v1.Health/Check", { service: "gatehouse.signer" }],
  ["/grpc.health.v1.Health/List", {}],
);

export const UNARY: readonly ServedMethod[] = METHODS.filter(({ streams }) => !streams);

/** Nothing, and something in every field. Both go before the others, and what they do is the same each time. */
const MADE: Step[] = UNARY.flatMap((method) => [
  { method, what: "empty", request: {} },
  { method, what: "full", request: filled(method.request) },
]);

export const STEPS: readonly Step[] = [...MADE, ...WRITTEN];

function methodOf(path: string): ServedMethod {
  const method = METHODS.find((one) => one.path === path);
  if (method === undefined) throw new Error(`no method ${path}`);
  return method;
}

/** Every field, of a oneof the first. */
function filled(message: DescMessage): JsonObject {
  const fields = message.fields.filter((field) =>
    field.oneof === undefined || field.oneof.fields[0] === field
  );
  return Object.fromEntries(fields.map((field) => [field.jsonName, valueOf(field)]));
}

function valueOf(field: DescField): JsonValue {
  if (field.fieldKind === "list") return [oneOf(field)];
  return field.fieldKind === "map" ? { some: oneOf(field) } : oneOf(field);
}

function oneOf(field: DescField): JsonValue {
  if (field.enum !== undefined) return field.enum.values[field.enum.values.length - 1].name;
  if (field.message !== undefined) return filled(field.message);
  switch (field.scalar) {
    case ScalarType.STRING:
      return "some";
    case ScalarType.BYTES:
      return DATA;
    case ScalarType.BOOL:
      return true;
    case ScalarType.UINT64:
    case ScalarType.INT64:
      return "9";
    default:
      return 9;
  }
}

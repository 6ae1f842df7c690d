// The service's own part: bounds of a request, statuses, and that no private key is ever in an answer.
import { Buffer } from "node:buffer";
import { type handleUnaryCall, status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import type { Change, ConfigControl, Shown } from "../agent/config_store/control.ts";
import { ConfigRefusal } from "../agent/config_store/refusal.ts";
import { setCaller } from "../authority/caller.ts";
import { ALL_KEYS } from "../authority/identity.ts";
import { type ConfigVersion, type ConfigVersionInit, messageType, Role } from "../proto/mod.ts";
import { configService } from "./config.ts";
import { reasonIn, type Refusal, violationsIn } from "./refusal.ts";

const shown: Shown = {
  version: {
    version: 7,
    toml: "# text",
    tls: { certificatePem: "certificate", privateKeyPem: "the secret", clientCaPem: "ca" },
    appliedAtMs: 5,
    appliedBy: "admin:a",
    comment: "why",
  },
  inForce: true,
  confirmByMs: 9,
  warnings: ["mind"],
};

const asked: Change[] = [];
let outcome: () => Shown = () => shown;
const control = {
  get: () => outcome(),
  history: () => [outcome()],
  apply: (change: Change) => {
    asked.push(change);
    return Promise.resolve().then(outcome);
  },
} as unknown as ConfigControl;
const service = configService(() => control);

type Answer = { error: Refusal | null; value?: unknown };
function call(method: "Get" | "Apply" | "History", request: object, known = true): Promise<Answer> {
  const one = { request, getPeer: () => "unix:///x" };
  if (known) {
    setCaller(one, { name: "admin:a", role: Role.ADMIN, transport: "unix", keys: [ALL_KEYS] });
  }
  return new Promise((resolve) => {
    const handler = service[method] as unknown as handleUnaryCall<object, unknown>;
    handler(one as never, (error, value) => resolve({ error: error as Refusal | null, value }));
  });
}
const number = (value: number) => ({ toNumber: () => value });
const change = { expected_version: number(7), confirm_within_s: 0, comment: "", dry_run: false };

test("an answer has every part but the private key", async () => {
  const ConfigVersion = messageType<ConfigVersionInit, ConfigVersion>("gatehouse.v1.ConfigVersion");
  for (const [method, request] of [["Get", { version: number(0) }], ["Apply", change]] as const) {
    const { value } = await call(method, request);
    expect(value).toMatchObject({
      version: 7,
      toml: "# text",
      in_force: true,
      confirm_by_ms: 9,
      warnings: ["mind"],
    });
    const bytes = Buffer.from(ConfigVersion.serialize(value as ConfigVersionInit));
    expect(bytes.includes("certificate")).toBe(true);
    expect(bytes.includes("the secret")).toBe(false);
  }
  expect(JSON.stringify((await call("History", {})).value)).not.toMatch(/the secret|# text/);
});

test("a private key that was kept within a public part is left out", async () => {
  const key = (kind: string, end = true) =>
    `-----BEGIN ${kind}PRIVATE KEY-----\nthe secret\n${end ? `-----END ${kind}PRIVATE KEY-----\n` : ""}`;
  const tls = {
    certificatePem: `${key("")}one${key("EC ")}two`,
    clientCaPem: `ca${key("RSA ", false)}`,
    crlPem: key("ENCRYPTED "),
  };
  outcome = () => ({ ...shown, version: { ...shown.version, tls } });
  for (const method of ["Get", "History"] as const) {
    const text = JSON.stringify((await call(method, { version: number(0) })).value);
    expect(text).toMatch(/one.*two.*"ca"/);
    expect(text).not.toContain("the secret");
  }
  outcome = () => shown;
});

test("a caller whom nobody named gets nothing", async () => {
  for (
    const [method, request] of [["Get", { version: number(0) }], ["Apply", change], ["History", {}]] as const
  ) {
    expect((await call(method, request, false)).error?.code).toBe(status.PERMISSION_DENIED);
  }
});

test("what is asked for is handed on with who asks", async () => {
  await call("Apply", { ...change, confirm_within_s: 60, tls: { crl_pem: "" } });
  expect(asked.at(-1)).toEqual({
    expectedVersion: 7,
    toml: undefined,
    tls: { crlPem: "" },
    confirmWithinS: 60,
    comment: "",
    dryRun: false,
    by: "admin:a",
    peer: "unix:///x",
    stands: expect.any(Function),
  });
});

test.each<[field: string, request: object]>([
  ["expected_version", { expected_version: number(0) }],
  ["confirm_within_s", { confirm_within_s: 3_601 }],
  ["comment", { comment: "x".repeat(257) }],
  ["comment", { comment: "\u001b[31mred" }],
])("%s out of its bounds is refused by its name", async (field, request) => {
  const { error } = await call("Apply", { ...change, ...request });
  expect(error?.code).toBe(status.INVALID_ARGUMENT);
  expect(violationsIn(error!.metadata!).map((one) => one.field)).toEqual([field]);
});

test.each(
  [
    ["stale", status.ABORTED],
    ["precondition", status.FAILED_PRECONDITION],
    ["missing", status.NOT_FOUND],
    ["busy", status.RESOURCE_EXHAUSTED],
  ] as const,
)("a refusal that is %s has status %i and says why", async (kind, code) => {
  outcome = () => {
    throw new ConfigRefusal(kind, "REASON", "because");
  };
  const { error } = await call("Apply", change);
  expect([error?.code, error?.details]).toEqual([code, "because"]);
  outcome = () => shown;
});

test("one who was removed meanwhile is told what everyone hears whose key isn't enrolled", async () => {
  outcome = () => {
    throw new ConfigRefusal("denied", "PROOF_INVALID", "removed");
  };
  const { error } = await call("Apply", change);
  expect([error?.code, reasonIn(error!.metadata!)]).toEqual([status.UNAUTHENTICATED, "PROOF_INVALID"]);
  outcome = () => shown;
});

test("what the disk says is told to the log and not to the caller", async () => {
  outcome = () => {
    throw new Error("/var/lib/secret: no space");
  };
  const { error } = await call("Apply", change);
  expect(error?.code).toBe(status.INTERNAL);
  expect(error?.details).not.toContain("secret");
  expect(error?.cause).toBeInstanceOf(Error);
  outcome = () => shown;
});

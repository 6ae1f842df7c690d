// gatehouse.v1.Config: the configuration in force, its versions, and changes of it.
// Must never answer with a private key, nor decide who may ask: the authority's table does.
import { type handleUnaryCall, type ServerUnaryCall, status } from "@grpc/grpc-js";
import {
  type Change,
  type ConfigControl,
  MAX_COMMENT_UNITS,
  MAX_CONFIRM_S,
  type Shown,
} from "../agent/config_store/control.ts";
import type { TlsFiles } from "../agent/config_store/applier.ts";
import { ConfigRefusal, type RefusalKind } from "../agent/config_store/refusal.ts";
import { visible } from "../agent/log/escape.ts";
import { callerOf, callerStands } from "../authority/caller.ts";
import { refusalBy } from "../authority/refusals.ts";
import type {
  ApplyConfigRequest,
  ConfigHistoryRequest,
  ConfigHistoryResponseInit,
  ConfigVersionInit,
  ConfirmConfigRequest,
  GetConfigRequest,
  RollbackConfigRequest,
  TlsMaterial,
  TlsMaterialInit,
} from "../proto/mod.ts";
import { type FieldViolation, invalidArgument, type Refusal, refuse } from "./refusal.ts";

export const CONFIG_SERVICE = "gatehouse.v1.Config";

/** @param control asked at each call: it is there once the agent is */
export function configService(control: () => ConfigControl) {
  const Get: handleUnaryCall<GetConfigRequest, ConfigVersionInit> = (call, callback) =>
    answer(call, callback, () => withToml(control().get(number(call.request.version))));

  const History: handleUnaryCall<ConfigHistoryRequest, ConfigHistoryResponseInit> = (call, callback) =>
    answer(call, callback, () => ({ versions: control().history().map(withoutToml) }));

  const Apply: handleUnaryCall<ApplyConfigRequest, ConfigVersionInit> = (call, callback) =>
    answer(call, callback, async () => {
      // proto3 `optional`: an absent field is left out of the decoded message, whatever its type says.
      const { toml, tls, comment, dry_run } = call.request;
      const asked = changeOf(call);
      checkComment(comment);
      return withToml(
        await control().apply({
          ...asked,
          toml: toml ?? undefined,
          tls: tls ? tlsFiles(tls) : undefined,
          comment,
          dryRun: dry_run,
        }),
      );
    });

  const Confirm: handleUnaryCall<ConfirmConfigRequest, ConfigVersionInit> = (call, callback) =>
    answer(
      call,
      callback,
      async () =>
        withToml(
          await control().confirm(number(call.request.version), nameOf(call), () => callerStands(call)),
        ),
    );

  const Rollback: handleUnaryCall<RollbackConfigRequest, ConfigVersionInit> = (call, callback) =>
    answer(
      call,
      callback,
      async () => withToml(await control().rollback(number(call.request.version), changeOf(call))),
    );

  return { Get, Apply, Confirm, History, Rollback };
}

/** What Apply and Rollback have in common. */
function changeOf(
  call: ServerUnaryCall<ApplyConfigRequest | RollbackConfigRequest, unknown>,
): Pick<Change, "expectedVersion" | "confirmWithinS" | "by" | "peer" | "stands"> {
  const { expected_version, confirm_within_s } = call.request;
  const violations: FieldViolation[] = [];
  if (number(expected_version) === 0) {
    violations.push({ field: "expected_version", description: "say on which version the change is based" });
  }
  if (confirm_within_s > MAX_CONFIRM_S) {
    const description = `${confirm_within_s} s; at most ${MAX_CONFIRM_S} s, or 0 for no confirmation`;
    violations.push({ field: "confirm_within_s", description });
  }
  if (violations.length > 0) throw ConfigRefusal.invalid(violations);
  return {
    expectedVersion: number(expected_version),
    confirmWithinS: confirm_within_s,
    by: nameOf(call),
    peer: call.getPeer(),
    stands: () => callerStands(call),
  };
}

function checkComment(comment: string): void {
  const refuse = (description: string) => ConfigRefusal.invalid([{ field: "comment", description }]);
  if (comment.length > MAX_COMMENT_UNITS) {
    throw refuse(`${comment.length} characters; at most ${MAX_COMMENT_UNITS} are kept`);
  }
  // It is shown on terminals.
  if (visible(comment) !== comment) {
    throw refuse("holds characters that don't print; write plain text on one line");
  }
}

/** A version beyond 2^53 is none that we gave: it stays unequal to all of them. */
const number = (long: { toNumber(): number }): number => long.toNumber();

const nameOf = (call: object): string => callerOf(call)?.name ?? "nobody";

function tlsFiles(tls: TlsMaterial): TlsFiles {
  return {
    certificatePem: tls.certificate_pem ?? undefined,
    privateKeyPem: tls.private_key_pem ?? undefined,
    clientCaPem: tls.client_ca_pem ?? undefined,
    crlPem: tls.crl_pem ?? undefined,
  };
}

function withToml(shown: Shown): ConfigVersionInit {
  return { ...withoutToml(shown), toml: shown.version.toml };
}

function withoutToml({ version, inForce, confirmByMs, warnings }: Shown): ConfigVersionInit {
  return {
    version: version.version,
    applied_at_ms: version.appliedAtMs,
    applied_by: version.appliedBy,
    comment: version.comment,
    confirm_by_ms: confirmByMs,
    tls: publicParts(version.tls),
    in_force: inForce,
    warnings: [...warnings],
  };
}

function publicParts({ certificatePem, clientCaPem, crlPem }: TlsFiles): TlsMaterialInit {
  return {
    certificate_pem: withoutKeys(certificatePem),
    client_ca_pem: withoutKeys(clientCaPem),
    crl_pem: withoutKeys(crlPem),
  };
}

/** Such a part is refused now; a version that was kept before that was a rule may have one. */
const withoutKeys = (pem: string | undefined): string | undefined =>
  pem?.replace(/-----BEGIN [^-]*PRIVATE KEY-----[^]*?(-----END [^-]*PRIVATE KEY-----|$)/gi, "");

const STATUSES: Readonly<Record<Exclude<RefusalKind, "invalid" | "denied">, status>> = {
  stale: status.ABORTED,
  precondition: status.FAILED_PRECONDITION,
  missing: status.NOT_FOUND,
  busy: status.RESOURCE_EXHAUSTED,
};

function answer<T>(
  call: object,
  callback: (error: Refusal | null, value?: T) => void,
  work: () => T | Promise<T>,
): void {
  if (callerOf(call) === undefined) {
    const message = "nobody has said who calls; this service needs a server that does";
    return callback(refuse(status.PERMISSION_DENIED, "CALLER_UNKNOWN", message));
  }
  Promise.resolve().then(work).then(
    (value) => callback(null, value),
    (error: unknown) => callback(refusalFor(error)),
  );
}

function refusalFor(error: unknown): Refusal {
  if (!(error instanceof ConfigRefusal)) {
    return refuse(
      status.INTERNAL,
      "INTERNAL",
      "it could not be done and nothing has changed; the agent's log says why",
      error,
    );
  }
  if (error.kind === "invalid") return invalidArgument(...error.violations);
  if (error.kind === "denied") return refusalBy("PROOF_INVALID", error);
  return refuse(STATUSES[error.kind], error.reason, error.message, error.cause);
}

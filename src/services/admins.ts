// gatehouse.v1.Admins: the list of enrolled keys, and its changes. Who may ask is the gate's to say.
import { type handleUnaryCall, status } from "@grpc/grpc-js";
import type { EnrolledAdmin } from "../authority/admin_file.ts";
import { type AdminStore, AdminStoreError } from "../authority/admin_store.ts";
import { callerOf, callerStands } from "../authority/caller.ts";
import { refusalBy } from "../authority/refusals.ts";
import type {
  AddAdminRequest,
  AdminInit,
  ListAdminsRequest,
  ListAdminsResponseInit,
  RemoveAdminRequest,
  RemoveAdminResponseInit,
} from "../proto/mod.ts";
import { invalidArgument, type Refusal, refuse } from "./refusal.ts";

export const ADMINS_SERVICE = "gatehouse.v1.Admins";

export function adminsService(store: AdminStore) {
  const List: handleUnaryCall<ListAdminsRequest, ListAdminsResponseInit> = (_call, callback) => {
    callback(null, { admins: store.list().map(message) });
  };

  const Add: handleUnaryCall<AddAdminRequest, AdminInit> = (call, callback) => {
    const { name, role, public_key_der } = call.request;
    const addedBy = callerOf(call)?.name ?? "";
    store.add({ name, role, spki: public_key_der, addedBy }, () => callerStands(call))
      .then((admin) => callback(null, message(admin)))
      .catch((error: unknown) => callback(refusalOf(error)));
  };

  const Remove: handleUnaryCall<RemoveAdminRequest, RemoveAdminResponseInit> = (call, callback) => {
    store.remove(call.request.name, callerOf(call)?.name ?? "", () => callerStands(call))
      .then(() => callback(null, {}))
      .catch((error: unknown) => callback(refusalOf(error)));
  };

  return { List, Add, Remove };
}

function message({ name, role, key, addedAtMs, addedBy }: EnrolledAdmin): AdminInit {
  return {
    name,
    role,
    public_key_der: key.spki,
    key_id: key.keyId,
    added_at_ms: addedAtMs,
    added_by: addedBy,
  };
}

function refusalOf(error: unknown): Refusal {
  if (!(error instanceof AdminStoreError)) {
    return refuse(
      status.INTERNAL,
      "NOT_KEPT",
      "the change could not be kept; the agent's log says why",
      error,
    );
  }
  const { message: description } = error;
  switch (error.kind) {
    case "bad-name":
      return invalidArgument({ field: "name", description });
    case "bad-role":
      return invalidArgument({ field: "role", description });
    case "bad-key":
      return invalidArgument({ field: "public_key_der", description });
    case "exists":
      return refuse(status.ALREADY_EXISTS, "ALREADY_ENROLLED", description);
    case "missing":
      return refuse(status.NOT_FOUND, "NOT_ENROLLED", description);
    case "last":
      return refuse(status.FAILED_PRECONDITION, "LAST_ADMINISTRATOR", description);
    case "removed":
      return refusalBy("PROOF_INVALID");
    case "full":
      return refuse(status.RESOURCE_EXHAUSTED, "TOO_MANY_ADMINISTRATORS", description);
  }
}

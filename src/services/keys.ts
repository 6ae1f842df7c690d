// gatehouse.v1.Keys: the life of keys, which the signer keeps, and who may look at them, which is decided here.
// Must never let a caller tell apart a key that he may not see and one that doesn't exist.
import { type handleUnaryCall, type ServerUnaryCall, status } from "@grpc/grpc-js";
import type { EmitEvent, EventKindNumber } from "../agent/event_sink.ts";
import { callerOf } from "../authority/caller.ts";
import { ALL_KEYS, type Identity, mayUseKey } from "../authority/identity.ts";
import { maySeeKey, seesAllKeys } from "../authority/key_access.ts";
import { refusalBy } from "../authority/refusals.ts";
import type { ClientMethod } from "../grpc/client.ts";
import {
  type ChangeKeyRequest,
  type CreateKeyRequest,
  EventKind,
  type GetKeyRequest,
  type GetPublicKeyRequest,
  type ImportKeyRequest,
  type Key,
  KeyKind,
  type ListKeysRequest,
  type ListKeysResponseInit,
  PublicKeyFormat,
  type PublicKeyInit,
  type RotateKeyRequest,
  type ScheduleDeletionRequest,
  type SetLabelsRequest,
  type SetPolicyRequest,
} from "../proto/mod.ts";
import { SIGNER } from "../signer/methods.ts";
import { SignerError } from "../signer/signer.ts";
import type { PageTokens } from "./page_token.ts";
import { publicKeyIn } from "./public_key_format.ts";
import { invalidArgument, refuse } from "./refusal.ts";
import { answerBy, relay, type RelayOptions } from "./relay.ts";
import { timeLeftMs } from "./time_left.ts";

export const KEYS_SERVICE = "gatehouse.v1.Keys";

export interface KeysOptions extends RelayOptions {
  /** Hears what became of keys, and by whom. */
  readonly emit: EmitEvent;
  /** Of the agent, so that a list goes on over a change of its configuration. */
  readonly pageTokens: PageTokens;
}

export function keysService(options: KeysOptions) {
  const { signer, now, emit, pageTokens } = options;

  const List: handleUnaryCall<ListKeysRequest, ListKeysResponseInit> = (call, callback) => {
    const list = async (): Promise<ListKeysResponseInit> => {
      const identity = knownCaller(call);
      const page_token = pageTokens.open(call.request.page_token);
      if (page_token === undefined) {
        const description = "none that this appliance gave since its start; begin again without one";
        throw invalidArgument({ field: "page_token", description });
      }
      const all = seesAllKeys(identity) || identity.keys.includes(ALL_KEYS);
      // To the signer no ids are all.
      if (!all && identity.keys.length === 0) return {};
      // Left out there: a page with a gap would tell that there is a key, and by its filters what it is like.
      const seen_by = seesAllKeys(identity) ? "" : identity.name;
      const request = { list: { ...call.request, page_token }, ids: all ? [] : [...identity.keys], seen_by };
      const deadlineMs = timeLeftMs(call, now());
      const { keys, next_page_token } = await signer.unary(SIGNER.listKeys, request, { deadlineMs });
      return {
        keys: keys.filter((key) => maySeeKey(identity, key)).map((key) => shownTo(identity, key)),
        next_page_token: pageTokens.seal(next_page_token),
      };
    };
    answerBy(callback, list());
  };

  /** The key as the caller may see it. @throws Refusal */
  const seen = async (call: ServerUnaryCall<{ id: string }, unknown>): Promise<Key> => {
    const identity = knownCaller(call);
    const { id } = call.request;
    if (!seesAllKeys(identity) && !mayUseKey(identity, id)) throw refusalBy("KEY_NOT_FOUND");
    const key = await signer.unary(SIGNER.getKey, { id }, { deadlineMs: timeLeftMs(call, now()) })
      .catch((error: unknown) => {
        const absent = error instanceof SignerError && error.code === status.NOT_FOUND;
        throw absent ? refusalBy("KEY_NOT_FOUND") : error;
      });
    if (!maySeeKey(identity, key)) throw refusalBy("KEY_NOT_FOUND");
    return shownTo(identity, key);
  };

  const Get: handleUnaryCall<GetKeyRequest, Key> = (call, callback) => answerBy(callback, seen(call));

  const GetPublicKey: handleUnaryCall<GetPublicKeyRequest, PublicKeyInit> = (call, callback) =>
    answerBy(callback, seen(call).then((key) => publicHalf(key, call.request)));

  /** A handler of a change, which is told as an event of that kind. */
  const change = <Request>(
    method: ClientMethod<Request, Key>,
    kind: EventKindNumber,
    did: string,
  ): handleUnaryCall<Request, Key> =>
    relay(options, method, (key, by) =>
      emit(kind, `${by} ${did} the key ${key.id}`, {
        by,
        key: key.id,
        kind: nameOfKind(key.kind),
        revision: key.revision.toString(),
      }));
  const { KEY_CREATED, KEY_ROTATED, KEY_STATE_CHANGED, KEY_DESTROYED, KEY_POLICY_CHANGED } = EventKind;

  return {
    List,
    Get,
    GetPublicKey,
    Create: change<CreateKeyRequest>(SIGNER.createKey, KEY_CREATED, "made"),
    Import: change<ImportKeyRequest>(SIGNER.importKey, KEY_CREATED, "imported"),
    Rotate: change<RotateKeyRequest>(SIGNER.rotateKey, KEY_ROTATED, "rotated"),
    Enable: change<ChangeKeyRequest>(SIGNER.enableKey, KEY_STATE_CHANGED, "enabled"),
    Disable: change<ChangeKeyRequest>(SIGNER.disableKey, KEY_STATE_CHANGED, "disabled"),
    ScheduleDeletion: change<ScheduleDeletionRequest>(
      SIGNER.scheduleKeyDeletion,
      KEY_STATE_CHANGED,
      "scheduled the deletion of",
    ),
    CancelDeletion: change<ChangeKeyRequest>(
      SIGNER.cancelKeyDeletion,
      KEY_STATE_CHANGED,
      "cancelled the deletion of",
    ),
    Destroy: change<ChangeKeyRequest>(SIGNER.destroyKey, KEY_DESTROYED, "destroyed"),
    SetPolicy: change<SetPolicyRequest>(SIGNER.setKeyPolicy, KEY_POLICY_CHANGED, "changed the policy of"),
    // What a label says is nobody's alarm.
    SetLabels: relay<SetLabelsRequest, Key>(options, SIGNER.setKeyLabels),
  };
}

/** A call that no gate let in sees nothing. */
function knownCaller(call: object): Identity {
  const identity = callerOf(call);
  if (identity === undefined) throw refusalBy("KEY_NOT_FOUND");
  return identity;
}

/** Who else may use a key is no user's business. */
function shownTo(identity: Identity, key: Key): Key {
  if (seesAllKeys(identity) || !key.policy?.identities.length) return key;
  return { ...key, policy: { ...key.policy, identities: [identity.name] } };
}

/** @throws Refusal */
function publicHalf(key: Key, { version: asked, format }: GetPublicKeyRequest): PublicKeyInit {
  const { id, kind, versions, policy } = key;
  const found = asked === 0 ? versions.at(-1) : versions.find(({ version }) => version === asked);
  if (found === undefined) {
    const message = `version: the key has none with the number ${asked}; the newest is ${
      versions.at(-1)?.version
    }`;
    throw refuse(status.NOT_FOUND, "VERSION_NOT_FOUND", message);
  }
  const { version, public_key_der } = found;
  const algorithms = policy?.algorithms ?? [];
  const public_key = publicKeyIn(format, public_key_der, { id, version, kind, algorithms });
  if (public_key === undefined) {
    const allowed = Object.entries(PublicKeyFormat).map(([name, value]) => `${name} (${value})`).join(", ");
    throw invalidArgument({ field: "format", description: `unknown value ${format}; allowed: ${allowed}` });
  }
  return { id, version, kind, format, public_key };
}

const nameOfKind = (kind: number): string =>
  Object.entries(KeyKind).find(([, number]) => number === kind)?.[0] ?? String(kind);

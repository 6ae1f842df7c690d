// gatehouse.v1.Access: nonces for proofs, and who the caller is. It decides nothing.
import { type handleUnaryCall, status } from "@grpc/grpc-js";
import { callerOf } from "../authority/caller.ts";
import { MAX_NONCES, NONCE_LIFETIME_MS, type Nonces } from "../authority/nonces.ts";
import { peerOf } from "../grpc/peer_of.ts";
import {
  type ChallengeRequest,
  type ChallengeResponseInit,
  Role,
  type WhoAmIRequest,
  type WhoAmIResponseInit,
} from "../proto/mod.ts";
import { refuse } from "./refusal.ts";

export const ACCESS_SERVICE = "gatehouse.v1.Access";

/** @param instanceId which appliance this is, as it goes into signatures */
export function accessService(nonces: Nonces, instanceId: string) {
  const Challenge: handleUnaryCall<ChallengeRequest, ChallengeResponseInit> = (call, callback) => {
    const peer = peerOf(call);
    const nonce = peer && nonces.make(peer);
    if (nonce !== undefined) {
      return callback(null, { nonce, instance_id: instanceId, lifetime_ms: NONCE_LIFETIME_MS });
    }
    callback(refuse(
      status.RESOURCE_EXHAUSTED,
      "TOO_MANY_NONCES",
      `${MAX_NONCES} nonces of this connection wait to be used; use them, or wait ${
        NONCE_LIFETIME_MS / 1000
      } s`,
    ));
  };

  const WhoAmI: handleUnaryCall<WhoAmIRequest, WhoAmIResponseInit> = (call, callback) => {
    const caller = callerOf(call);
    callback(null, {
      identity: caller?.name,
      role: caller?.role ?? Role.ROLE_UNSPECIFIED,
      transport: caller?.transport,
      keys: [...caller?.keys ?? []],
    });
  };

  return { Challenge, WhoAmI };
}

// A call's caller in the signer's words: what the agent asserts to it, and what policies of keys are held against.
// Must never assert what nothing proved, and costs a call of the hot path no more than a look.
import { peerOf } from "../grpc/peer_of.ts";
import { Transport } from "../proto/mod.ts";
import type { SignerCaller } from "../signer/signer.ts";
import { callerOf } from "./caller.ts";
import type { Identity } from "./identity.ts";

/** A call that no gate let in: no policy names it. */
const NOBODY: SignerCaller = { identity: "", transport: Transport.TRANSPORT_UNSPECIFIED };

/** One for each identity: those of a connection's calls are the same object, which crosses to the signer once a batch. */
const known = new WeakMap<Identity, SignerCaller>();

export function signerCallerOf(call: object): SignerCaller {
  const identity = callerOf(call);
  if (identity === undefined) return NOBODY;
  let caller = known.get(identity);
  if (caller === undefined) {
    caller = { identity: identity.name, transport: transportOf(identity, call) };
    known.set(identity, caller);
  }
  return caller;
}

/** An identity is made for one connection, so what is true of it is true of its connection's. */
function transportOf({ transport }: Identity, call: object): number {
  if (transport === "unix") return Transport.UNIX;
  if (transport === "vsock") return Transport.VSOCK;
  return peerOf(call)?.tls === undefined ? Transport.TCP_PLAIN : Transport.TCP_TLS;
}

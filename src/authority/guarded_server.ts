// A server on which every service stands behind the table: proofs are verified before a handler runs.
// Must never add a method without a row, nor touch the handlers of those that read no proof.
import type {
  handleClientStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  MethodDefinition,
  sendUnaryData,
  ServerReadableStream,
  ServerUnaryCall,
  ServerWritableStream,
  ServiceDefinition,
  UntypedHandleCall,
  UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { Buffer } from "node:buffer";
import type { Peer } from "../grpc/conn.ts";
import { peerOf } from "../grpc/peer_of.ts";
import type { AccessPolicy } from "./access_policy.ts";
import { setCaller } from "./caller.ts";
import type { Denials } from "./denials.ts";
import { enrolledName, type Identity, roleName } from "./identity.ts";
import { decodeHttpRequest, HTTP_REQUEST_METADATA, PROOF_METADATA } from "./proof.ts";
import type { ProofCheck, ProvenCall as SignedCall } from "./proof_check.ts";
import { refusalBy, type Rule } from "./refusals.ts";
import { TABLE } from "./table.ts";
import type { Refusal } from "../services/refusal.ts";

/** What services are added to. */
export interface ServiceHost {
  addService(definition: ServiceDefinition, implementation: UntypedServiceImplementation): void;
}

export interface GuardOptions {
  readonly policy: AccessPolicy;
  readonly proofs: ProofCheck;
  readonly denials: Denials;
}

type UnaryCall = ServerUnaryCall<object, unknown>;
type StreamingCall = ServerWritableStream<object, unknown>;
type ReceivingCall = ServerReadableStream<object, unknown>;
type ProvenCall = UnaryCall | StreamingCall | ReceivingCall;

export class GuardedServer implements ServiceHost {
  /** The bytes of requests whose handlers have not begun. */
  readonly #requests = new WeakMap<object, Uint8Array>();

  constructor(private readonly server: ServiceHost, private readonly options: GuardOptions) {}

  /**
   * As the server's own.
   * @throws Error when a method has no row in the table, or needs a proof and streams both ways
   */
  addService(definition: ServiceDefinition, implementation: UntypedServiceImplementation): void {
    const methods: Record<string, MethodDefinition<object, object>> = {};
    const handlers: UntypedServiceImplementation = {};
    for (const [name, method] of Object.entries(definition)) {
      const row = TABLE.get(method.path);
      if (row === undefined) throw new Error(`${method.path} has no row in src/authority/table.ts`);
      if (row.readsProof && method.requestStream && method.responseStream) {
        throw new Error(`${method.path} streams both ways: a proof is made over one message`);
      }
      const given = implementation[name] ?? implementation[method.originalName ?? name];
      const handler: UntypedHandleCall | undefined = given?.bind(implementation);
      methods[name] = row.readsProof ? this.#remembering(method) : method;
      if (handler !== undefined) handlers[name] = row.readsProof ? this.#proving(method, handler) : handler;
    }
    this.server.addService(methods, handlers);
  }

  #remembering(method: MethodDefinition<object, object>): MethodDefinition<object, object> {
    return {
      ...method,
      requestDeserialize: (bytes) => {
        const request = method.requestDeserialize(bytes);
        this.#requests.set(request, bytes);
        return request;
      },
    };
  }

  #proving(method: MethodDefinition<object, object>, handler: UntypedHandleCall): UntypedHandleCall {
    if (method.requestStream) {
      const run = handler as handleClientStreamingCall<object, unknown>;
      return (call: ReceivingCall, callback: sendUnaryData<unknown>) =>
        this.#whenProven(call, method.path, () => run(call, callback), (refusal) => callback(refusal));
    }
    if (method.responseStream) {
      const run = handler as handleServerStreamingCall<object, unknown>;
      return (call: StreamingCall) =>
        this.#whenProven(call, method.path, () => run(call), (refusal) => void call.emit("error", refusal));
    }
    const run = handler as handleUnaryCall<object, unknown>;
    return (call: UnaryCall, callback: sendUnaryData<unknown>) =>
      this.#whenProven(call, method.path, () => run(call, callback), (refusal) => callback(refusal));
  }

  /** Without a proof the handler runs at once. What it throws or rejects with is the server's to tell. */
  async #whenProven(
    call: ProvenCall,
    path: string,
    run: () => unknown,
    refuse: (refusal: Refusal) => void,
  ): Promise<void> {
    const given = call.metadata.get(PROOF_METADATA);
    if (given.length > 0) {
      const refusal = await this.#prove(call, path, given);
      if (refusal !== undefined) return refuse(refusal);
      if (call.cancelled) return;
    } else if (!this.#suffices(call, path)) {
      return refuse(refusalBy("PROOF_MISSING")); // the gate has said so, or rights changed before the request was here
    }
    await run();
  }

  /** @param proven without it, who the connection is by the rules of this moment */
  #suffices(call: object, path: string, proven?: Identity): boolean {
    const peer = peerOf(call);
    if (peer === undefined) return false;
    const { door, identity: own } = this.options.policy.callerAt(peer);
    const identity = proven ?? own;
    const need = TABLE.get(path)?.[door] ?? "never";
    return need !== "never" && identity.role >= need;
  }

  async #prove(
    call: ProvenCall,
    path: string,
    given: (string | Buffer)[],
  ): Promise<Refusal | undefined> {
    const peer = peerOf(call);
    // Of a stream of requests the first one: the others are held against what it says of them.
    const message = "request" in call && call.request ? call.request : await firstOf(call as ReceivingCall);
    const request = message && this.#requests.get(message);
    if (peer === undefined || request === undefined) return refusalBy("PROOF_INVALID");
    const { identity } = this.options.policy.callerAt(peer);
    const deny = (rule: Rule, by: Identity) => {
      this.options.denials.tell({ rule, identity: by, method: path, peer });
      return refusalBy(rule);
    };
    const [bytes] = given;
    if (given.length > 1 || !Buffer.isBuffer(bytes)) return deny("PROOF_INVALID", identity);
    const overHttp = httpRequestOf(call, peer);
    const outcome = await this.options.proofs.verify({ peer, path, request, ...overHttp }, bytes);
    if (typeof outcome === "string") return deny(outcome, identity);
    const proven = {
      ...identity,
      name: enrolledName(roleName(outcome.role), outcome.name),
      role: outcome.role,
    };
    if (!this.#suffices(call, path, proven)) return deny("ROLE_TOO_LOW", proven);
    setCaller(call, proven, () => this.options.proofs.stands(outcome));
    return undefined;
  }
}

/** What a proof that came by HTTP was made over in place of path and message; undefined for every other. */
function httpRequestOf(call: ProvenCall, { http }: Peer): Pick<SignedCall, "path" | "request"> | undefined {
  if (http === undefined) return undefined;
  const [bytes] = call.metadata.get(HTTP_REQUEST_METADATA);
  return Buffer.isBuffer(bytes) ? decodeHttpRequest(bytes) : undefined;
}

/** The first message, which its handler gets as well; undefined when the stream ends without one. */
async function firstOf(call: ReceivingCall): Promise<object | undefined> {
  for (;;) {
    const message: object | null = call.read();
    if (message !== null) {
      // At once: a stream that has ended says so in the next turn, and then takes nothing back.
      call.unshift(message);
      return message;
    }
    if (call.readableEnded || call.destroyed) return undefined;
    await somethingNew(call);
  }
}

function somethingNew(call: ReceivingCall): Promise<void> {
  return new Promise((resolve) => {
    const names = ["readable", "end", "close"];
    const done = () => {
      for (const name of names) call.off(name, done);
      resolve();
    };
    for (const name of names) call.on(name, done);
  });
}

// What the server keeps of a service: one entry a method, found by its path.
// Must never know a connection or a call.
import {
  type handleUnaryCall,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerWritableStream,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import type { Buffer } from "node:buffer";
import type { MethodObserver, ServerObserver } from "./server_observer.ts";

export type MethodKind = "unary" | "clientStream" | "serverStream" | "bidi";

export type UnaryHandler = handleUnaryCall<unknown, unknown>;
/** The three streaming kinds in one shape: a handler takes of it what its kind has. */
export type StreamHandler = (
  call:
    & ServerReadableStream<unknown, unknown>
    & ServerWritableStream<unknown, unknown>
    & ServerDuplexStream<unknown, unknown>,
  callback: sendUnaryData<unknown>,
) => unknown;

interface MethodBase {
  readonly path: string;
  /** Undefined: nobody counts its calls. */
  readonly observer: MethodObserver | undefined;
  /** What it returns is good until the next call of any method's serialize. */
  serialize(value: unknown): Uint8Array;
  deserialize(bytes: Buffer): unknown;
}

export interface UnaryMethod extends MethodBase {
  readonly kind: "unary";
  readonly handler: UnaryHandler;
}

export interface StreamMethod extends MethodBase {
  readonly kind: "clientStream" | "serverStream" | "bidi";
  readonly handler: StreamHandler;
}

export type Method = UnaryMethod | StreamMethod;

/**
 * Adds a service's methods to `methods`. A method without implementation answers UNIMPLEMENTED, as with grpc-js.
 * @throws Error when a path is taken already or the definition is empty: mistakes in the code
 */
export function addMethods(
  methods: Map<string, Method>,
  definition: ServiceDefinition,
  implementation: UntypedServiceImplementation,
  observer?: Pick<ServerObserver, "method">,
): void {
  const names = Object.keys(definition);
  if (names.length === 0) throw new Error("Cannot add an empty service to a server");
  for (const name of names) {
    const { path, requestStream, responseStream, responseSerialize, requestDeserialize, originalName } =
      definition[name];
    if (methods.has(path)) throw new Error(`Method handler for ${path} already provided.`);
    const given = implementation[name] ??
      (originalName === undefined ? undefined : implementation[originalName]);
    const kind = kindOf(requestStream, responseStream);
    methods.set(path, {
      kind,
      path,
      observer: observer?.method(path, kind),
      handler: given === undefined ? unimplemented(kind, name) : given.bind(implementation),
      serialize: inPlace(responseSerialize),
      deserialize: requestDeserialize,
    } as Method);
  }
}

/** A definition may offer the same bytes without a copy; the server copies them once, into frames. */
function inPlace(serialize: ((value: never) => Buffer) & { shared?: (value: never) => Uint8Array }) {
  return serialize.shared ?? serialize;
}

function kindOf(requestStream: boolean, responseStream: boolean): MethodKind {
  if (requestStream) return responseStream ? "bidi" : "clientStream";
  return responseStream ? "serverStream" : "unary";
}

function unimplemented(kind: MethodKind, name: string): UnaryHandler | StreamHandler {
  const error = { code: status.UNIMPLEMENTED, details: `The server does not implement the method ${name}` };
  if (kind === "unary" || kind === "clientStream") {
    return (_call: unknown, callback: sendUnaryData<unknown>) => callback(error);
  }
  return ((call) => void call.emit("error", Object.assign(new Error(error.details), error))) as StreamHandler;
}

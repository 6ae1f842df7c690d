// grpc.testing.TestService for our server, as the interop descriptions ask
// (grpc/grpc doc/interop-test-descriptions.md). UnimplementedCall stays without a handler on purpose.
import {
  Metadata,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import {
  type EchoStatus,
  type Empty,
  INITIAL_KEY,
  type InputRequest,
  type InputResponse,
  type OutputRequest,
  type OutputResponse,
  payload,
  type SimpleRequest,
  type SimpleResponse,
  TRAILING_KEY,
} from "./grpc_testing.ts";

/** What the handlers saw and no client can. */
export interface Seen {
  /** Calls of FullDuplexCall that the client cancelled. */
  cancelledDuplex: number;
}

export function testServiceImplementation(seen: Seen): UntypedServiceImplementation {
  return {
    EmptyCall(_call: ServerUnaryCall<Empty, Empty>, callback: sendUnaryData<Empty>) {
      callback(null, {});
    },

    UnaryCall(call: ServerUnaryCall<SimpleRequest, SimpleResponse>, callback: sendUnaryData<SimpleResponse>) {
      const trailers = echoMetadata(call);
      const { response_status, response_size = 0 } = call.request;
      if (response_status?.code) callback(failure(response_status, trailers));
      else callback(null, { payload: payload(response_size) }, trailers);
    },

    StreamingOutputCall(call: ServerWritableStream<OutputRequest, OutputResponse>) {
      for (const { size } of call.request.response_parameters ?? []) call.write({ payload: payload(size) });
      call.end();
    },

    StreamingInputCall(
      call: ServerReadableStream<InputRequest, InputResponse>,
      callback: sendUnaryData<InputResponse>,
    ) {
      let sum = 0;
      call.on("data", (request: InputRequest) => sum += request.payload?.body.length ?? 0);
      call.on("end", () => callback(null, { aggregated_payload_size: sum }));
    },

    FullDuplexCall(call: ServerDuplexStream<OutputRequest, OutputResponse>) {
      const trailers = echoMetadata(call);
      let failed = false;
      call.on("cancelled", () => seen.cancelledDuplex++);
      call.on("data", ({ response_status, response_parameters = [] }: OutputRequest) => {
        if (failed) return;
        if (response_status?.code) {
          failed = true;
          call.emit("error", failure(response_status, trailers));
          return;
        }
        for (const { size } of response_parameters) call.write({ payload: payload(size) });
      });
      call.on("end", () => {
        if (!failed) call.end(trailers);
      });
    },
  };
}

/** Sends the initial metadata that the caller wants back and gives the trailing. */
function echoMetadata(call: Pick<ServerUnaryCall<unknown, unknown>, "metadata" | "sendMetadata">): Metadata {
  const initial = new Metadata();
  for (const value of call.metadata.get(INITIAL_KEY)) initial.add(INITIAL_KEY, value);
  if (initial.get(INITIAL_KEY).length > 0) call.sendMetadata(initial);
  const trailing = new Metadata();
  for (const value of call.metadata.get(TRAILING_KEY)) trailing.add(TRAILING_KEY, value);
  return trailing;
}

function failure({ code, message }: EchoStatus, metadata: Metadata) {
  return Object.assign(new Error(message), { code, details: message, metadata });
}

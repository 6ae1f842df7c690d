// ConformanceService for our server, as service.proto describes it: the request says what to answer.
// Unimplemented stays without a handler on purpose; raw responses are only for the suite's own server.
import {
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import {
  type Any,
  type BidiStreamRequest,
  type MessageType,
  packAny,
  type PayloadResponse,
  type RequestInfo,
  type ServerStreamRequest,
  type StreamResponseDefinition,
  types,
  type UnaryRequest,
  type UnaryResponseDefinition,
} from "./messages.ts";
import { toGrpcError, toHeaders, toMetadata } from "./metadata.ts";
import { sleep } from "./sleep.ts";

/** What all kinds of call have. */
type AnyCall = Pick<
  ServerUnaryCall<unknown, unknown>,
  "metadata" | "sendMetadata" | "getDeadline" | "cancelled"
>;
/** What both kinds with many responses have. */
type Responses =
  | ServerWritableStream<unknown, PayloadResponse>
  | ServerDuplexStream<unknown, PayloadResponse>;

export const conformanceServiceImplementation: UntypedServiceImplementation = {
  Unary: unary(types.UnaryRequest),
  IdempotentUnary: unary(types.IdempotentUnaryRequest),

  async ClientStream(
    call: ServerReadableStream<UnaryRequest, PayloadResponse>,
    callback: sendUnaryData<PayloadResponse>,
  ) {
    let definition: UnaryResponseDefinition | undefined;
    const requests: Any[] = [];
    for await (const request of call as AsyncIterable<UnaryRequest>) {
      if (requests.length === 0) definition = request.response_definition;
      requests.push(packAny(types.ClientStreamRequest, request));
    }
    await respond(call, requests, definition, callback);
  },

  async ServerStream(call: ServerWritableStream<ServerStreamRequest, PayloadResponse>) {
    const definition = call.request.response_definition;
    const answer = new StreamAnswer(call, definition);
    answer.sendHeaders();
    await answer.sendRest(requestInfo(call, [packAny(types.ServerStreamRequest, call.request)]));
  },

  async BidiStream(call: ServerDuplexStream<BidiStreamRequest, PayloadResponse>) {
    let answer: StreamAnswer | undefined;
    let fullDuplex = false;
    let unanswered: Any[] = [];
    // The responses go on after the loop, so leaving it must not destroy the call.
    for await (const one of call.iterator({ destroyOnReturn: false })) {
      const request = one as BidiStreamRequest;
      unanswered.push(packAny(types.BidiStreamRequest, request));
      if (answer === undefined) {
        answer = new StreamAnswer(call, request.response_definition);
        answer.sendHeaders();
        fullDuplex = request.full_duplex === true;
      }
      if (!fullDuplex) continue;
      if (answer.left === 0) break;
      // Only the first response says what doesn't change any more.
      await answer.send(answer.sent === 0 ? requestInfo(call, unanswered) : { requests: unanswered });
      unanswered = [];
    }
    answer ??= new StreamAnswer(call, undefined);
    await answer.sendRest(requestInfo(call, unanswered));
  },
};

function unary(type: MessageType<UnaryRequest>) {
  return (call: ServerUnaryCall<UnaryRequest, PayloadResponse>, callback: sendUnaryData<PayloadResponse>) =>
    respond(call, [packAny(type, call.request)], call.request.response_definition, callback);
}

/** The one response, or the error. */
async function respond(
  call: AnyCall,
  requests: Any[],
  definition: UnaryResponseDefinition = {},
  callback: sendUnaryData<PayloadResponse>,
): Promise<void> {
  const request_info = requestInfo(call, requests);
  const { response_headers = [], response_data, error, response_trailers, response_delay_ms } = definition;
  // Without headers of its own an error is a trailers-only answer.
  if (response_headers.length > 0) call.sendMetadata(toMetadata(response_headers));
  await sleep(response_delay_ms);
  // Without trailers of its own a call ends as most calls do: with the status alone.
  const trailers = response_trailers && toMetadata(response_trailers);
  if (error) callback(toGrpcError(error, trailers, packAny(types.RequestInfo, request_info)));
  else callback(null, { payload: { data: response_data, request_info } }, trailers);
}

/** Sends the responses of a definition, one at a time. */
class StreamAnswer {
  sent = 0;
  readonly #data: Uint8Array[];

  constructor(private readonly call: Responses, private readonly definition: StreamResponseDefinition = {}) {
    this.#data = definition.response_data ?? [];
  }

  get left(): number {
    return this.#data.length - this.sent;
  }

  /** At once, so that a client needn't wait for the first message. */
  sendHeaders(): void {
    this.call.sendMetadata(toMetadata(this.definition.response_headers));
  }

  /** The next one; after the call's end it goes nowhere. */
  async send(request_info?: RequestInfo): Promise<void> {
    await sleep(this.definition.response_delay_ms);
    const payload = { data: this.#data[this.sent++], request_info };
    await new Promise<void>((resolve) => this.call.write({ payload }, () => resolve()));
  }

  /** What is left, then the status. @throws GrpcError the one that was asked for */
  async sendRest(info: RequestInfo): Promise<void> {
    while (this.left > 0 && !this.call.cancelled) await this.send(this.sent === 0 ? info : undefined);
    const { error, response_trailers } = this.definition;
    const trailers = response_trailers && toMetadata(response_trailers);
    if (!error) {
      this.call.end(trailers);
      return;
    }
    throw toGrpcError(error, trailers, this.sent === 0 ? packAny(types.RequestInfo, info) : undefined);
  }
}

function requestInfo(call: AnyCall, requests: Any[]): RequestInfo {
  const deadline = Number(call.getDeadline());
  return {
    request_headers: toHeaders(call.metadata),
    timeout_ms: deadline === Infinity ? undefined : Math.max(0, Math.floor(deadline - Date.now())),
    requests,
  };
}

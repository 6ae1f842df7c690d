// A service whose handlers do what the first letter of each message says: answer, fail, throw, stall, pour out.
// Must never wait for real time: what is late waits on the run's virtual clock.
import { Buffer } from "node:buffer";
import {
  Metadata,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import type { Clock } from "../../src/grpc/clock.ts";

/** Letters that mean something; any other is answered with the message itself. */
export const LETTERS = "eftrnbdmuxwqzl";
const BIG_BYTES = 300_000;
const LATE_MS = 500;

const method = (name: string, requestStream: boolean, responseStream: boolean) => ({
  path: `/test.Service/${name}`,
  requestStream,
  responseStream,
  requestSerialize: (bytes: Buffer) => bytes,
  requestDeserialize: (bytes: Buffer) => {
    if (bytes[0] === 0x75) throw new Error("unreadable");
    return bytes;
  },
  responseSerialize: (bytes: Buffer) => {
    if (bytes[0] === 0x7a) throw new Error("unwritable");
    return bytes;
  },
  responseDeserialize: (bytes: Buffer) => bytes,
});

export const definition: ServiceDefinition = {
  unary: method("Unary", false, false),
  clientStream: method("ClientStream", true, false),
  serverStream: method("ServerStream", false, true),
  bidi: method("Bidi", true, true),
};

type Callback = sendUnaryData<Buffer>;
type Writer = ServerWritableStream<Buffer, Buffer> | ServerDuplexStream<Buffer, Buffer>;
const letter = (message: Buffer) => String.fromCharCode(message[0] ?? 0x65);
const failure = (code: number) =>
  Object.assign(new Error("as asked"), { code, details: "as asked \u00e9\n" });

function unsendable(): Metadata {
  const metadata = new Metadata();
  metadata.set("x-ok", "1");
  metadata.set("x-bin", Buffer.from([0, 255]));
  return metadata;
}

/** @param started is called once for each handler that runs */
export function implementation(clock: Clock, started: () => void): UntypedServiceImplementation {
  const late = (run: () => void) => void clock.startTimer(LATE_MS, run);

  function answer(
    call: { sendMetadata(metadata: Metadata): void },
    message: Buffer,
    callback: Callback,
  ): void {
    switch (letter(message)) {
      case "f":
        return callback(failure(5));
      case "t":
        throw new Error("thrown");
      case "n":
        return;
      case "b":
        return callback(null, Buffer.alloc(BIG_BYTES, "b"));
      case "d":
        return late(() => callback(null, message));
      case "m":
        call.sendMetadata(unsendable());
        return callback(null, message, unsendable());
      case "w":
        callback(null, message);
        return callback(null, message);
      case "x":
        return callback({ code: 99, details: "\ud800" } as unknown as Parameters<Callback>[0]);
      default:
        callback(null, message);
    }
  }

  function pour(call: Writer, message: Buffer): void {
    switch (letter(message)) {
      case "f":
        return void call.emit("error", failure(7));
      case "t":
        throw failure(9);
      case "n":
        return;
      case "b":
        for (let i = 0; i < 4; i++) call.write(Buffer.alloc(BIG_BYTES / 4, "b"));
        return;
      case "d":
        return late(() => void call.write(message));
      case "q":
        call.end(unsendable());
        return;
      case "l":
        return void call.destroy();
      case "m":
        call.sendMetadata(unsendable());
        return;
      default:
        call.write(message);
    }
  }

  return {
    unary(call: ServerUnaryCall<Buffer, Buffer>, callback: Callback) {
      started();
      if (letter(call.request) === "r") return Promise.reject(failure(3));
      call.metadata.getMap();
      return answer(call, call.request, callback);
    },
    clientStream(call: ServerReadableStream<Buffer, Buffer>, callback: Callback) {
      started();
      let last: Buffer = Buffer.from("e");
      call.on("data", (message: Buffer) => {
        last = message;
        if ("qx".includes(letter(message))) answer(call, message, callback);
        else if (letter(message) === "l") call.destroy();
      });
      call.on("end", () => answer(call, last, callback));
    },
    serverStream(call: ServerWritableStream<Buffer, Buffer>) {
      started();
      if (letter(call.request) === "r") return Promise.reject(failure(3));
      pour(call, call.request);
      if (!"nd".includes(letter(call.request))) call.end();
      return undefined;
    },
    bidi(call: ServerDuplexStream<Buffer, Buffer>) {
      started();
      call.on("data", (message: Buffer) => pour(call, message));
      call.on("end", () => call.end());
    },
  };
}

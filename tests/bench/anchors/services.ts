// The services that the anchors in TypeScript serve, on grpc-js and on our own server alike.
// Definitions come from the .proto files, as a user of grpc-js has them, with the serializers of our own services.
import type { ServiceDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";
import { loadSync, type PackageDefinition } from "@grpc/proto-loader";
import protobuf from "protobufjs";
import { serializer } from "../../../src/proto/serialize.ts";

/** Largest message, bytes: above the comparison's megabyte, as every anchor has it. */
export const MAX_MESSAGE_BYTES = 16 << 20;

/** @param root of the repository */
export function benchPackage(root: string): PackageDefinition {
  return loadSync(["echo.proto", "bench.proto"], {
    includeDirs: [`${root}/proto`, `${root}/tests/bench/proto`],
    keepCase: true,
    defaults: true,
    oneofs: false,
  });
}

export function serviceOf(definitions: PackageDefinition, name: string): ServiceDefinition {
  const found = definitions[name];
  if (found === undefined || "format" in found) throw new Error(`no service ${name} in the .proto files`);
  return found as ServiceDefinition;
}

/** gatehouse.bench.Streams as our own services are defined. @param root of the repository */
export function streamsDefinition(root: string): ServiceDefinition {
  const types = protobuf.loadSync(`${root}/tests/bench/proto/bench.proto`);
  return Object.fromEntries(
    Object.entries(serviceOf(benchPackage(root), STREAMS)).map(([name, method]) => {
      const { responseType } = types.lookupService(STREAMS).methods[name];
      return [name, {
        ...method,
        responseSerialize: serializer(types.lookupType(`gatehouse.bench.${responseType}`)),
      }];
    }),
  );
}

const STREAMS = "gatehouse.bench.Streams";

interface Ask {
  size_bytes: number;
  count: number;
}

/** The part of grpc-js's streams that is used here. */
interface Replies {
  write(part: { payload: Uint8Array }): boolean;
  once(event: "drain", then: () => void): unknown;
  end(): void;
}
interface Asks {
  on(event: "data", listener: (ask: Ask) => void): unknown;
  on(event: "end" | "cancelled", listener: () => void): unknown;
  pause(): unknown;
  resume(): unknown;
}

const partOf = (sizeBytes: number) => ({
  payload: new Uint8Array(Math.min(sizeBytes, MAX_MESSAGE_BYTES)).fill(0x62),
});

/** gatehouse.bench.Streams, with the back pressure that grpc-js's streams ask for. */
export const streamsService: UntypedServiceImplementation = {
  Bidi(call: Asks & Replies) {
    let part = partOf(0);
    call.on("data", ({ size_bytes }) => {
      if (part.payload.length !== size_bytes) part = partOf(size_bytes);
      if (call.write(part)) return;
      call.pause();
      call.once("drain", () => call.resume());
    });
    call.on("end", () => call.end());
  },
  Flow(call: Replies & { on: Asks["on"]; request: Ask }) {
    const part = partOf(call.request.size_bytes);
    let left = call.request.count;
    let cancelled = false;
    call.on("cancelled", () => {
      cancelled = true;
    });
    const writeOn = (): void => {
      while (left > 0 && !cancelled) {
        left--;
        if (!call.write(part)) {
          call.once("drain", writeOn);
          return;
        }
      }
      call.end();
    };
    writeOn();
  },
};

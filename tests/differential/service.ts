// The service that both servers run: each request says, as JSON, how the handler shall behave.
// Must never know which engine runs it.
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
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

/** What a request asks of the handler. A streaming call takes it from the metadata key `x-script`. */
export interface Script {
  /** Bytes of the response, or of each response. */
  size?: number;
  /** Responses of a stream. */
  count?: number;
  code?: number;
  details?: string;
  /** Trailing metadata; `-bin` values are hex. */
  trailers?: [string, string][];
  initial?: [string, string][];
  /** Sends the caller's metadata back as initial metadata with this prefix. */
  reflect?: string;
  throws?: boolean;
  /** Never answers. */
  hang?: boolean;
  /** Fails after so many request messages. */
  failAfter?: number;
}

const raw = { serialize: (bytes: Buffer) => bytes, deserialize: (bytes: Buffer) => bytes };

const method = (name: string, requestStream: boolean, responseStream: boolean) => ({
  path: `/differential.Test/${name}`,
  requestStream,
  responseStream,
  requestSerialize: raw.serialize,
  requestDeserialize: raw.deserialize,
  responseSerialize: raw.serialize,
  responseDeserialize: raw.deserialize,
  originalName: name[0].toLowerCase() + name.slice(1),
});

export const definition: ServiceDefinition = {
  Unary: method("Unary", false, false),
  ServerStream: method("ServerStream", false, true),
  ClientStream: method("ClientStream", true, false),
  Bidi: method("Bidi", true, true),
  Missing: method("Missing", false, false),
};

export function metadataOf(entries: readonly [string, string][]): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of entries) {
    metadata.add(name, name.endsWith("-bin") ? Buffer.from(value, "hex") : value);
  }
  return metadata;
}

/** Short and exact: what is compared of large messages. */
export function digest(bytes: Uint8Array): string {
  return `${bytes.length}:${createHash("sha256").update(bytes).digest("hex").slice(0, 16)}`;
}

export function pattern(size: number, seed = 0): Buffer {
  const bytes = Buffer.alloc(size);
  for (let i = 0; i < size; i++) bytes[i] = (i * 31 + seed) & 255;
  return bytes;
}

/** What handlers saw, for both engines to agree on. */
export interface Seen {
  cancelled: number;
}

export function implementation(seen: Seen): UntypedServiceImplementation {
  return {
    unary(call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) {
      call.on("cancelled", () => seen.cancelled++);
      const script = parse(call.request);
      greet(call, script);
      if (script.hang) return;
      if (script.throws) throw new Error("a secret of the handler's");
      if (script.code !== undefined) return callback(failure(script), null);
      callback(null, script.size === undefined ? call.request : pattern(script.size), trailers(script));
    },
    serverStream(call: ServerWritableStream<Buffer, Buffer>) {
      call.on("cancelled", () => seen.cancelled++);
      const script = parse(call.request);
      greet(call, script);
      if (script.throws) throw new Error("a secret of the handler's");
      for (let i = 0; i < (script.count ?? 1); i++) call.write(pattern(script.size ?? 1, i));
      if (script.hang) return;
      if (script.code !== undefined) call.emit("error", failure(script));
      else call.end(trailers(script));
    },
    clientStream(call: ServerReadableStream<Buffer, Buffer>, callback: sendUnaryData<Buffer>) {
      call.on("cancelled", () => seen.cancelled++);
      const script = parse(call.metadata.get("x-script")[0] as string | undefined);
      greet(call, script);
      const got: string[] = [];
      let failed = false;
      call.on("data", (message: Buffer) => {
        got.push(digest(message));
        if (script.failAfter !== undefined && got.length >= script.failAfter && !failed) {
          failed = true;
          callback(failure(script), null, trailers(script));
        }
      });
      call.on("end", () => {
        if (!failed && !script.hang) callback(null, Buffer.from(got.join(",")), trailers(script));
      });
    },
    bidi(call: ServerDuplexStream<Buffer, Buffer>) {
      call.on("cancelled", () => seen.cancelled++);
      const script = parse(call.metadata.get("x-script")[0] as string | undefined);
      greet(call, script);
      let got = 0;
      let failed = false;
      call.on("data", (message: Buffer) => {
        // A write after the end hangs the call on grpc-js's server.
        if (failed) return;
        call.write(message);
        failed = ++got === script.failAfter;
        if (failed) call.emit("error", failure(script));
      });
      call.on("end", () => {
        if (!script.hang && !failed) call.end(trailers(script));
      });
    },
  };
}

type Surface = Pick<ServerUnaryCall<Buffer, Buffer>, "metadata" | "sendMetadata">;

function greet(call: Surface, script: Script): void {
  const metadata = metadataOf(script.initial ?? []);
  if (script.reflect !== undefined) {
    const own = Object.entries(call.metadata.toJSON()).filter(([name]) => name.startsWith("x-"));
    for (const [name, values] of own) {
      for (const value of values) metadata.add(`${script.reflect}${name}`, value);
    }
  }
  if (script.initial !== undefined || script.reflect !== undefined) call.sendMetadata(metadata);
}

function parse(text: Buffer | string | undefined): Script {
  try {
    const value: unknown = JSON.parse(String(text));
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

function failure(script: Script): Error & { code: number; details: string; metadata: Metadata } {
  const details = script.details ?? "asked to fail";
  return Object.assign(new Error(details), {
    code: script.code ?? 13,
    details,
    metadata: metadataOf(script.trailers ?? []),
  });
}

function trailers(script: Script): Metadata | undefined {
  return script.trailers && metadataOf(script.trailers);
}

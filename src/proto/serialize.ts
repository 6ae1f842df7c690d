// Serializes messages with one writer for all of them: protobufjs makes one for each otherwise, and grows it.
// Must never give out the writer's own memory but by `shared`, which says so.
import type { Buffer } from "node:buffer";
import protobuf from "protobufjs";

/** A writer that grew beyond this is let go: one large message must not cost its memory for ever. */
const MAX_KEPT_BYTES = 64 * 1024;

let writer = protobuf.Writer.create();

/** @throws what protobufjs throws for a value that is no such message */
export interface Serializer {
  (value: object): Buffer;
  /** The same bytes in memory that is used again by the next message of any type. */
  shared(value: object): Uint8Array;
}

/** As proto-loader's serialize. */
export function serializer(type: protobuf.Type): Serializer {
  const written = (value: object) => {
    let whole = false;
    try {
      const done = type.encode(type.fromObject(value), writer.reset());
      whole = true;
      return done;
    } finally {
      // After an error it may still be inside a message.
      if (!whole) writer = protobuf.Writer.create();
    }
  };
  const finish = (value: object, inPlace: boolean) => {
    const bytes = written(value).finish(inPlace);
    if (bytes.length > MAX_KEPT_BYTES) writer = protobuf.Writer.create();
    return bytes;
  };
  return Object.assign((value: object) => finish(value, false) as Buffer, {
    shared: (value: object) => finish(value, true),
  });
}

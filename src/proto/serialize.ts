// Serializes messages with one writer for all of them: protobufjs makes one for each otherwise, and grows it.
// Must never give out the writer's own memory: what it returns is a copy of the right size.
import type { Buffer } from "node:buffer";
import protobuf from "protobufjs";

/** A writer that grew beyond this is let go: one large message must not cost its memory for ever. */
const MAX_KEPT_BYTES = 64 * 1024;

let writer = protobuf.Writer.create();

/** As proto-loader's serialize. @throws what protobufjs throws for a value that is no such message */
export function serializer(type: protobuf.Type): (value: object) => Buffer {
  return (value) => {
    let whole = false;
    try {
      const bytes = type.encode(type.fromObject(value), writer.reset()).finish() as Buffer;
      whole = bytes.length <= MAX_KEPT_BYTES;
      return bytes;
    } finally {
      // After an error it may still be inside a message.
      if (!whole) writer = protobuf.Writer.create();
    }
  };
}

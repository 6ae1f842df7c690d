// How connectconformance talks with the program under test: messages on standard input and output, each
// after its length, 4 bytes big-endian. Must never write two messages into one another.
import { Buffer } from "node:buffer";

const LENGTH_BYTES = 4;

/** The messages of standard input, until its end. @throws Error when it ends inside a message */
export async function* readDelimited(): AsyncGenerator<Buffer> {
  let held = Buffer.alloc(0);
  for await (const chunk of Deno.stdin.readable) {
    held = Buffer.concat([held, chunk]);
    while (held.length >= LENGTH_BYTES) {
      const end = LENGTH_BYTES + held.readUInt32BE();
      if (held.length < end) break;
      yield held.subarray(LENGTH_BYTES, end);
      held = held.subarray(end);
    }
  }
  if (held.length > 0) throw new Error("standard input ended inside a message");
}

const output = Deno.stdout.writable.getWriter();

/** The stream's own queue keeps messages whole and in order. */
export function writeDelimited(message: Buffer): Promise<void> {
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(message.length);
  return output.write(Buffer.concat([length, message]));
}

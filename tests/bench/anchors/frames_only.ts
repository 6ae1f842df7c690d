// The limit of the runtime: reads frames, writes constant bytes for each END_STREAM, and knows no HPACK,
// no gRPC and no flow control of its own answers. What a server of frames in TypeScript can't be faster than.
// Usage: deno run -A frames_only.ts UNIX_SOCKET. Prints {"tcp": "host:port"} once it listens.

const HEADER_BYTES = 9;
const PREFACE_BYTES = 24;
const READ_BUFFER_BYTES = 64 * 1024;
const [DATA, HEADERS, SETTINGS, PING] = [0, 1, 4, 6];
const [END_STREAM, ACK, END_HEADERS] = [1, 1, 4];
/** Half of the window that we announce: body bytes are given back so often. */
const GIVE_BACK_BYTES = 1 << 20;
/** As long as the comparison's: the payload's length is all that its generator checks here. */
const TEXT = new Uint8Array(18).fill(0x62);

const socket = Deno.args[0];
if (socket === undefined) throw new Error("usage: frames_only.ts UNIX_SOCKET");

function frame(type: number, flags: number, payload: ArrayLike<number>, streamId = 0): number[] {
  const length = payload.length;
  const head = [length >> 16, length >> 8 & 255, length & 255, type, flags];
  return [...head, streamId >>> 24, streamId >> 16 & 255, streamId >> 8 & 255, streamId & 255].concat(
    Array.from(payload),
  );
}

/** A literal without indexing (RFC 7541 section 6.2.2); both shorter than 127 bytes. */
function field(name: string, value: string): number[] {
  const bytes = (text: string) => [text.length, ...new TextEncoder().encode(text)];
  return [0, ...bytes(name), ...bytes(value)];
}

function u32(value: number): number[] {
  return [value >>> 24, value >> 16 & 255, value >> 8 & 255, value & 255];
}

/** Field 1: the text. Field 3: a timestamp of today's length. */
const message = [0x0a, TEXT.length, ...TEXT, 0x18, 0xf5, 0xf5, 0xf5, 0xf5, 0xf5, 0x35];
const answerHeaders = frame(HEADERS, END_HEADERS, [0x88, ...field("content-type", "application/grpc")]);
const answerData = frame(DATA, 0, [0, ...u32(message.length), ...message]);
const answerTrailers = frame(HEADERS, END_HEADERS | END_STREAM, field("grpc-status", "0"));
const ANSWER = Uint8Array.from([...answerHeaders, ...answerData, ...answerTrailers]);
/** Where the stream's id goes. */
const ID_OFFSETS = [5, answerHeaders.length + 5, answerHeaders.length + answerData.length + 5];

const HELLO = Uint8Array.from([
  // MAX_CONCURRENT_STREAMS 1,000; INITIAL_WINDOW_SIZE and the connection's window 2 MiB more.
  ...frame(SETTINGS, 0, [0, 3, ...u32(1_000), 0, 4, ...u32(2 * GIVE_BACK_BYTES)]),
  ...frame(8, 0, u32(2 * GIVE_BACK_BYTES)),
]);

async function serve(conn: Deno.Conn): Promise<void> {
  let input = new Uint8Array(READ_BUFFER_BYTES);
  let output = new Uint8Array(READ_BUFFER_BYTES);
  let held = 0;
  let skip = PREFACE_BYTES;
  let taken = 0;
  output.set(HELLO);
  let out = HELLO.length;
  try {
    while (true) {
      const read = await conn.read(input.subarray(held));
      if (read === null) break;
      const end = held + read;
      let at = Math.min(skip, end);
      skip -= at;
      while (end - at >= HEADER_BYTES) {
        const length = (input[at] << 16) | (input[at + 1] << 8) | input[at + 2];
        const next = at + HEADER_BYTES + length;
        if (next > end) break;
        const type = input[at + 3];
        const flags = input[at + 4];
        if (output.length - out < ANSWER.length + HEADER_BYTES + length) {
          const grown = new Uint8Array(output.length * 2 + length);
          grown.set(output.subarray(0, out));
          output = grown;
        }
        if (type === DATA) taken += length;
        if ((type === DATA || type === HEADERS) && (flags & END_STREAM) !== 0) {
          output.set(ANSWER, out);
          for (const offset of ID_OFFSETS) {
            output.set(input.subarray(at + 5, at + HEADER_BYTES), out + offset);
          }
          out += ANSWER.length;
        } else if ((type === SETTINGS || type === PING) && (flags & ACK) === 0) {
          const ack = frame(type, ACK, type === PING ? input.subarray(at + HEADER_BYTES, next) : []);
          output.set(ack, out);
          out += ack.length;
        }
        at = next;
      }
      if (taken >= GIVE_BACK_BYTES) {
        output.set(frame(8, 0, u32(taken)), out);
        out += HEADER_BYTES + 4;
        taken = 0;
      }
      input.copyWithin(0, at, end);
      held = end - at;
      if (held === input.length) {
        const grown = new Uint8Array(input.length * 2);
        grown.set(input);
        input = grown;
      }
      for (let sent = 0; sent < out;) sent += await conn.write(output.subarray(sent, out));
      out = 0;
    }
  } catch {
    // The generator is gone.
  } finally {
    conn.close();
  }
}

const tcp = Deno.listen({ hostname: "127.0.0.1", port: 0 });
const unix = Deno.listen({ transport: "unix", path: socket });
async function acceptTcp(): Promise<void> {
  for await (const conn of tcp) {
    conn.setNoDelay(true);
    void serve(conn);
  }
}
async function acceptUnix(): Promise<void> {
  for await (const conn of unix) void serve(conn);
}
Deno.stdout.writeSync(new TextEncoder().encode(`{"tcp":"127.0.0.1:${tcp.addr.port}"}\n`));
await Promise.all([acceptTcp(), acceptUnix()]);

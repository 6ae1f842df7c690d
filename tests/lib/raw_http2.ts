// Just enough HTTP/2 to misbehave with: frames by hand, over a raw socket.
import { HpackDecoder } from "../../src/http2/hpack_decoder.ts";
import { concat } from "../../src/http2/testkit.ts";

export { concat };

export const PREFACE = new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

export const FRAME = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
};

/** RFC 9113, 4.1. */
export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array = new Uint8Array(),
): Uint8Array {
  const bytes = new Uint8Array(9 + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, payload.length << 8 | type);
  view.setUint8(4, flags);
  view.setUint32(5, stream);
  bytes.set(payload, 9);
  return bytes;
}

/** Literal fields without indexing, no Huffman (RFC 7541, 6.2.2); names and values under 127 bytes. */
export function headerBlock(fields: [name: string, value: string][]): Uint8Array {
  const bytes: number[] = [];
  for (const [name, value] of fields) {
    bytes.push(
      0,
      name.length,
      ...new TextEncoder().encode(name),
      value.length,
      ...new TextEncoder().encode(value),
    );
  }
  return Uint8Array.from(bytes);
}

export const grpcRequest = (path: string): Uint8Array =>
  headerBlock([
    [":method", "POST"],
    [":scheme", "http"],
    [":path", path],
    [":authority", "test"],
    ["content-type", "application/grpc"],
    ["te", "trailers"],
  ]);

/** A gRPC message: not compressed, its length, its bytes. */
export function message(payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(5 + payload.length);
  new DataView(bytes.buffer).setUint32(1, payload.length);
  bytes.set(payload, 5);
  return bytes;
}

/** Everything that arrives until the peer closes, or until `timeoutMs`. */
export async function readUntilClose(
  conn: Deno.Conn,
  timeoutMs: number,
): Promise<{ bytes: Uint8Array; closed: boolean }> {
  const parts: Uint8Array[] = [];
  const buffer = new Uint8Array(65_536);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<"timeout">((resolve) =>
    timer = setTimeout(() => resolve("timeout"), timeoutMs)
  );
  try {
    while (true) {
      const count = await Promise.race([conn.read(buffer).catch(() => null), timeout]);
      if (count === "timeout") return { bytes: concat(...parts), closed: false };
      if (count === null) return { bytes: concat(...parts), closed: true };
      parts.push(buffer.slice(0, count));
    }
  } finally {
    clearTimeout(timer);
  }
}

export interface Frame {
  type: number;
  flags: number;
  stream: number;
  payload: Uint8Array;
}

/** The whole frames among what arrived. */
export function* framesIn(bytes: Uint8Array): Generator<Frame> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at + 9 <= bytes.length;) {
    const end = at + 9 + (view.getUint32(at) >>> 8);
    if (end > bytes.length) return;
    const payload = bytes.subarray(at + 9, end);
    yield { type: bytes[at + 3], flags: bytes[at + 4], stream: view.getUint32(at + 5), payload };
    at = end;
  }
}

/** Code and debug text of the GOAWAY among these bytes; undefined when there is none. */
export function goawayIn(bytes: Uint8Array): { code: number; debug: string } | undefined {
  for (const { type, payload } of framesIn(bytes)) {
    if (type !== FRAME.GOAWAY) continue;
    const code = new DataView(payload.buffer, payload.byteOffset).getUint32(4);
    return { code, debug: new TextDecoder().decode(payload.subarray(8)) };
  }
  return undefined;
}

/** Header blocks of responses in their order; each in one HEADERS frame, not padded, as our server sends. */
export function responseBlocks(bytes: Uint8Array): { stream: number; fields: Record<string, string> }[] {
  // What an HTTP/2 peer that announced no setting holds (RFC 9113, 6.5.2); the list's limits are generous.
  const decoder = new HpackDecoder(4_096, 65_536, 100);
  return [...framesIn(bytes)].filter(({ type }) => type === FRAME.HEADERS).map(({ stream, payload }) => {
    const block = decoder.decode(payload, 0, payload.length);
    if (!block) throw new Error(`the response's header block is broken: ${decoder.error}`);
    const fields: Record<string, string> = {};
    for (let i = 0; i < block.headers.length; i += 2) fields[block.headers[i]] = block.headers[i + 1];
    return { stream, fields };
  });
}

/** Header fields and trailers of one response. */
export function responseFields(bytes: Uint8Array, stream: number): Record<string, string> {
  const blocks = responseBlocks(bytes).filter((block) => block.stream === stream);
  return Object.assign({}, ...blocks.map(({ fields }) => fields));
}

// Just enough HTTP/2 to misbehave with: frames by hand, over a raw socket.

export const PREFACE = new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

export const FRAME = {
  DATA: 0,
  HEADERS: 1,
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

export function concat(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
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

/** The debug text of the GOAWAY among these bytes; undefined when there is none. */
export function goawayIn(bytes: Uint8Array): { code: number; debug: string } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at + 9 <= bytes.length;) {
    const length = view.getUint32(at) >>> 8;
    if (bytes[at + 3] === FRAME.GOAWAY && at + 9 + length <= bytes.length) {
      return {
        code: view.getUint32(at + 13),
        debug: new TextDecoder().decode(bytes.subarray(at + 17, at + 9 + length)),
      };
    }
    at += 9 + length;
  }
  return undefined;
}

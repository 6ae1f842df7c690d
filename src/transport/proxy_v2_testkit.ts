// Writes PROXY protocol v2 headers, good and bad, for tests.
// Must share nothing with the parser: each is the other's check.
import { concat } from "../http2/testkit.ts";

export const SIGNATURE = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];

export interface HeaderParts {
  signature?: number[];
  /** Version and command. */
  command?: number;
  family?: number;
  /** Of both addresses; four or sixteen bytes. */
  source?: number[];
  destination?: number[];
  sourcePort?: number;
  destinationPort?: number;
  /** What follows the addresses. */
  fields?: Uint8Array;
  /** Default: the truth. */
  length?: number;
}

const u16 = (value: number) => [value >> 8 & 0xff, value & 0xff];

export function header(parts: HeaderParts = {}): Uint8Array<ArrayBuffer> {
  const source = parts.source ?? [192, 0, 2, 7];
  const destination = parts.destination ?? (source.length === 4 ? [198, 51, 100, 1] : source);
  const fields = parts.fields ?? new Uint8Array();
  const addresses = [...source, ...destination].concat(
    u16(parts.sourcePort ?? 40_000),
    u16(parts.destinationPort ?? 50_051),
  );
  const head = [
    ...parts.signature ?? SIGNATURE,
    parts.command ?? 0x21,
    parts.family ?? (source.length === 4 ? 0x11 : 0x21),
    ...u16(parts.length ?? addresses.length + fields.length),
    ...addresses,
  ];
  const bytes = new Uint8Array(head.length + fields.length);
  bytes.set(head);
  bytes.set(fields, head.length);
  return bytes;
}

export function tlv(type: number, value: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(3 + value.length);
  bytes.set([type, ...u16(value.length)]);
  bytes.set(value, 3);
  return bytes;
}

export const ascii = (text: string) => new TextEncoder().encode(text);

/** PP2_TYPE_SSL; `client` and `verify` as a proxy sets them for a verified certificate of this connection. */
export function ssl(subFields: Uint8Array[], client = 0x03, verify = [0, 0, 0, 0]): Uint8Array {
  return tlv(0x20, concat(Uint8Array.of(client, ...verify), ...subFields));
}

const u64 = (value: number) => [...new Uint8Array(new BigUint64Array([BigInt(value)]).buffer)].reverse();

/** Our edge's field; `micros` are its times. */
export const edgeTiming = (micros: number[], tag = [0x47, 0x48, 0x45, 1]) =>
  tlv(0xe0, [...tag, ...micros.flatMap(u64)]);

export const tlsVersion = (text = "TLSv1.3") => tlv(0x21, ascii(text));
export const certificate = (der: ArrayLike<number>) => tlv(0x28, der);

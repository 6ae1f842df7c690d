// Checks a message's bytes before protobufjs reads them. Its reader takes a known field of any wire type, clamps
// a string that claims more than there is, and mends broken UTF-8: a signer must not sign what another
// parser would not see (https://protobuf.dev/programming-guides/encoding/).
import { isUtf8 } from "node:buffer";
import protobuf from "protobufjs";

const Wire = { VARINT: 0, FIXED64: 1, LENGTH: 2, GROUP: 3, END_GROUP: 4, FIXED32: 5 } as const;

/** Messages in messages; protobuf's own parsers stop at 100. */
const MAX_DEPTH = 32;
/** A varint of 64 bits. */
const MAX_VARINT_BYTES = 10;

interface FieldRule {
  readonly wire: number;
  /** Repeated numbers may come packed, whatever the .proto says. */
  readonly packable: boolean;
  readonly text: boolean;
  readonly message: MessageRule | undefined;
}

/** What each known field must look like, by its number. */
export interface MessageRule {
  readonly fields: Map<number, FieldRule>;
}

const WIRE_OF: Record<string, number> = {
  double: Wire.FIXED64,
  fixed64: Wire.FIXED64,
  sfixed64: Wire.FIXED64,
  float: Wire.FIXED32,
  fixed32: Wire.FIXED32,
  sfixed32: Wire.FIXED32,
  string: Wire.LENGTH,
  bytes: Wire.LENGTH,
};

/** The rules of a type and of all that it holds. */
export function messageRule(type: protobuf.Type, known = new Map<protobuf.Type, MessageRule>()): MessageRule {
  const before = known.get(type);
  if (before !== undefined) return before;
  const rule: MessageRule = { fields: new Map() };
  known.set(type, rule);
  for (const field of type.fieldsArray) {
    field.resolve();
    const message = field.resolvedType instanceof protobuf.Type ? field.resolvedType : undefined;
    // A map is a repeated message; its entry's own fields are left to protobufjs.
    const wire = field.map || message ? Wire.LENGTH : WIRE_OF[field.type] ?? Wire.VARINT;
    rule.fields.set(field.id, {
      wire,
      packable: field.repeated && wire !== Wire.LENGTH,
      text: field.type === "string" && !field.map,
      message: message && !field.map ? messageRule(message, known) : undefined,
    });
  }
  return rule;
}

/** @throws RangeError naming the byte, for what is no message of this rule */
export function checkWire(bytes: Uint8Array, rule: MessageRule): void {
  const at = walk(bytes, 0, bytes.length, rule, 0, -1);
  if (at !== bytes.length) throw new RangeError(`protobuf: more follows the end at byte ${at}`);
}

/** Walks fields from `at` to `end`, or to the END_GROUP of `group`. @returns where it stopped */
function walk(
  bytes: Uint8Array,
  start: number,
  end: number,
  rule: MessageRule | undefined,
  depth: number,
  group: number,
): number {
  if (depth > MAX_DEPTH) throw new RangeError(`protobuf: nested deeper than ${MAX_DEPTH}`);
  let at = start;
  while (at < end) {
    const fieldAt = at;
    // Numbers to 15, which are most, have a tag of one byte.
    let tag = bytes[at];
    if (tag < 0x80) at++;
    else {
      tag = varint(bytes, at, end);
      at = skipVarint(bytes, at, end);
    }
    const id = Math.floor(tag / 8);
    const wire = tag % 8;
    if (id === 0 || id > 0x1fff_ffff) throw new RangeError(`protobuf: field number ${id} at byte ${fieldAt}`);
    if (wire === Wire.END_GROUP) {
      if (id !== group) throw new RangeError(`protobuf: a group ends at byte ${fieldAt} that never began`);
      return at;
    }
    const field = rule?.fields.get(id);
    if (field !== undefined && wire !== field.wire && !(field.packable && wire === Wire.LENGTH)) {
      throw new RangeError(
        `protobuf: field ${id} has wire type ${wire} at byte ${fieldAt}, not ${field.wire}`,
      );
    }
    switch (wire) {
      case Wire.VARINT:
        at = skipVarint(bytes, at, end);
        break;
      case Wire.FIXED64:
        at += 8;
        break;
      case Wire.FIXED32:
        at += 4;
        break;
      case Wire.GROUP:
        at = walk(bytes, at, end, undefined, depth + 1, id);
        break;
      case Wire.LENGTH: {
        const length = varint(bytes, at, end);
        at = skipVarint(bytes, at, end);
        if (length > end - at) {
          throw new RangeError(
            `protobuf: field ${id} at byte ${fieldAt} claims ${length} bytes, ${end - at} follow`,
          );
        }
        if (field?.text && !isText(bytes, at, at + length)) {
          throw new RangeError(`protobuf: field ${id} at byte ${fieldAt} is not UTF-8`);
        }
        if (field?.message !== undefined) walk(bytes, at, at + length, field.message, depth + 1, -1);
        at += length;
        break;
      }
      default:
        throw new RangeError(`protobuf: wire type ${wire} at byte ${fieldAt}`);
    }
    if (at > end) throw new RangeError(`protobuf: field ${id} at byte ${fieldAt} is cut`);
  }
  if (group >= 0) throw new RangeError(`protobuf: group ${group} has no end`);
  return at;
}

/** The value of a varint; past 2^53 it is only large. */
function varint(bytes: Uint8Array, at: number, end: number): number {
  let value = 0;
  let scale = 1;
  for (let i = at; i < end && i < at + MAX_VARINT_BYTES; i++) {
    value += (bytes[i] & 0x7f) * scale;
    if (bytes[i] < 0x80) return value;
    scale *= 128;
  }
  throw new RangeError(`protobuf: a varint at byte ${at} has no end`);
}

function skipVarint(bytes: Uint8Array, at: number, end: number): number {
  for (let i = at; i < end && i < at + MAX_VARINT_BYTES; i++) if (bytes[i] < 0x80) return i + 1;
  throw new RangeError(`protobuf: a varint at byte ${at} has no end`);
}

/** Below this a loop beats a view and a call. */
const LOOP_BYTES = 48;

function isText(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start <= LOOP_BYTES) {
    let at = start;
    while (at < end && bytes[at] < 0x80) at++;
    if (at === end) return true;
  }
  return isUtf8(bytes.subarray(start, end));
}

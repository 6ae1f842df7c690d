// Reads JSON (RFC 8259) and keeps where each value began, so that a refusal can name the byte. Names that come twice,
// numbers that a double doesn't hold and nesting without end are refused, which JSON.parse lets pass.
// Must never take time or memory beyond its body's length.
import { Buffer, isUtf8 } from "node:buffer";
import type { JsonValue } from "@bufbuild/protobuf";

/** Arrays and objects in each other. Messages nest 32 deep at most (src/proto/strict_wire.ts), each in an array at most. */
const MAX_DEPTH = 64;
/** A value of two bytes costs a hundred in memory. The largest request, a batch of 256 to sign, has some 2,000. */
const MAX_VALUES = 65_536;
/** A number's digits: a double has 17 that count. */
const MAX_NUMBER_BYTES = 64;

/** Names and indices from the outermost value inwards. */
export type JsonPath = readonly (string | number)[];

export interface JsonNode {
  /** The byte at which it begins. */
  readonly at: number;
  readonly value: JsonValue;
  /** Of an object, in order. */
  readonly members?: ReadonlyMap<string, JsonNode>;
  /** Of an array. */
  readonly elements?: readonly JsonNode[];
}

export class JsonSyntaxError extends Error {
  override readonly name = "JsonSyntaxError";

  /** @param at the byte, from 0 */
  constructor(readonly path: JsonPath, readonly at: number, message: string) {
    super(message);
  }
}

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const INTEGER = /^-?\d+$/;
const WORDS: readonly (readonly [string, JsonValue])[] = [["true", true], ["false", false], ["null", null]];

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = Buffer.from("[]{}");
const [COMMA, COLON] = Buffer.from(",:");

/** @throws JsonSyntaxError */
export function parseJson(bytes: Uint8Array): JsonNode {
  return new JsonReader(bytes).whole();
}

class JsonReader {
  readonly #bytes: Buffer;
  readonly #path: (string | number)[] = [];
  #at = 0;
  #values = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  whole(): JsonNode {
    if (!isUtf8(this.#bytes)) throw new JsonSyntaxError([], firstBrokenByte(this.#bytes), "is not UTF-8");
    const node = this.#value();
    this.#skipSpace();
    if (this.#at < this.#bytes.length) throw this.#error("nothing may follow the value");
    return node;
  }

  #value(): JsonNode {
    this.#skipSpace();
    if (++this.#values > MAX_VALUES) throw this.#error(`a body holds at most ${MAX_VALUES} values`);
    switch (this.#bytes[this.#at]) {
      case undefined:
        throw this.#error("a value is missing: the body ends here");
      case OPEN_OBJECT:
        return this.#object();
      case OPEN_ARRAY:
        return this.#array();
      case QUOTE: {
        const at = this.#at;
        return { at, value: this.#string() };
      }
      default:
        return this.#word() ?? this.#number();
    }
  }

  #object(): JsonNode {
    const at = this.#enter();
    const members = new Map<string, JsonNode>();
    const value: Record<string, JsonValue> = {};
    if (this.#next() === CLOSE_OBJECT) this.#at++;
    else {
      for (;;) {
        this.#skipSpace();
        const nameAt = this.#at;
        if (this.#bytes[nameAt] !== QUOTE) throw this.#error("a name in double quotes is missing");
        const name = this.#string();
        this.#path.push(name);
        if (members.has(name)) throw this.#error("is there twice", nameAt);
        this.#expect(COLON, "a colon is missing");
        const node = this.#value();
        this.#path.pop();
        members.set(name, node);
        // As its own property, whatever its name: "__proto__" is one too.
        Object.defineProperty(value, name, { value: node.value, enumerable: true });
        if (this.#ends(CLOSE_OBJECT, "a comma or } is missing")) break;
      }
    }
    return { at, value, members };
  }

  #array(): JsonNode {
    const at = this.#enter();
    const elements: JsonNode[] = [];
    if (this.#next() === CLOSE_ARRAY) this.#at++;
    else {
      for (;;) {
        this.#path.push(elements.length);
        elements.push(this.#value());
        this.#path.pop();
        if (this.#ends(CLOSE_ARRAY, "a comma or ] is missing")) break;
      }
    }
    return { at, value: elements.map(({ value }) => value), elements };
  }

  /** Takes the opening bracket. @returns where it stood */
  #enter(): number {
    if (this.#path.length >= MAX_DEPTH) throw this.#error(`is nested deeper than ${MAX_DEPTH}`);
    return this.#at++;
  }

  #ends(close: number, otherwise: string): boolean {
    const byte = this.#next();
    if (byte !== close && byte !== COMMA) throw this.#error(otherwise);
    this.#at++;
    return byte === close;
  }

  #expect(byte: number, otherwise: string): void {
    if (this.#next() !== byte) throw this.#error(otherwise);
    this.#at++;
  }

  #next(): number | undefined {
    this.#skipSpace();
    return this.#bytes[this.#at];
  }

  #skipSpace(): void {
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
      this.#at++;
    }
  }

  #string(): string {
    const start = this.#at;
    const bytes = this.#bytes;
    let end = start + 1;
    while (end < bytes.length && bytes[end] !== QUOTE) end += bytes[end] === BACKSLASH ? 2 : 1;
    if (end >= bytes.length) throw this.#error("a string has no end");
    this.#at = end + 1;
    const text = bytes.toString("utf8", start, end + 1);
    try {
      const value: unknown = JSON.parse(text);
      if (typeof value === "string") return value;
    } catch {
      // Told below.
    }
    throw this.#error("a string has a control character or an unknown escape in it", start);
  }

  #word(): JsonNode | undefined {
    const at = this.#at;
    for (const [word, value] of WORDS) {
      if (this.#bytes.toString("latin1", at, at + word.length) !== word) continue;
      this.#at += word.length;
      return { at, value };
    }
    return undefined;
  }

  #number(): JsonNode {
    const at = this.#at;
    let end = at;
    while (end - at <= MAX_NUMBER_BYTES && isNumeric(this.#bytes[end])) end++;
    const text = this.#bytes.toString("latin1", at, end);
    if (text === "") throw this.#error("a value is missing");
    if (text.length > MAX_NUMBER_BYTES || !NUMBER.test(text)) throw this.#error("is no number");
    const value = Number(text);
    if (!Number.isFinite(value)) throw this.#error("is a number too large for a double");
    if (INTEGER.test(text) && !Number.isSafeInteger(value)) {
      throw this.#error("is an integer beyond 2^53: write it as a string");
    }
    this.#at = end;
    return { at, value };
  }

  #error(message: string, at = this.#at): JsonSyntaxError {
    return new JsonSyntaxError([...this.#path], at, message);
  }
}

/** Digits, signs, a point, an exponent. */
const isNumeric = (byte: number | undefined) =>
  byte !== undefined && (byte >= 0x30 && byte <= 0x39 || "+-.eE".includes(String.fromCharCode(byte)));

/** The last byte at which a prefix still could become UTF-8, and the next one breaks it. */
function firstBrokenByte(bytes: Uint8Array): number {
  let good = 0;
  let broken = bytes.length + 1;
  while (broken - good > 1) {
    const middle = (good + broken) >> 1;
    if (mayBecomeUtf8(bytes.subarray(0, middle))) good = middle;
    else broken = middle;
  }
  return good;
}

function mayBecomeUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

// Turns a field's value of any type into one JSON token.
// Must never throw, never call into nested objects, never give more than a bounded text.
import { MAX_VALUE_UNITS, quote } from "./escape.ts";

/** Elements of an array that are written; more are counted. Lists come from peers too (metadata, addresses). */
export const MAX_ELEMENTS = 16;

/** Bytes of a byte string that are written, in hexadecimal: enough to know it again, too few to leak a payload. */
export const MAX_BYTES = 32;

/** How far the causes of an error are followed; a cause may point at itself. */
export const MAX_CAUSES = 4;

/**
 * JSON for `value`: numbers, booleans and null as they are; bigint, NaN and infinities as strings; errors as
 * "Name: message" with their causes; bytes in hexadecimal; arrays one level deep; other objects by type only.
 */
export function jsonValue(value: unknown): string {
  if (typeof value === "string") return quote(value);
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : `"${value}"`;
  if (typeof value === "boolean" || value === null) return String(value);
  try {
    return Array.isArray(value) ? jsonArray(value) : quote(describe(value));
  } catch {
    // A getter or a proxy threw. The line is worth more than this field.
    return `"[unprintable]"`;
  }
}

/** What to say of a caught `unknown`: "Name: message", followed by its causes. Never throws. */
export function errorText(error: unknown): string {
  try {
    return withCauses(error);
  } catch {
    return "[unprintable]";
  }
}

function withCauses(error: unknown): string {
  let text = "";
  let current = error;
  for (let depth = 0; depth < MAX_CAUSES && current !== undefined; depth++) {
    if (depth > 0) text += ", caused by ";
    if (!(current instanceof Error)) return text + String(current).slice(0, MAX_VALUE_UNITS);
    text += `${current.name}: ${current.message}`.slice(0, MAX_VALUE_UNITS);
    current = current.cause;
  }
  return text;
}

function describe(value: unknown): string {
  if (value instanceof Error) return errorText(value);
  if (value instanceof Uint8Array) return hex(value);
  if (typeof value === "object") return `[${value?.constructor?.name ?? "Object"}]`;
  return typeof value === "function" ? "[Function]" : String(value);
}

function jsonArray(values: readonly unknown[]): string {
  const shown = values.slice(0, MAX_ELEMENTS).map((element) => {
    return Array.isArray(element) ? `"[Array]"` : jsonValue(element);
  });
  if (values.length > MAX_ELEMENTS) shown.push(`"…(+${values.length - MAX_ELEMENTS})"`);
  return `[${shown.join(",")}]`;
}

function hex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes.subarray(0, MAX_BYTES)) text += byte.toString(16).padStart(2, "0");
  return bytes.length > MAX_BYTES ? `${text}…(+${bytes.length - MAX_BYTES})` : text;
}

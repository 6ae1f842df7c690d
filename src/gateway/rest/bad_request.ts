// INVALID_ARGUMENT for what isn't the request that its route takes, with the field and, in a body, the byte.
// Must never repeat more of what came than the names of fields, and of those not without end.
import { invalidArgument } from "../../services/refusal.ts";
import { GrpcError } from "../../grpc/status.ts";
import type { JsonPath } from "./json_tree.ts";

/** Names come from the caller, and go into headers, logs and answers. */
const MAX_NAME_CHARACTERS = 64;
const MAX_PATH_CHARACTERS = 256;

/** What stands for the whole body, as in JSONPath (RFC 9535). */
const WHOLE = "$";

/** `policy.algorithms[2]`; what is no plain name is quoted. */
export function pathText(path: JsonPath): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(part)) text += text === "" ? short(part) : `.${short(part)}`;
    else text += `[${JSON.stringify(short(part))}]`;
  }
  return text === "" ? WHOLE : text.slice(0, MAX_PATH_CHARACTERS);
}

/** Whole characters only: half a surrogate pair is no UTF-8. */
const short = (name: string) => [...name.slice(0, MAX_NAME_CHARACTERS)].join("").toWellFormed();

/** @param at the byte of the body; undefined: it doesn't stand there */
export function badRequest(path: JsonPath, what: string, at?: number): GrpcError {
  const description = at === undefined ? what : `at byte ${at}: ${what}`;
  const { code, details, metadata } = invalidArgument({ field: pathText(path), description });
  return new GrpcError(code, details, metadata);
}

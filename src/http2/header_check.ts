// Is a header section well-formed (RFC 9113 section 8)? Once for what comes in.
// Must never repair: a malformed section ends its stream with PROTOCOL_ERROR.
import { isFieldName, isFieldValue } from "./header_chars.ts";
import type { HeaderList } from "./events.ts";

/** What validation found. A value of its own, so that a repeated header block is checked once. */
export interface HeaderCheck {
  readonly section: Section;
  /** What is malformed; empty when nothing is. */
  readonly error: string;
  /** -1 when absent. */
  readonly contentLength: number;
  /** Responses only; 0 otherwise. */
  readonly status: number;
}

export type Section = "request" | "response" | "trailers";

const COLON = 0x3a;

/** Connection-specific fields (RFC 9113 section 8.2.2): they smuggle requests when a gateway translates them. */
const FORBIDDEN = new Set(["connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade"]);

const METHOD = 1;
const SCHEME = 2;
const AUTHORITY = 4;
const PATH = 8;
const STATUS = 16;
const PSEUDO_BITS = new Map<string, number>([
  [":method", METHOD],
  [":scheme", SCHEME],
  [":authority", AUTHORITY],
  [":path", PATH],
  [":status", STATUS],
]);

const NO_HEADERS: HeaderList = [];

/**
 * Checks one whole section.
 * @param passed a list that passed before: a field that stands in the same place there has allowed characters
 */
export function checkHeaders(headers: HeaderList, section: Section, passed = NO_HEADERS): HeaderCheck {
  const seen: Seen = {
    pseudo: 0,
    method: "",
    path: "",
    authority: "",
    host: "",
    status: 0,
    contentLength: -1,
  };
  const error = fieldsError(headers, section, seen, passed) || sectionError(section, seen);
  return { section, error, contentLength: seen.contentLength, status: seen.status };
}

interface Seen {
  pseudo: number;
  method: string;
  path: string;
  authority: string;
  host: string;
  status: number;
  contentLength: number;
}

function fieldsError(headers: HeaderList, section: Section, seen: Seen, passed: HeaderList): string {
  let regular = false;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i];
    const value = headers[i + 1];
    // Most fields come from HPACK's tables: they are the same strings call after call, which is quick to see.
    const nameKnown = name === passed[i];
    if (!(nameKnown && value === passed[i + 1]) && !isFieldValue(value)) {
      return `value of ${printable(name)} has a character that is not allowed`;
    }
    if (name.charCodeAt(0) === COLON) {
      if (regular) return "pseudo-header after a regular field";
      const error = pseudoError(name, value, section, seen);
      if (error !== "") return error;
    } else {
      regular = true;
      if (!nameKnown && !isFieldName(name)) return `field name ${printable(name)} is not a lower-case token`;
      const error = regularError(name, value, section, seen);
      if (error !== "") return error;
    }
  }
  return "";
}

function pseudoError(name: string, value: string, section: Section, seen: Seen): string {
  const bit = PSEUDO_BITS.get(name);
  if (bit === undefined) return `unknown pseudo-header ${printable(name)}`;
  if ((section === "response") !== (bit === STATUS) || section === "trailers") {
    return `${name} in a ${section} section`;
  }
  if ((seen.pseudo & bit) !== 0) return `${name} twice`;
  seen.pseudo |= bit;
  if (bit === METHOD) seen.method = value;
  else if (bit === PATH) seen.path = value;
  else if (bit === AUTHORITY) seen.authority = value;
  else if (bit === STATUS) {
    // Above 599 it is no known class, yet well-formed: for the reader to take as a 5xx (RFC 9110 section 15).
    seen.status = /^[1-9][0-9][0-9]$/.test(value) ? Number(value) : 0;
    if (seen.status === 0) return ":status is not a status code";
    if (seen.status === 101) return ":status 101 does not exist in HTTP/2";
  }
  return "";
}

function regularError(name: string, value: string, section: Section, seen: Seen): string {
  switch (name.length) { // most names need no more than their length
    case 2:
      if (name === "te" && value !== "trailers") return "te is not trailers";
      break;
    case 4:
      if (name === "host" && section === "request") {
        if (seen.host !== "" && seen.host !== value) return "host twice";
        seen.host = value;
      }
      break;
    case 7:
    case 10:
    case 16:
    case 17:
      if (FORBIDDEN.has(name)) return `connection-specific field ${name}`;
      break;
    case 14:
      if (name === "content-length" && section !== "trailers") {
        if (!/^[0-9]{1,15}$/.test(value)) return "content-length is not a number";
        const length = Number(value);
        if (seen.contentLength >= 0 && seen.contentLength !== length) return "content-length twice";
        seen.contentLength = length;
      }
      break;
  }
  return "";
}

function sectionError(section: Section, seen: Seen): string {
  if (section === "trailers") return "";
  if (section === "response") return seen.pseudo === STATUS ? "" : ":status is missing";
  if (seen.method === "CONNECT") {
    return seen.pseudo === (METHOD | AUTHORITY) && seen.authority !== ""
      ? ""
      : "CONNECT needs :method and :authority only";
  }
  const needed = METHOD | SCHEME | PATH;
  if ((seen.pseudo & needed) !== needed || seen.method === "") return ":method, :scheme or :path is missing";
  if (seen.path === "") return ":path is empty";
  if (seen.host !== "" && seen.authority !== "" && seen.host.toLowerCase() !== seen.authority.toLowerCase()) {
    return "host is not :authority";
  }
  return "";
}

/** A name that a peer sent, fit for a log line. */
function printable(name: string): string {
  return JSON.stringify(name.length > 40 ? name.slice(0, 40) : name);
}

/** What an application may not send; it throws, since only a program's defect gets here. */
export function assertSendable(headers: HeaderList): void {
  if (headers.length % 2 !== 0) throw new TypeError("a header list is flat pairs of name and value");
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i];
    const bare = name.charCodeAt(0) === COLON ? name.slice(1) : name;
    if (!isFieldName(bare)) throw new TypeError(`header name ${printable(name)} is not a lower-case token`);
    if (!isFieldValue(headers[i + 1])) {
      throw new TypeError(`value of header ${name} is not latin1 without CR, LF, NUL and outer spaces`);
    }
  }
}

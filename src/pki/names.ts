// The names that a certificate gives its holder, in one canonical text each, so that comparing texts compares names.
// Must never make two different names the same text, nor take a text that no certificate should have.
import { isIPv4, isIPv6 } from "node:net";
import { PkiError } from "./error.ts";

/** RFC 1035, 2.3.4. */
const MAX_DNS_CHARS = 253;
/** RFC 5321, 4.5.3.1: 64 for the local part, 255 for the domain. */
const MAX_EMAIL_CHARS = 320;
/** The SPIFFE ID specification's limit, the longest URI that is used as a name. */
const MAX_URI_CHARS = 2048;

const DNS = /^(\*\.)?[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/;
const EMAIL = /^([!-?A-~]{1,64})@([^@]+)$/;
/** RFC 3986, 3.1, and only characters that print. */
const URI = /^[a-z][a-z0-9+.-]*:[!-~]+$/i;

/**
 * The canonical text of a name "dns:…", "uri:…", "email:…" or "ip:…" (RFC 5280, 4.2.1.6): DNS names and the domains
 * of mail addresses in lower case, IP addresses in their shortest form, URIs as they are.
 *
 * @example
 * ```ts
 * canonicalName("dns:CI.Example"); // "dns:ci.example"
 * canonicalName("ip:2001:DB8:0:0::1"); // "ip:2001:db8::1"
 * ```
 * @throws {PkiError} that says what is wrong
 */
export function canonicalName(text: string): string {
  const colon = text.indexOf(":");
  const kind = text.slice(0, Math.max(colon, 0));
  const value = text.slice(colon + 1);
  switch (kind) {
    case "dns":
      return `dns:${dns(value)}`;
    case "ip":
      return `ip:${ip(value)}`;
    case "email": {
      const [, local, domain] = (value.length <= MAX_EMAIL_CHARS && EMAIL.exec(value)) || [];
      if (local === undefined) throw new PkiError(`${quoted(value)} is no mail address`);
      return `email:${local}@${dns(domain)}`;
    }
    case "uri":
      if (value.length <= MAX_URI_CHARS && URI.test(value)) return `uri:${value}`;
      throw new PkiError(`${quoted(value)} is no URI`);
    default:
      throw new PkiError(
        `${quoted(text)} says not what kind of name it is; write dns:, uri:, email: or ip: before it`,
      );
  }
}

function dns(value: string): string {
  const name = value.toLowerCase();
  // The last label of a DNS name has a letter; otherwise it is an address, or read as one.
  if (name.length <= MAX_DNS_CHARS && DNS.test(name) && !/(^|\.)[0-9]+$/.test(name)) return name;
  throw new PkiError(`${quoted(value)} is no DNS name`);
}

function ip(value: string): string {
  if (isIPv4(value)) return value;
  // With a zone it is an address of one machine's interface, and no name.
  if (isIPv6(value) && !value.includes("%")) return new URL(`http://[${value}]/`).hostname.slice(1, -1);
  throw new PkiError(`${quoted(value)} is no IP address`);
}

/** What an error may repeat of a name that isn't one. */
const MAX_QUOTED_CHARS = 100;
const quoted = (text: string): string => JSON.stringify(text.slice(0, MAX_QUOTED_CHARS));

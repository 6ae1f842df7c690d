// Blacks out private keys in PEM wherever they stand in a text that comes in parts: a heap snapshot has every string of
// the agent, its TLS key among them. Must never let one through because a part ended inside it.

const BEGIN = /-----BEGIN [A-Z0-9 ]{0,32}PRIVATE KEY-----/g;
/** The longest that BEGIN matches. */
const MAX_BEGIN_UNITS = 11 + 32 + 16;
/** Base64 and line ends, these as JSON has them, however often it was put into JSON. */
const BODY = /^[A-Za-z0-9+/=\\\s]+/;
/** A snapshot cuts long strings, so a key may have no end. */
const BLACK = "(removed)";

export interface Redaction {
  /** As much of what came so far as is known to hold no key. */
  next(part: string): string;
  /** The rest. */
  end(): string;
}

export function redactKeys(): Redaction {
  /** What may be the start of a key. */
  let held = "";
  let inside = false;

  const redact = (text: string, last: boolean): string => {
    let out = "";
    let rest = text;
    for (;;) {
      if (inside) {
        const body = BODY.exec(rest)?.[0].length ?? 0;
        rest = rest.slice(body);
        if (rest === "") return out;
        inside = false;
      }
      BEGIN.lastIndex = 0;
      const found = BEGIN.exec(rest);
      if (found === null) {
        const keep = last ? rest.length : startOfBegin(rest);
        held = rest.slice(keep);
        return out + rest.slice(0, keep);
      }
      const bodyAt = found.index + found[0].length;
      out += rest.slice(0, bodyAt) + BLACK;
      rest = rest.slice(bodyAt);
      inside = true;
      if (rest === "") return out;
    }
  };

  return {
    next(part) {
      const text = held + part;
      held = "";
      return redact(text, false);
    },
    end() {
      const text = held;
      held = "";
      return redact(text, true);
    },
  };
}

/** Where a BEGIN may begin that the text's end cuts off; the text's length when none does. */
function startOfBegin(text: string): number {
  const from = Math.max(0, text.length - MAX_BEGIN_UNITS);
  const at = text.indexOf("-", from);
  return at < 0 ? text.length : at;
}

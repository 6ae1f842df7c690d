// What the schema asks of [access]: names that a certificate can have, none twice.
// Must never give a role: the schema lists those that a certificate may have.
import { canonicalName } from "../../pki/names.ts";
import type { RuleIssue } from "./addresses.ts";

/** Why `text` is no name of a certificate; undefined when it is one. */
export function sanIssue(text: string): RuleIssue | undefined {
  if (canonical(text) !== undefined) return undefined;
  return {
    message: "is no name of a certificate",
    params: {
      next: 'write its kind and the name, like "dns:ci.example", "uri:spiffe://example/ci" or "ip:192.0.2.7"',
    },
  };
}

function canonical(text: string): string | undefined {
  try {
    return canonicalName(text);
  } catch {
    return undefined;
  }
}

/** Rules over all entries: none twice, for the second would say nothing. */
export function identityIssues(sans: readonly string[]): RuleIssue[] {
  const seen = new Set<string>();
  return sans.flatMap((text, index) => {
    const san = canonical(text) ?? text;
    if (!seen.has(san)) {
      seen.add(san);
      return [];
    }
    return [{
      message: `${san} has an entry already`,
      params: { next: "join the two in one" },
      path: ["identities", index, "san"],
    }];
  });
}

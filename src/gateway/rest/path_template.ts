// Path templates as google.api.http has them (google/api/http.proto, "Path template syntax"), without wildcards: literals,
// `{field}` for one segment, and a `:verb` at the end. Must never let an encoded slash or colon act as one.

/** One segment of a template: a literal, or the path of the field that it fills. */
type Segment = { readonly literal: string } | { readonly field: string };

export interface PathTemplate {
  readonly text: string;
  readonly segments: readonly Segment[];
  /** Empty: none. */
  readonly verb: string;
  /** The paths of its fields, in order: "policy.name". */
  readonly fields: readonly string[];
}

const FIELD = /^\{([a-zA-Z_][a-zA-Z0-9_.]*)\}$/;
const LITERAL = /^[a-zA-Z0-9._/-]+$/;

/** @throws Error what isn't a template: a mistake in a .proto */
export function parseTemplate(text: string): PathTemplate {
  const { parts, verb } = split(text);
  const segments = parts.map((part): Segment => {
    const [, field] = FIELD.exec(part) ?? [];
    if (field !== undefined) return { field };
    if (!LITERAL.test(part)) throw new Error(`${text}: ${part} is no segment of a path`);
    return { literal: part };
  });
  return { text, segments, verb, fields: segments.flatMap((one) => "field" in one ? [one.field] : []) };
}

/** The parts between slashes, and what follows the last one's last colon. */
export function split(path: string): { parts: string[]; verb: string } {
  const parts = path.slice(1).split("/");
  const last = parts[parts.length - 1];
  const colon = last.lastIndexOf(":");
  if (colon < 0) return { parts, verb: "" };
  return { parts: [...parts.slice(0, -1), last.slice(0, colon)], verb: last.slice(colon + 1) };
}

/** Values of fields by their paths, still percent-encoded; undefined: the path is another one's. */
export function matchTemplate(
  template: PathTemplate,
  parts: readonly string[],
): Map<string, string> | undefined {
  if (parts.length !== template.segments.length) return undefined;
  const values = new Map<string, string>();
  for (const [i, segment] of template.segments.entries()) {
    if ("literal" in segment) {
      if (segment.literal !== parts[i]) return undefined;
    } else {
      if (parts[i] === "") return undefined;
      values.set(segment.field, parts[i]);
    }
  }
  return values;
}

/** Whether some path is of both and neither says more of it, so that none could say whose it is. */
export function clash(one: PathTemplate, other: PathTemplate): boolean {
  return one.verb === other.verb && one.segments.length === other.segments.length &&
    one.fields.length === other.fields.length &&
    one.segments.every((segment, i) => {
      const against = other.segments[i];
      return "field" in segment || "field" in against || segment.literal === against.literal;
    });
}

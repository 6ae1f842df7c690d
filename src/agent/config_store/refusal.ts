// Why a change of the configuration isn't made. Knows no gRPC: the service says it in statuses.

/** One thing to mend in what was given. */
export interface Violation {
  /** "toml", "certificate_pem"…: a field of the request. */
  readonly field: string;
  readonly description: string;
}

export type RefusalKind =
  /** What was given is wrong: `violations` say where. */
  | "invalid"
  /** Another change came first, or another version waits. */
  | "stale"
  /** Not now, or not on this appliance. */
  | "precondition"
  /** No such version is kept. */
  | "missing"
  /** Who asks for it may no more. */
  | "denied"
  /** Too many changes wait for one that is under way. */
  | "busy";

export class ConfigRefusal extends Error {
  override readonly name = "ConfigRefusal";

  constructor(
    readonly kind: RefusalKind,
    /** UPPER_SNAKE_CASE, for programs. */
    readonly reason: string,
    message: string,
    readonly violations: readonly Violation[] = [],
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
  }

  static invalid(violations: readonly Violation[]): ConfigRefusal {
    const text = violations.map(({ field, description }) => `${field}: ${description}`).join("\n");
    return new ConfigRefusal("invalid", "INVALID", text, violations);
  }
}

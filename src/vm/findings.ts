// What `doctor` found, and how it is shown. Pure.

export interface Fix {
  /** Debian packages that bring it. */
  readonly packages?: readonly string[];
  /** What a person types. */
  readonly command?: string;
  /** What `install` runs after the packages, each an argument list. Absent: only a person can. */
  readonly run?: readonly (readonly string[])[];
}

/**
 * ok; missing: `up` can't do without; degraded: it works, but slower or with little room;
 * optional: not there and not needed.
 */
export type FindingState = "ok" | "missing" | "degraded" | "optional";

export interface Finding {
  readonly name: string;
  readonly state: FindingState;
  readonly found: string;
  readonly need: string;
  readonly fix?: Fix;
}

const MARKS: Record<FindingState, string> = {
  ok: "ok",
  missing: "MISSING",
  degraded: "limited",
  optional: "-",
};

/** The table for a terminal, with what to type below it when something is missing. Plain text, no colour. */
export function formatFindings(findings: readonly Finding[]): string {
  const rows = [["", "what", "found", "needed"]];
  for (const { state, name, found, need } of findings) {
    rows.push([MARKS[state], name, found, state === "ok" ? "" : need]);
  }
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const lines = rows.map((row) =>
    row.map((cell, column) => cell.padEnd(widths[column])).join("  ").trimEnd()
  );
  const missing = findings.filter(({ state }) => state === "missing");
  if (missing.length === 0) return lines.join("\n");
  return [
    ...lines,
    "",
    "To install what is missing (./gatehouse up does it after asking):",
    ...commandsFor(missing).map((line) => `  ${line}`),
  ]
    .join("\n");
}

/** The commands that bring what the findings lack, packages in one. */
export function commandsFor(findings: readonly Finding[], uid: number = Deno.uid() ?? 0): string[] {
  const packages = packagesOf(findings);
  const commands = packages.length === 0 ? [] : [aptCommand(packages, uid)];
  for (const { fix } of findings) {
    if (fix?.run !== undefined) commands.push(...fix.run.map(shellWords));
    else if (fix?.packages === undefined && fix?.command !== undefined) commands.push(fix.command);
  }
  return commands;
}

export function packagesOf(findings: readonly Finding[]): string[] {
  return [...new Set(findings.flatMap(({ fix }) => fix?.packages ?? []))].sort();
}

export function aptCommand(packages: readonly string[], uid: number): string {
  return `${uid === 0 ? "" : "sudo "}apt-get install -y --no-install-recommends ${packages.join(" ")}`;
}

/** An argument list as one would type it. */
export function shellWords(argv: readonly string[]): string {
  return argv.map((word) => /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`).join(
    " ",
  );
}

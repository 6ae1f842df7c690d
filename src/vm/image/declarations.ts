// Reads the small declarative files of image/: lists with comments, suites, presets.
// Pure; a line that can't be understood is an error that names file and line.

import { GatehouseError } from "../errors.ts";

/** One line that says something, and where it stood. */
export interface Entry {
  readonly text: string;
  readonly line: number;
}

/** The lines of a list file without comments ("#" to the end of the line) and blanks. */
export function entries(text: string): Entry[] {
  return text.split("\n")
    .map((raw, index) => ({ text: raw.replace(/(^|\s)#.*$/, "").trim(), line: index + 1 }))
    .filter((entry) => entry.text !== "");
}

/** The same, as plain strings. */
export function list(text: string): string[] {
  return entries(text).map((entry) => entry.text);
}

/** A suite of the archive, and whether the mirror's main or its security archive has it. */
export interface Suite {
  readonly name: string;
  readonly component: string;
  readonly archive: "archive" | "security";
}

const SUITE = /^([a-z][a-z0-9-]*)\s+([a-z][a-z0-9-]*)\s+(archive|security)$/;

/** image/suites. @throws GatehouseError on a line of another shape */
export function parseSuites(text: string): Suite[] {
  return entries(text).map((entry) => {
    const match = SUITE.exec(entry.text);
    if (match === null) throw badLine("image/suites", entry, "SUITE COMPONENT archive|security");
    return { name: match[1], component: match[2], archive: match[3] === "security" ? "security" : "archive" };
  });
}

/** What image/presets says of one unit. */
export type Preset =
  | { readonly kind: "enable" | "mask"; readonly unit: string }
  | { readonly kind: "alias"; readonly unit: string; readonly target: string };

const UNIT = /^[A-Za-z0-9:_.@-]+\.(service|socket|target|mount|automount|path|timer)$/;

/** image/presets. @throws GatehouseError on a line of another shape */
export function parsePresets(text: string): Preset[] {
  return entries(text).map((entry): Preset => {
    const [kind, unit, target, ...more] = entry.text.split(/\s+/);
    if (unit !== undefined && UNIT.test(unit) && more.length === 0) {
      if ((kind === "enable" || kind === "mask") && target === undefined) return { kind, unit };
      if (kind === "alias" && target !== undefined && UNIT.test(target)) return { kind, unit, target };
    }
    throw badLine("image/presets", entry, "enable UNIT, mask UNIT or alias UNIT UNIT");
  });
}

/** Keys of a unit's [Install] section that make links: WantedBy=, RequiredBy= and Alias=. */
export interface Install {
  readonly wantedBy: readonly string[];
  readonly requiredBy: readonly string[];
  readonly alias: readonly string[];
}

/** Reads [Install] of a unit file (systemd.unit(5)); the other sections are systemd's business. */
export function parseInstall(text: string): Install {
  const found = { WantedBy: [] as string[], RequiredBy: [] as string[], Alias: [] as string[] };
  let inside = false;
  for (const raw of text.split("\n")) {
    const line = raw.trim();
    if (line.startsWith("[")) inside = line === "[Install]";
    const match = inside ? /^(WantedBy|RequiredBy|Alias)\s*=\s*(.*)$/.exec(line) : null;
    if (match !== null) {
      found[match[1] as keyof typeof found].push(...match[2].split(/\s+/).filter((name) => name !== ""));
    }
  }
  return { wantedBy: found.WantedBy, requiredBy: found.RequiredBy, alias: found.Alias };
}

function badLine(file: string, entry: Entry, shape: string): GatehouseError {
  return new GatehouseError(
    "missing-image",
    `${file}, line ${entry.line}: "${entry.text}" is not ${shape}`,
    `correct that line of ${file}`,
  );
}

// Reads dpkg's status file: what is installed, in which version. Pure.

export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
}

/** The packages that are fully installed, by name. Paragraphs of others (removed, half-configured) are left out. */
export function parseStatus(text: string): InstalledPackage[] {
  const found: InstalledPackage[] = [];
  for (const paragraph of text.split("\n\n")) {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(paragraph)?.[1].trim();
    const name = field("Package");
    const version = field("Version");
    const architecture = field("Architecture");
    if (!name || !version || !architecture || field("Status") !== "install ok installed") continue;
    found.push({ name, version, architecture });
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The name under which apt keeps the package's file; the epoch's colon is written %3a. */
export function debFileName(entry: InstalledPackage): string {
  return `${entry.name}_${entry.version.replaceAll(":", "%3a")}_${entry.architecture}.deb`;
}

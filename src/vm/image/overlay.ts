// What the builder lays over Debian's packages: the programs, our units and the
// files of image/, each at its place. The table below is the whole list.

import { dirname, join } from "node:path";
import type { ImageInputs } from "./key.ts";
import { GatehouseError } from "../errors.ts";
import { parseInstall, parsePresets, type Preset } from "./declarations.ts";
import { formatLock, type Lock } from "./lock.ts";

const SYSTEM = "usr/lib/systemd/system";
/** Enablement and masks; over the units that packages bring. */
const ENABLED = "etc/systemd/system";

/** Folders of image/ and where their files go. sysusers.d is read while the base is built. */
const FOLDERS: readonly (readonly [string, string])[] = [
  ["units", SYSTEM],
  ["network", "usr/lib/systemd/network"],
  ["sysusers.d", "usr/lib/sysusers.d"],
  ["tmpfiles.d", "usr/lib/tmpfiles.d"],
  ["modules-load.d", "usr/lib/modules-load.d"],
  ["journald.conf.d", "usr/lib/systemd/journald.conf.d"],
];

/** Files of their own. */
const FILES: readonly (readonly [string, string])[] = [
  ["fstab", "etc/fstab"],
  ["default.toml", "usr/lib/gatehouse/default.toml"],
  ["network-seen.conf", "usr/lib/gatehouse/network-seen.conf"],
  ["timesyncd.conf", `${SYSTEM}/systemd-timesyncd.service.d/gatehouse.conf`],
];

/** Where the agent writes what the configuration says of network and time (gatehouse-agent.service). */
const NETWORK = "/run/gatehouse-network";

/** Links: where, and to what. LoadCredential= falls back to credstore when the host gave none. */
const LINKS: readonly (readonly [string, string])[] = [
  ["usr/lib/credstore/gatehouse.config", "../gatehouse/default.toml"],
  // Before 80-ethernet.network, so that it counts wherever it is there; a link to nothing is passed over.
  ["usr/lib/systemd/network/70-gatehouse.network", `${NETWORK}/gatehouse.network`],
  ["usr/lib/systemd/timesyncd.conf.d/gatehouse.conf", `${NETWORK}/timesyncd.conf`],
  ["etc/resolv.conf", `${NETWORK}/resolv.conf`],
];

/** Files made here. */
const TEXTS: readonly (readonly [string, string])[] = [
  ["etc/hostname", "gatehouse\n"],
  ["etc/hosts", "127.0.0.1 localhost\n::1 localhost\n127.0.1.1 gatehouse\n"],
  // Empty, not "uninitialized": the id comes from the host at every boot and the file can't keep it.
  ["etc/machine-id", ""],
  // Every account is locked; systemd-sysusers writes none of ours as anything else.
  ["etc/issue", ""],
];

/** Directories that must exist because the root can't be written to. */
const DIRECTORIES = ["boot", "dev", "proc", "run", "sys", "tmp", "var"];

/** Lays everything out below `dir`, which must be empty. */
export async function stageOverlay(
  dir: string,
  repoRoot: string,
  inputs: ImageInputs,
  installed: Lock,
): Promise<void> {
  const image = join(repoRoot, "image");
  for (const name of DIRECTORIES) await Deno.mkdir(join(dir, name), { recursive: true });
  const units = new Map<string, string>();
  for (const [folder, place] of FOLDERS) {
    for await (const entry of Deno.readDir(join(image, folder))) {
      if (!entry.isFile) continue;
      const text = await Deno.readTextFile(join(image, folder, entry.name));
      await put(dir, join(place, entry.name), text);
      if (folder === "units") units.set(entry.name, text);
    }
  }
  for (const [name, place] of FILES) await put(dir, place, await Deno.readTextFile(join(image, name)));
  for (const [place, text] of TEXTS) await put(dir, place, text);
  await put(dir, "usr/share/gatehouse/packages.json", formatLock(installed));
  const presets = parsePresets(await Deno.readTextFile(join(image, "presets")));
  for (const [place, target] of [...LINKS, ...presetLinks(presets, units)]) await link(dir, place, target);
  await program(dir, "usr/lib/gatehouse/deno", inputs.deno, 0o755);
  await program(dir, "usr/lib/gatehouse/gatehouse-signer", inputs.signer, 0o755);
  await program(dir, "usr/lib/gatehouse/gatehouse-edge", inputs.edge, 0o755);
  await program(dir, "usr/lib/gatehouse/agent.js", inputs.agentBundle, 0o644);
}

/** Units of Debian's packages that presets may enable, with the unit that shall want them. */
const VENDOR_INSTALL: Record<string, string> = { "systemd-networkd.service": "multi-user.target" };

/**
 * The links that `systemctl preset` would make, as path and target.
 * @param units our own unit files by name, for their [Install] sections
 */
export function presetLinks(
  presets: readonly Preset[],
  units: ReadonlyMap<string, string>,
): [string, string][] {
  return presets.flatMap((preset): [string, string][] => {
    const { unit } = preset;
    switch (preset.kind) {
      case "mask":
        return [[`${ENABLED}/${unit}`, "/dev/null"]];
      case "alias":
        return [[`${ENABLED}/${unit}`, `/${SYSTEM}/${preset.target}`]];
      case "enable": {
        const text = units.get(unit);
        const install = text === undefined ? undefined : parseInstall(text);
        const wantedBy = install?.wantedBy ?? (VENDOR_INSTALL[unit] ? [VENDOR_INSTALL[unit]] : []);
        const links: [string, string][] = [
          ...wantedBy.map((by): [string, string] => [`${ENABLED}/${by}.wants/${unit}`, `/${SYSTEM}/${unit}`]),
          ...(install?.requiredBy ?? []).map((
            by,
          ): [string, string] => [`${ENABLED}/${by}.requires/${unit}`, `/${SYSTEM}/${unit}`]),
          ...(install?.alias ?? []).map((
            name,
          ): [string, string] => [`${ENABLED}/${name}`, `/${SYSTEM}/${unit}`]),
        ];
        if (links.length > 0) return links;
        throw new GatehouseError(
          "missing-image",
          `image/presets enables ${unit}, which nothing would start`,
          "give it an [Install] section in image/units",
        );
      }
    }
  });
}

async function put(dir: string, place: string, text: string): Promise<void> {
  const path = join(dir, place);
  await Deno.mkdir(dirname(path), { recursive: true });
  await Deno.writeTextFile(path, text, { mode: 0o644 });
}

async function link(dir: string, place: string, target: string): Promise<void> {
  const path = join(dir, place);
  await Deno.mkdir(dirname(path), { recursive: true });
  await Deno.symlink(target, path);
}

async function program(dir: string, place: string, from: string, mode: number): Promise<void> {
  const path = join(dir, place);
  await Deno.mkdir(dirname(path), { recursive: true });
  await Deno.copyFile(from, path);
  await Deno.chmod(path, mode);
}

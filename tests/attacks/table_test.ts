// The table of attacks against the limits: no limit that names an attack may be without one, nor out of the document.
import { join } from "node:path";
import { expect, test } from "vitest";
import { REPO_ROOT } from "../../src/cli/root.ts";
import * as limits from "../../src/http2/limits.ts";
import { ATTACKS } from "./attacks.ts";

/** Limits whose attack is no script of frames: the test that runs it. */
const ELSEWHERE: Record<string, string> = {
  ENCODER_TABLE_BYTES: "answers_test.ts",
  MAX_QUEUED_CONTROL_FRAMES: "answers_test.ts",
  SEND_STALL_TIMEOUT_MS: "answers_test.ts",
};
/** Limits that are parts of others, with the one whose attack shows them. */
const PART_OF: Record<string, string> = {
  DRIBBLE_DATA_BYTES: "WINDOW_UPDATE_BURST", // without it, dribbled DATA would pay for the WINDOW_UPDATEs
  WINDOW_UPDATES_PER_DATA_FRAME: "WINDOW_UPDATE_BURST",
  OUTPUT_BUFFER_BYTES: "MAX_QUEUED_CONTROL_FRAMES", // what waits beyond it waits in streams, which the stream limit bounds
  SEND_STALL_MIN_BYTES: "SEND_STALL_TIMEOUT_MS",
  STALL_CHECKS: "SEND_STALL_TIMEOUT_MS",
  TINY_DATA_COST_BYTES: "TINY_DATA_BUDGET_BYTES",
};

const read = (path: string): string => Deno.readTextFileSync(join(REPO_ROOT, path));

/** Constants whose comment names a CVE, with those that follow without a comment of their own. */
function attacked(): [name: string, cves: string[]][] {
  const found: [string, string[]][] = [];
  let cves: string[] = [];
  for (
    const [, comment, name] of read("src/http2/limits.ts").matchAll(/(\/\*\*.*?\*\/)|export const (\w+)/gs)
  ) {
    if (comment !== undefined) cves = comment.match(/CVE-\d+-\d+/g) ?? [];
    else if (cves.length > 0) found.push([name, cves]);
  }
  return found;
}

test.each(attacked())("%s is attacked", (name, cves) => {
  const limit = PART_OF[name] ?? name;
  const row = ATTACKS.some((attack) => attack.limits.includes(limit));
  expect(row || limit in ELSEWHERE).toBe(true);
  const elsewhere = ELSEWHERE[limit];
  if (elsewhere === undefined) return;
  const text = read(`tests/attacks/${elsewhere}`);
  expect(cves.some((cve) => text.includes(cve))).toBe(true);
});

test("every CVE that a limit names has an attack", () => {
  const named = new Set(attacked().flatMap(([, cves]) => cves));
  const tried = new Set(ATTACKS.flatMap(({ cve }) => cve ?? []));
  for (const [, cve] of read("tests/attacks/answers_test.ts").matchAll(/(CVE-\d+-\d+)/g)) tried.add(cve);
  expect([...named].filter((cve) => !tried.has(cve))).toEqual([]);
  expect(named.size).toBeGreaterThan(10);
});

test("every limit that an attack names is one", () => {
  const unknown = ATTACKS.flatMap(({ limits }) => limits).filter((name) => !(name in limits));
  expect(unknown).toEqual([]);
});

test("docs/attacks.md has every attack", () => {
  const document = read("docs/attacks.md");
  expect(ATTACKS.map(({ name }) => name).filter((name) => !document.includes(name))).toEqual([]);
});

// The tables of docs/security.md, made from the code that decides: `deno run -A src/authority/security_table.ts` writes
// them there, and a test fails when they are stale. Must never say what the code doesn't do.
import { status } from "@grpc/grpc-js";
import { Role } from "../proto/mod.ts";
import { codeOf, RULES, wordsOf } from "./refusals.ts";
import { DOORS, type Need, TABLE } from "./table.ts";

export const SECURITY_PAGE = new URL("../../docs/security.md", import.meta.url);

const HEADINGS = { "tcp-tls": "TLS", "tcp-plain": "plain TCP", vsock: "VSOCK", unix: "Unix socket" } as const;

const WORDS: Record<Need, string> = {
  never: "never",
  [Role.ROLE_UNSPECIFIED]: "nobody",
  [Role.USER]: "user",
  [Role.OPERATOR]: "operator",
  [Role.ADMIN]: "administrator",
};

/** Who may call what: a row for each method. */
function accessTable(): string {
  const rows = [...TABLE].map((
    [path, row],
  ) => [`\`${path.slice(1)}\``, ...DOORS.map((door) => WORDS[row[door]])]);
  return markdown(["method", ...DOORS.map((door) => HEADINGS[door])], rows);
}

/** How a refusal looks: a row for each reason. */
function refusalTable(): string {
  return markdown(
    ["reason", "status", "what is said"],
    RULES.map((rule) => [rule, status[codeOf(rule)], wordsOf(rule)]),
  );
}

function markdown(headings: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(" | ")} |\n`;
  return line(headings) + line(headings.map(() => "---")) + rows.map(line).join("");
}

/** The page with what stands between its markers made anew. @throws Error when a marker is missing */
export function withTables(page: string): string {
  return [["access", accessTable()], ["refusals", refusalTable()]].reduce((text, [name, table]) => {
    const begin = `<!-- generated: ${name} -->\n`;
    const end = `<!-- end: ${name} -->`;
    const from = text.indexOf(begin), to = text.indexOf(end);
    if (from < 0 || to < from) throw new Error(`docs/security.md has no place for "${name}"`);
    return `${text.slice(0, from + begin.length)}\n${table}\n${text.slice(to)}`;
  }, page);
}

if (import.meta.main) {
  await Deno.writeTextFile(SECURITY_PAGE, withTables(await Deno.readTextFile(SECURITY_PAGE)));
}

// docs/attacks.md against the tests of the edge: no fault is tried that it doesn't list, none listed that isn't tried.
import { join } from "node:path";
import { expect, test } from "vitest";
import { REPO_ROOT } from "../../src/cli/root.ts";
import { REFUSED_CERTIFICATES } from "./client_certificates.ts";

const read = (path: string): string => Deno.readTextFileSync(join(REPO_ROOT, path));

const FILES = [...Deno.readDirSync(join(REPO_ROOT, "tests/edge"))].map(({ name }) => name)
  .filter((name) => name.endsWith("_test.ts") && name !== "table_test.ts").sort();

/** The sentences of a file's tests, and the names of the rows of those that stand for a table. */
function namesIn(file: string): string[] {
  const text = read(`tests/edge/${file}`);
  const titles = [...text.matchAll(/^(?:test(?:\.\w+)*|\]?\))\(\s*["`]([^"`]+)["`],/gm)].map(([, title]) =>
    title
  );
  for (const [, title] of text.matchAll(/^test(?:\.\w+)*\([^()]*(?:\[[^\]]*\][^()]*)*\)\(\s*"([^"]+)",/gm)) {
    titles.push(title);
  }
  const names = titles.map((title) =>
    title.replace(/(, offered|[,:])? ?%[sj]$/, "").replace(/\$\{[^}]*\}/g, "N")
  )
    .filter((title) => !/%s|\$name/.test(title));
  for (const [table] of text.matchAll(/\[name: string[^]*?\n\]/g)) {
    names.push(...[...table.matchAll(/^ {2}\[\s*"([^"]+)"/gm)].map(([, name]) => name));
  }
  if (text.includes("test.each(REFUSED_CERTIFICATES)")) {
    names.push(...REFUSED_CERTIFICATES.map(({ name }) => name));
  }
  return names;
}

/** What the document says of a file's tests. */
function documented(file: string): string[] {
  const section = read("docs/attacks.md").split("\n## The edge\n")[1]?.split("\n## ")[0] ?? "";
  return section.split("\n").filter((line) => line.startsWith("|") && line.includes(`\`${file}\``))
    .flatMap((line) => line.split("|")[1].split(";").map((name) => name.trim()));
}

test.each(FILES)("docs/attacks.md says of %s what it tries, and no more", (file) => {
  expect(documented(file).sort()).toEqual(namesIn(file).sort());
});

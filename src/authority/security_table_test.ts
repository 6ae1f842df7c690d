import { expect, test } from "vitest";
import { SECURITY_PAGE, withTables } from "./security_table.ts";

test("docs/security.md has the tables of the code (else: deno run -A src/authority/security_table.ts)", async () => {
  const page = await Deno.readTextFile(SECURITY_PAGE);
  expect(withTables(page)).toBe(page);
});

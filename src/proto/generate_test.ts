import { expect, test } from "vitest";
import { generate } from "./generate.ts";

test("generated.ts is what proto/ says: run `deno task proto` when this fails", async () => {
  const committed = await Deno.readTextFile(new URL("./generated.ts", import.meta.url));
  expect(committed).toBe(generate());
});

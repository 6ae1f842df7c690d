import { expect, test } from "vitest";
import { lookText } from "./look.ts";

test("who sees nothing isn't told that there is more", () => {
  const failure = { code: "UNAVAILABLE", message: "UNAVAILABLE: nothing listens there", next: "start it" };
  expect(lookText({ failure, health: {} })).toBe(
    "nothing can be seen: UNAVAILABLE: nothing listens there\nNext: start it",
  );
  expect(lookText({ failure, health: { "": "SERVING" } })).toMatch(
    /^health {2}server: SERVING\nmore can't be seen: /,
  );
});

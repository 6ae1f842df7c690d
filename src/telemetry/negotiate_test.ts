import { expect, it } from "vitest";
import { formatFor } from "./negotiate.ts";

it("gives a scraper the text that it likes best", () => {
  const prometheus =
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75," +
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
  expect(formatFor(prometheus)).toBe("openmetrics");
  expect(formatFor('application/openmetrics-text; version="1.0.0"; q=0.4, text/plain;q=0.6')).toBe(
    "prometheus",
  );
  expect(formatFor("application/openmetrics-text;version=0.0.1")).toBe("prometheus");
  for (const other of [undefined, "", "*/*", "text/html", ";;;=,,q", `${"a,".repeat(10_000)}`]) {
    expect(formatFor(other)).toBe("prometheus");
  }
});

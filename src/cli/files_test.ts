import { expect, it } from "vitest";
import { readConfigText } from "./config.ts";
import { readInput } from "./files.ts";

it("a file that isn't there and a directory are refused with a next step", async () => {
  for (const path of ["/nonexistent/vm.toml", "/"]) {
    await expect(readConfigText(path)).rejects.toMatchObject({
      code: "bad-argument",
      message: expect.stringContaining(`can't read ${path}: `),
      next: expect.stringContaining("a file that can be read"),
    });
  }
});

it("more than the bound is refused, however long the file", async () => {
  await expect(readInput("/dev/zero", 1000, "name another")).rejects.toMatchObject({
    message: "/dev/zero has more than 1000 bytes",
    next: "name another",
  });
});

import { describe, expect, it } from "vitest";
import { run, ToolFailed } from "./run.ts";

describe("running a tool", () => {
  it("gives its output and its messages line by line", async () => {
    const lines: string[] = [];
    const output = await run(["sh", "-c", "printf out; printf 'a\\rb\\nc' >&2"], {
      onLine: (line) => lines.push(line),
    });
    expect(new TextDecoder().decode(output)).toBe("out");
    expect(lines).toEqual(["a", "b", "c"]);
  });

  it("feeds its standard input", async () => {
    expect(new TextDecoder().decode(await run(["cat"], { input: "x\n" }))).toBe("x\n");
  });

  it("fails with the code and the last words", async () => {
    const error = await run(["sh", "-c", "echo why >&2; exit 3"]).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ToolFailed);
    expect(error).toMatchObject({ code: 3, lines: ["why"] });
  });

  it("says so when the tool is not installed", async () => {
    await expect(run(["no-such-tool-here"])).rejects.toMatchObject({ code: "missing-tool" });
  });

  it("ends the tool on an abort and says that it was stopped", async () => {
    const stop = new AbortController();
    const started = performance.now();
    const running = run(["sleep", "30"], { signal: stop.signal });
    setTimeout(() => stop.abort(), 50);
    await expect(running).rejects.toMatchObject({ code: "cancelled" });
    expect(performance.now() - started).toBeLessThan(5_000);
    await expect(run(["true"], { signal: stop.signal })).rejects.toMatchObject({ code: "cancelled" });
  });
});

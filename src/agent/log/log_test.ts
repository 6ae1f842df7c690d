// The log as its users see it: levels, forms, and that nothing ever comes back as an exception.
import { describe, expect, it } from "vitest";
import { createLog, type LogOptions } from "./log.ts";

function capture(options: LogOptions & { terminal?: boolean } = {}) {
  let text = "";
  const log = createLog({
    nowMs: () => Date.UTC(2026, 10, 21, 5, 36, 0, 7),
    ...options,
    output: {
      write(bytes) {
        text += new TextDecoder().decode(bytes);
        return Promise.resolve(bytes.length);
      },
      isTerminal: () => options.terminal ?? false,
    },
  });
  const read = async () => {
    await log.flush(1000);
    return text;
  };
  return { log, read };
}

describe("levels", () => {
  it("write their own and graver lines", async () => {
    const { log, read } = capture({ level: "warn", format: "json" });
    const logger = log.component("grpc");
    logger.info("no");
    logger.warn("yes");
    logger.error("yes too");
    expect((await read()).match(/"message":"[^"]*"/g)).toEqual(['"message":"yes"', '"message":"yes too"']);
    expect([logger.enabled("info"), logger.enabled("warn")]).toEqual([false, true]);
  });
});

describe("another level and form", () => {
  it("are in force at once for loggers that were there before", async () => {
    const { log, read } = capture({ level: "warn", format: "json" });
    const logger = log.component("grpc");
    logger.info("no");
    log.configure({ level: "debug", format: "text" });
    logger.debug("yes");
    log.configure({ level: "off", format: "json" });
    logger.error("no");
    expect(await read()).toBe("2026-11-21T05:36:00.007Z debug grpc yes\n");
  });
});

describe("the form", () => {
  it("is JSON where nobody reads along and words on a terminal", async () => {
    const piped = capture();
    piped.log.component("vm").info("up", { cid: 3 });
    expect(JSON.parse(await piped.read())).toEqual({
      time: "2026-11-21T05:36:00.007Z",
      level: "info",
      component: "vm",
      message: "up",
      cid: 3,
    });
    const terminal = capture({ terminal: true, noColour: false });
    terminal.log.component("vm").info("up", { cid: 3 });
    expect(await terminal.read()).toContain("\x1b[32minfo ");
  });

  it("has no colour with NO_COLOR, nor when text is piped", async () => {
    const options = [{ terminal: true, noColour: true }, {
      terminal: false,
      noColour: false,
      format: "text" as const,
    }];
    for (const option of options) {
      const { log, read } = capture(option);
      log.component("vm").info("up", { cid: 3 });
      expect(await read()).toBe("2026-11-21T05:36:00.007Z info  vm up cid=3\n");
    }
  });
});

describe("a line that cannot be made", () => {
  it("is counted and not thrown", async () => {
    const { log, read } = capture({ nowMs: () => NaN });
    log.component("x").info("y");
    expect(log.lost).toBe(1);
    expect(await read()).toBe("");
  });
});

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

describe("a level of its own", () => {
  it("is one component's until the next configuration, whoever asked for the logger when", async () => {
    const { log, read } = capture({ level: "info", format: "json" });
    const [one, other] = [log.component("one"), log.component("other")];
    expect(log.setLevel("one", "debug")).toBe(true);
    expect(log.setLevel("none", "debug")).toBe(false);
    one.debug("yes");
    log.component("one").debug("yes, by another");
    other.debug("no");
    expect(log.levels()).toEqual({
      configured: "info",
      components: [
        { name: "one", level: "debug", changed: true },
        { name: "other", level: "info", changed: false },
      ],
    });
    log.setLevel(undefined, "off");
    other.error("no");
    log.setLevel("other", undefined);
    other.info("yes, again");
    log.configure({ level: "info", format: "json" });
    one.debug("no");
    one.info("yes, as configured");
    expect((await read()).match(/"message":"[^"]*"/g)).toEqual([
      '"message":"yes"',
      '"message":"yes, by another"',
      '"message":"yes, again"',
      '"message":"yes, as configured"',
    ]);
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

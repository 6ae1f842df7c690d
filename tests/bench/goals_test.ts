import { describe, expect, it } from "vitest";
import { goalLine, goalsOf } from "./goals.ts";
import { parseOptions } from "./options.ts";
import { markdown } from "./report.ts";
import { type CallCell, type Figures, figures, median, type Results, type Row } from "./results.ts";

const side = (rate: number, serverCpuUs: number): Figures =>
  figures([{
    units: rate,
    seconds: 1,
    rate,
    mb_per_second: null,
    latency_us: null,
    server_cpu_us: serverCpuUs,
    server_cpu_us_each: [serverCpuUs],
    server_cpu_share: 1,
    server_rss_bytes: 100e6,
    rss_bytes: [],
    generator_cpu_share: 0.1,
  }]);

function results(...calls: Row<CallCell>[]): Results {
  return {
    machine: { processor: "p", cores: 2, kernel: "k", load: 0 },
    date: "2026-01-01",
    pinned: true,
    rounds: 1,
    seconds: 1,
    sides: { frames: "the limit", tonic: "an anchor", engine: "ours" },
    missing: [],
    calls,
    streams: [],
    open: [],
    rssBytes: {},
    growth: [],
    ceilings: [],
  };
}

const cell = (column: string, transport: "tcp" | "unix" = "tcp"): CallCell => ({
  column,
  transport,
  form: "constant",
});
const lines = (of: Results) => goalsOf(of, "engine").map(goalLine);

describe("the goals of the comparison", () => {
  it("are met by the share of tonic, whatever the CPU a call", () => {
    const sides = { tonic: side(100, 10), engine: side(130, 9), frames: side(900, 1) };
    expect(lines(results({ cell: cell("8x32"), sides }))).toEqual([
      "goal engine: 8x32, constant, tcp: of tonic: 1.3, or 3 us of CPU a call above frames: 1.30, 8.00 us met",
    ]);
  });

  it("are met by the CPU a call where the share is not reached", () => {
    const sides = { tonic: side(100, 10), engine: side(70, 4), frames: side(900, 1) };
    expect(goalsOf(results({ cell: cell("1x1"), sides }), "engine")[0]?.met).toBe(true);
  });

  it("are missed when neither holds", () => {
    const sides = { tonic: side(100, 10), engine: side(70, 4.1), frames: side(900, 1) };
    expect(lines(results({ cell: cell("1x1"), sides }))[0]).toMatch(/0\.70, 3\.10 us MISSED$/);
  });

  it("hold a Unix socket against the same cell on TCP", () => {
    const tcp = { cell: cell("1x1"), sides: { engine: side(100, 1) } };
    const unix = { cell: cell("1x1", "unix"), sides: { engine: side(90, 1) } };
    expect(lines(results(tcp, unix))).toEqual([
      "goal engine: 1x1, constant, unix: of the same on TCP: 0.97: 0.90 MISSED",
    ]);
  });

  it("count growth from the first million calls to the last, and memory", () => {
    const grown = { side: "engine", rssBytes: [100e6, 104e6, 106e6] };
    const found = lines({ ...results(), rssBytes: { engine: 121e6 }, growth: [grown] });
    expect(found).toHaveLength(2);
    expect(found[0]).toMatch(/121 MB MISSED$/);
    expect(found[1]).toMatch(/1\.060 MISSED$/);
  });

  it("say nothing of what was not measured", () => {
    expect(lines(results({ cell: cell("1x1"), sides: { tonic: side(1, 1) } }))).toEqual([]);
  });
});

describe("the report", () => {
  it("shows rates, CPU, ratios and goals of each cell", () => {
    const sides = { tonic: side(100, 10), engine: side(150, 4), frames: side(90_000, 1) };
    const text = markdown(results({ cell: cell("8x32"), sides }));
    expect(text).toContain("| frames | 90.0k (1.00) |");
    expect(text).toContain("| engine / tonic | 1.50 |");
    expect(text).toContain("| CPU a call above frames, us | 3.00 |");
    expect(text).toMatch(/\| 1\.50, 3\.00 us \| met \|/);
  });

  it("names what was not measured", () => {
    expect(markdown({ ...results(), missing: ["grpc-go: no Go"] })).toContain(
      "- not measured: grpc-go: no Go",
    );
  });
});

describe("options of the comparison", () => {
  it("are everything by default and less with --quick", () => {
    expect(parseOptions([]).transports).toEqual(["tcp", "unix"]);
    expect(parseOptions(["--quick"]).transports).toEqual(["tcp"]);
    expect(parseOptions(["--quick", "--transports", "unix", "--columns=2x3"])).toMatchObject({
      transports: ["unix"],
      columns: ["2x3"],
    });
  });

  it("are refused when unknown", () => {
    expect(() => parseOptions(["--sections", "speed"])).toThrow("speed is none of");
    expect(() => parseOptions(["--columns", "0x1"])).toThrow("0x1 is no column");
    expect(() => parseOptions(["--rounds=-1"])).toThrow("no number above 0");
    expect(() => parseOptions(["--colums", "1x1"])).toThrow("colums");
  });
});

describe("median", () => {
  it("is the middle one, or the mean of the two in the middle", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(median([])).toBeNaN();
  });
});

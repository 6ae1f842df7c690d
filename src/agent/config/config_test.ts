// Reading the configuration: defaults, all problems at once, and texts made to hurt the reader.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkConfig, loadConfig, MAX_CONFIG_UNITS, MAX_PROBLEMS } from "./config.ts";
import { ConfigError, formatProblem } from "./problem.ts";

describe("loadConfig", () => {
  it("fills in every default for an empty file", () => {
    const config = loadConfig("", "gatehouse.toml");
    expect(config.compat).toBe("none");
    expect(config.listen).toEqual({ addresses: ["vsock://any:50051"], proxied: [], insecure_tcp: false });
    expect(config.limits.max_receive_message_bytes).toBe(4 * 1024 * 1024);
    expect(config.log).toEqual({ level: "info", format: "auto", calls: "all", calls_per_second: 100 });
    expect(config.signer.socket).toBe("unix:///run/gatehouse-signer/signer.sock");
    expect(config.reflection.enabled).toBe(true);
  });

  it("fills in what a section leaves out", () => {
    const config = loadConfig("[log]\nlevel = 'debug'\n", "gatehouse.toml");
    expect(config.log).toEqual({ level: "debug", format: "auto", calls: "all", calls_per_second: 100 });
  });

  it("takes plain TCP on loopback, and elsewhere when allowed by name", () => {
    const loopback = "[listen]\naddresses = ['tcp://127.0.0.1:1', 'tcp://[::1]:1', 'localhost:1']";
    expect(loadConfig(loopback, "f").listen.addresses).toHaveLength(3);
    const open = "[listen]\naddresses = ['tcp://0.0.0.0:50051']\ninsecure_tcp = true";
    expect(loadConfig(open, "f").listen.insecure_tcp).toBe(true);
  });

  it("takes TLS on every network, and beside it plain TCP on another port", () => {
    const text = "[listen]\naddresses = ['tls://0.0.0.0:1', 'tls://[::]:2', 'tcp://127.0.0.1:3']";
    expect(loadConfig(text, "f").listen.addresses).toHaveLength(3);
  });

  it("takes identities with their roles and keys", () => {
    const text = "[access]\ndefault_keys = ['a']\n[[access.identities]]\nsan = 'dns:ci.example'\n" +
      "[[access.identities]]\nsan = 'ip:192.0.2.7'\nrole = 'operator'\nkeys = ['*']\n";
    expect(loadConfig(text, "f").access).toEqual({
      default_keys: ["a"],
      identities: [
        { san: "dns:ci.example", role: "user", keys: [] },
        { san: "ip:192.0.2.7", role: "operator", keys: ["*"] },
      ],
    });
  });

  it("takes several listeners on ports that the kernel is to choose", () => {
    const text = "[listen]\naddresses = ['tcp://127.0.0.1:0', 'tcp://127.0.0.1:0']";
    expect(loadConfig(text, "f").listen.addresses).toHaveLength(2);
  });

  it("takes sockets of a proxy beside the addresses", () => {
    const text = "[listen]\nproxied = ['unix:///run/edge/a.sock', 'unix:///run/edge/b.sock']";
    const { listen } = loadConfig(text, "f");
    expect(listen.proxied).toEqual(["unix:///run/edge/a.sock", "unix:///run/edge/b.sock"]);
    expect(listen.addresses).toEqual(["vsock://any:50051"]);
  });

  it("throws all problems at once, one a line, as file:line:column", () => {
    const load = () => loadConfig("compat = 'x'\n[log]\nlevel = 1\n[logs]\n", "a.toml");
    expect(load).toThrow(ConfigError);
    expect(load).toThrow(/^a\.toml:1:10: compat: .*\na\.toml:3:9: log\.level: .*\na\.toml:4:2: logs: .*$/);
  });

  it("gives each call its own lists", () => {
    const first = loadConfig("", "f");
    first.listen.addresses.push("tcp://127.0.0.1:1");
    expect(loadConfig("", "f").listen.addresses).toEqual(["vsock://any:50051"]);
  });
});

describe("checkConfig", () => {
  it("finds nothing in a file that loadConfig takes", () => {
    expect(checkConfig("# only a comment\n[limits]\nmax_connections = 10\n", "f")).toEqual([]);
  });

  it("gives problems in the order of the file", () => {
    const text = "[signer]\nzz = 1\n[log]\nlevel = 3\nyy = 2\n[listen]\naddresses = ['x']\n";
    expect(checkConfig(text, "f").map((problem) => problem.line)).toEqual([2, 4, 5, 7]);
  });

  it("tells a bounded number of problems, and how many more there are", () => {
    const text = Array.from({ length: MAX_PROBLEMS + 7 }, (_, i) => `k${i} = 1`).join("\n");
    const problems = checkConfig(text, "f");
    expect(problems).toHaveLength(MAX_PROBLEMS + 1);
    expect(problems[MAX_PROBLEMS]).toMatchObject({
      line: MAX_PROBLEMS + 1,
      reason: "7 more problems follow",
    });
  });

  it("refuses a text that is too long to be a configuration, and one nested too deeply", () => {
    expect(checkConfig("#".repeat(MAX_CONFIG_UNITS + 1), "f.toml")[0].reason).toMatch(
      /^f\.toml has 65537 characters/,
    );
    const nested = `compat = ${"[".repeat(20_000)}${"]".repeat(20_000)}`;
    expect(checkConfig(nested, "f")[0].reason).toMatch(/nested too deeply/);
  });

  it("never throws, and says only visible things, whatever the text", () => {
    const piece = fc.oneof(
      fc.string({ unit: "binary", maxLength: 12 }),
      fc.constantFrom("[", "]", "[[", "\n", "=", "'", '"', "{", "}", ",", ".", "#", "\r\n", '"""', "\\u0000"),
      fc.constantFrom(
        "[log]\n",
        "level = ",
        "listen.",
        "addresses = [",
        "__proto__",
        "1e999",
        "\x1b[2J",
        "2026-01-01",
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        for (const problem of checkConfig(pieces.join(""), "f")) {
          expect(problem.line).toBeGreaterThan(0);
          expect(problem.column).toBeGreaterThan(0);
          expect(problem.next).not.toBe("");
          expect(formatProblem("f", problem)).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u);
        }
      }),
      { numRuns: 2000 },
    );
  });

  const costly: Record<string, string> = {
    "a dotted key of 32,000 parts": `a${".a".repeat(32_000)} = 1`,
    "a section of 32,000 parts": `[log${".a".repeat(32_000)}]\nx = 1`,
    "a list of 30,000 numbers": `[listen]\naddresses = [${"1,".repeat(30_000)}]`,
    "8,000 unknown sections": Array.from({ length: 8000 }, (_, i) => `[k${i}]`).join("\n"),
    "3,000 long unknown keys": Array.from({ length: 3000 }, (_, i) => `max_connections_${i} = 1`).join("\n"),
    "60,000 spaces before a fault": `a = x${" ".repeat(60_000)}"`,
    "60,000 empty lines before a fault": `${"\n".repeat(60_000)}a`,
    "an address of 60,000 characters": `[listen]\naddresses = ["tcp://${"a".repeat(60_000)}"]`,
  };
  it.each(Object.entries(costly))("answers soon and briefly about %s", (_name, text) => {
    const start = performance.now();
    const problems = checkConfig(text, "f");
    // Tens of milliseconds on an idle machine; quadratic time would take minutes.
    expect(performance.now() - start).toBeLessThan(2000);
    expect(problems.length).toBeGreaterThan(0);
    expect(JSON.stringify(problems).length).toBeLessThan(20_000);
  });
});

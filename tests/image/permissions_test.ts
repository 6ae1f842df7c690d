// The agent's unit gives Deno exactly what it needs. This runs a hostile script
// with the unit's own flags: it must not start a program, load native code, read,
// write or connect beyond them.
import { expect, test } from "vitest";
import { REPO_ROOT } from "../../src/cli/root.ts";
import { run } from "../lib/command.ts";

const UNIT = `${REPO_ROOT}/image/units/gatehouse-agent.service`;

/** What the script tries; each prints what stops it, or "done". */
const ATTEMPTS = {
  run: `await new Deno.Command("/bin/true").output()`,
  ffi: `Deno.dlopen("libc.so.6", {})`,
  "read a file": `await Deno.readTextFile("/etc/passwd")`,
  "read its own program": `await Deno.readFile(Deno.execPath())`,
  "write a file": `await Deno.writeTextFile("/tmp/gatehouse-hostile", "x")`,
  "connect to a host": `await Deno.connect({ hostname: "127.0.0.1", port: 1 })`,
  "listen on TCP": `Deno.listen({ hostname: "0.0.0.0", port: 50051 })`,
  "read the signer's store": `await Deno.readFile("/var/lib/gatehouse-state/signer/signer.db")`,
  "read the signer's credential":
    `await Deno.readFile("/run/credentials/gatehouse-signer.service/gatehouse.sealing-key")`,
  "write beside its state": `await Deno.writeTextFile("/var/lib/gatehouse-state/x", "x")`,
  "listen elsewhere on VSOCK": `Deno.listen({ transport: "vsock", cid: -1, port: 50052 })`,
  "connect elsewhere on VSOCK": `await Deno.connect({ transport: "vsock", cid: 2, port: 4318 })`,
  "let others look into it": `(await import("node:inspector")).open(9229, "127.0.0.1")`,
  "connect to another Unix socket":
    `await Deno.connect({ transport: "unix", path: "/run/dbus/system_bus_socket" })`,
  "look up a name": `await Deno.resolveDns("localhost", "A")`,
  "ask for the host's name": `Deno.hostname()`,
  // A literal would be read while the script loads, as a part of it.
  "import from elsewhere": `await import(["file:///etc", "hostname"].join("/"))`,
};

/** The flags of ExecStart, between `run` and the script. */
async function denoFlags(): Promise<string[]> {
  const unit = await Deno.readTextFile(UNIT);
  const command = /^ExecStart=((?:.*\\\n)*.*)$/m.exec(unit)?.[1] ?? "";
  const words = command.replaceAll("\\\n", " ").trim().split(/\s+/);
  return words.slice(words.indexOf("run") + 1, words.findIndex((word) => word.endsWith("agent.js")));
}

test("the unit names no blanket permission", async () => {
  const flags = await denoFlags();
  expect(flags.length).toBeGreaterThan(3);
  for (const flag of flags) {
    expect(flag).not.toMatch(
      /^(-A|--allow-all|--allow-run.*|--allow-ffi.*|--allow-(read|write|net|env|sys|import))$/,
    );
  }
});

test("a hostile script under the agent's flags gets nowhere", async () => {
  const script = await Deno.makeTempFile({ suffix: ".js" });
  const tries = Object.entries(ATTEMPTS).map(([name, code]) =>
    `{ try { ${code}; say("done"); } catch (error) { say(error.message); }
     function say(what) { console.log(${JSON.stringify(name)} + ": " + what.split("\\n")[0]); } }`
  );
  await Deno.writeTextFile(script, tries.join("\n"));
  const { out, err } = await run(Deno.execPath(), ["run", ...await denoFlags(), script], {
    env: { SECRET: "x" },
  });
  await Deno.remove(script);
  const lines = out.trim().split("\n");
  expect(lines, err).toHaveLength(Object.keys(ATTEMPTS).length);
  for (const line of lines) expect(line).toMatch(/: Requires .* access/);
});

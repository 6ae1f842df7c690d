// A VM whose hardware clock was never set: it says so, judges no certificate, and still serves VSOCK.
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Client } from "../../src/cli/client.ts";
import { findProgram } from "../../src/vm/programs.ts";
import { type Ran, tryGatehouse } from "../lib/command.ts";

/** Run alone it builds the image. */
const FIRST_UP_MS = 15 * 60_000;
const DOWN_MS = 60_000;
const QEMU = "qemu-system-x86_64";

let home: string;
let ran: Ran;
const env = () => ({ GATEHOUSE_HOME: home });

beforeAll(async () => {
  home = await Deno.makeTempDir({ prefix: "gatehouse-clock-vm-" });
  const programs = join(home, "programs");
  await Deno.mkdir(programs);
  // QEMU as it is, but for the VM's clock: the battery of its board is empty.
  const qemu = await findProgram(QEMU);
  if (qemu === undefined) {
    throw new Error("QEMU isn't installed yet: vm_test.ts runs before this and has it installed");
  }
  await Deno.writeTextFile(
    join(programs, QEMU),
    `#!/bin/sh\ncase "$*" in *vsock*) set -- "$@" -rtc base=2000-01-01T00:00:00;; esac\nexec ${qemu} "$@"\n`,
    { mode: 0o755 },
  );
  const path = [programs, Deno.env.get("PATH") ?? ""].join(delimiter);
  ran = await tryGatehouse(["up", "--yes", "--name", "clock"], { env: { ...env(), PATH: path } });
}, FIRST_UP_MS);

afterAll(async () => {
  await tryGatehouse(["down", "--name", "clock", "--purge"], { env: env() });
  await Deno.remove(home, { recursive: true });
}, DOWN_MS);

test("up ends with the refusal that a caller by certificate gets", () => {
  expect([ran.code, ran.err]).toEqual([
    1,
    expect.stringMatching(/certificate has expired, or isn't valid yet/),
  ]);
});

test("status and health say that the time isn't known, and the rest is well", async () => {
  const { out } = await tryGatehouse(["status", "--name", "clock"], { env: env() });
  expect(out).toMatch(/^clock .*NOT KNOWN/m);
  expect(out).toMatch(/not judged, the clock isn't known/);
  const { addresses } = JSON.parse(
    (await tryGatehouse(["status", "--name", "clock", "--json"], { env: env() })).out,
  ) as { addresses: { vsock: string } };
  const client = new Client(addresses.vsock, { timeoutMs: 30_000 });
  try {
    expect(await client.health("gatehouse.clock")).toBe("NOT_SERVING");
    expect(await client.health()).toBe("SERVING");
    expect((await client.echo("alive")).payload).toBe("alive");
  } finally {
    client.close();
  }
}, DOWN_MS);

// SIGKILL to the VM's QEMU at random moments while keys are made, rotated and destroyed over VSOCK. What was done is
// kept after every kill, so that a run that was stopped goes on. Must never touch a VM but its own.
import { join } from "node:path";
import { note, print, reportFailure } from "../../src/cli/output.ts";
import { CACHE_DIR } from "../../src/cli/root.ts";
import { tryGatehouse } from "../lib/command.ts";
import { bootAndCheck, changeAndKill, type VmOfKeys } from "./kept_in_vm.ts";
import { Lane } from "./kept_keys.ts";
import { wholeOptions } from "./options.ts";

const USAGE = `usage: deno run -A tests/faults/kill_vm.ts [--kills 20] [--fresh]
  --kills N    in all, with those of runs before
  --fresh      forget what runs before did`;

/** At most this long are keys changed before a kill, milliseconds: some 50 changes under software emulation. */
const MOST_MS = 8_000;
const LANES = ["a-", "b-", "c-"];
const DIR = join(CACHE_DIR, "faults");
const KEPT = join(DIR, "kill-vm.json");
const VM: VmOfKeys = { name: "kills", home: join(DIR, "vms") };

interface Kept {
  readonly kills: number;
  readonly lanes: readonly Lane[];
}

async function kept(fresh: boolean): Promise<Kept> {
  const text = fresh ? undefined : await Deno.readTextFile(KEPT).catch(() => undefined);
  if (text === undefined) {
    await purge();
    return { kills: 0, lanes: LANES.map((prefix) => new Lane(prefix, Math.random)) };
  }
  const { kills, lanes } = JSON.parse(text) as { kills: number; lanes: object[] };
  note(`going on after ${kills} kills; --fresh begins anew`);
  return { kills, lanes: lanes.map((lane) => Lane.from(lane, Math.random)) };
}

async function purge(): Promise<void> {
  await tryGatehouse(["down", "--name", VM.name, "--purge"], { env: { GATEHOUSE_HOME: VM.home } });
  await Deno.remove(KEPT).catch(() => {});
}

async function main(): Promise<void> {
  const { kills: most, fresh } = wholeOptions(Deno.args, { kills: 20 }, ["fresh"], USAGE);
  await Deno.mkdir(VM.home, { recursive: true, mode: 0o700 });
  const { kills, lanes } = await kept(fresh === 1);
  note("booting the VM; its image is built first where that is needed");
  let up = await bootAndCheck(VM, lanes);
  const sum = (what: "acknowledged" | "unanswered" | "keys") =>
    lanes.reduce((all, lane) => all + lane[what], 0);
  for (let kill = kills + 1; kill <= most; kill++) {
    const started = performance.now();
    await changeAndKill(VM, lanes, up, Math.random() * MOST_MS);
    // What was acknowledged is known before anything is looked at: the next run looks if this one is stopped.
    await Deno.writeTextFile(KEPT, JSON.stringify({ kills: kill, lanes }));
    up = await bootAndCheck(VM, lanes);
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    note(
      `kill ${kill} of ${most}, ${seconds} s: ${sum("acknowledged")} changes acknowledged so far, all there`,
    );
  }
  await purge();
  print(
    `${most} kills of the VM: ${sum("acknowledged")} acknowledged changes of ${sum("keys")} keys there, ` +
      `${sum("unanswered")} that were not answered whole, none half`,
  );
}

try {
  await main();
} catch (error) {
  reportFailure(error, false);
  Deno.exit(1);
}
